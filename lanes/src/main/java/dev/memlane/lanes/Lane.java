package dev.memlane.lanes;

import java.time.Duration;
import java.util.List;

/**
 * The settings of a lane. Immutable.
 *
 * <pre>{@code
 * Lane.of("reports").priority(5).concurrency(2).startsPerMinute(30)
 * }</pre>
 *
 * @param name the name to which tasks are submitted
 * @param priority which lane's tasks go first when more tasks wait than may run; higher is sooner
 * @param concurrency how many tasks of this lane run at the same time at most, within the executor's bound; at least
 * 1
 * @param reserved how many of the executor's permits are reserved for this lane; from 0 to its concurrency
 * @param queueBound how many tasks may wait, including those that wait for their next attempt; at least 1
 * @param timeout how long an attempt may run
 * @param attempts how many attempts an idempotent task has at most; at least 1
 * @param firstPause the pause before the second attempt. It doubles with each attempt up to a minute (or to this
 * value, if that is longer), less up to half at random
 * @param startsPerMinute how many tasks start in any minute at most; 0 for no limit
 */
public record Lane(String name, int priority, int concurrency, int reserved, int queueBound, Duration timeout,
    int attempts, Duration firstPause, int startsPerMinute) {

  /** @throws IllegalArgumentException if a value is out of its range; the message says which */
  public Lane {
    if (name.isBlank()) {
      throw new IllegalArgumentException("a lane needs a name");
    }
    require(name, concurrency >= 1, "concurrency is " + concurrency + "; it must be at least 1");
    require(name, reserved >= 0 && reserved <= concurrency,
        "reserved is " + reserved + "; it must be from 0 to its concurrency, " + concurrency);
    require(name, queueBound >= 1, "queueBound is " + queueBound + "; it must be at least 1");
    require(name, attempts >= 1, "attempts is " + attempts + "; it must be at least 1");
    require(name, startsPerMinute >= 0, "startsPerMinute is " + startsPerMinute + "; it must be at least 0");
    require(name, timeout.isPositive(), "timeout is " + timeout + "; it must be positive");
    require(name, firstPause.isPositive(), "firstPause is " + firstPause + "; it must be positive");
  }

  private static void require(String name, boolean condition, String what) {
    if (!condition) {
      throw new IllegalArgumentException("lane " + name + ": " + what);
    }
  }

  /**
   * A lane with the default settings: priority 0, concurrency 4, no reserved permits, 10,000 waiting tasks, one
   * minute for an attempt, 3 attempts, a first pause of 100 ms, and no limit of starts.
   */
  public static Lane of(String name) {
    return new Lane(name, 0, 4, 0, 10_000, Duration.ofMinutes(1), 3, Duration.ofMillis(100), 0);
  }

  /** The lanes of an executor that is built without any: control, query, execute, generate. */
  public static List<Lane> defaults() {
    return List.of(of("control").priority(30).concurrency(4).reserved(2),
        of("query").priority(20).concurrency(12).reserved(2), of("execute").priority(10).concurrency(4).reserved(1),
        of("generate").concurrency(2).startsPerMinute(60).timeout(Duration.ofMinutes(10)));
  }

  /** This lane with another priority. */
  public Lane priority(int priority) {
    return new Lane(name, priority, concurrency, reserved, queueBound, timeout, attempts, firstPause, startsPerMinute);
  }

  /** This lane with another concurrency. */
  public Lane concurrency(int concurrency) {
    return new Lane(name, priority, concurrency, reserved, queueBound, timeout, attempts, firstPause, startsPerMinute);
  }

  /** This lane with another number of reserved permits. */
  public Lane reserved(int reserved) {
    return new Lane(name, priority, concurrency, reserved, queueBound, timeout, attempts, firstPause, startsPerMinute);
  }

  /** This lane with another bound of its queue. */
  public Lane queueBound(int queueBound) {
    return new Lane(name, priority, concurrency, reserved, queueBound, timeout, attempts, firstPause, startsPerMinute);
  }

  /** This lane with another limit of an attempt's duration. */
  public Lane timeout(Duration timeout) {
    return new Lane(name, priority, concurrency, reserved, queueBound, timeout, attempts, firstPause, startsPerMinute);
  }

  /** This lane with another number of attempts. */
  public Lane attempts(int attempts) {
    return new Lane(name, priority, concurrency, reserved, queueBound, timeout, attempts, firstPause, startsPerMinute);
  }

  /** This lane with another pause before the second attempt. */
  public Lane firstPause(Duration firstPause) {
    return new Lane(name, priority, concurrency, reserved, queueBound, timeout, attempts, firstPause, startsPerMinute);
  }

  /** This lane with another limit of starts in any minute; 0 for none. */
  public Lane startsPerMinute(int startsPerMinute) {
    return new Lane(name, priority, concurrency, reserved, queueBound, timeout, attempts, firstPause, startsPerMinute);
  }
}
