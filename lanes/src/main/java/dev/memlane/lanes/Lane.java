package dev.memlane.lanes;

import java.time.Duration;
import java.util.List;

/**
 * What a lane allows. Whatever is set here is what applies.
 *
 * <pre>{@code
 * Lane.of("reports").priority(5).concurrency(2).startsPerMinute(30)
 * }</pre>
 *
 * @param name what tasks are submitted to
 * @param priority whose tasks go first when there are more than may run; higher is sooner
 * @param concurrency the most tasks of this lane that run at the same time, within what the executor allows for all; at least 1
 * @param reserved how many of all places are kept for this lane; from 0 to its concurrency
 * @param queueBound how many tasks may wait, those for their next attempt included, for another to be taken; at least 1
 * @param timeout how long an attempt may run
 * @param attempts how often a task is run at most that says it is idempotent; at least 1
 * @param firstPause how long before the second attempt; twice as long each time, up to a minute (or this, if it is longer), less up
 * to half at random
 * @param startsPerMinute the most starts in any minute; 0 for no limit
 */
public record Lane(String name, int priority, int concurrency, int reserved, int queueBound, Duration timeout,
    int attempts, Duration firstPause, int startsPerMinute) {

  /** @throws IllegalArgumentException if a number is out of its range; the message says which */
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
    require(name, timeout.isPositive(), "timeout is " + timeout + "; it must be longer than nothing");
    require(name, firstPause.isPositive(), "firstPause is " + firstPause + "; it must be longer than nothing");
  }

  private static void require(String name, boolean condition, String what) {
    if (!condition) {
      throw new IllegalArgumentException("lane " + name + ": " + what);
    }
  }

  /** Priority 0, 4 at a time, none reserved, 10,000 waiting, a minute for an attempt, 3 attempts from 100 ms on. */
  public static Lane of(String name) {
    return new Lane(name, 0, 4, 0, 10_000, Duration.ofMinutes(1), 3, Duration.ofMillis(100), 0);
  }

  /** The lanes that there are unless others are named: control, query, execute, generate. */
  public static List<Lane> defaults() {
    return List.of(of("control").priority(30).concurrency(4).reserved(2),
        of("query").priority(20).concurrency(12).reserved(2), of("execute").priority(10).concurrency(4).reserved(1),
        of("generate").concurrency(2).startsPerMinute(60).timeout(Duration.ofMinutes(10)));
  }

  /** Whose tasks go first; higher is sooner. */
  public Lane priority(int priority) {
    return new Lane(name, priority, concurrency, reserved, queueBound, timeout, attempts, firstPause, startsPerMinute);
  }

  /** The most tasks that run at the same time. */
  public Lane concurrency(int concurrency) {
    return new Lane(name, priority, concurrency, reserved, queueBound, timeout, attempts, firstPause, startsPerMinute);
  }

  /** How many places are kept for it. */
  public Lane reserved(int reserved) {
    return new Lane(name, priority, concurrency, reserved, queueBound, timeout, attempts, firstPause, startsPerMinute);
  }

  /** How many tasks may wait. */
  public Lane queueBound(int queueBound) {
    return new Lane(name, priority, concurrency, reserved, queueBound, timeout, attempts, firstPause, startsPerMinute);
  }

  /** How long an attempt may run. */
  public Lane timeout(Duration timeout) {
    return new Lane(name, priority, concurrency, reserved, queueBound, timeout, attempts, firstPause, startsPerMinute);
  }

  /** How often an idempotent task is run at most. */
  public Lane attempts(int attempts) {
    return new Lane(name, priority, concurrency, reserved, queueBound, timeout, attempts, firstPause, startsPerMinute);
  }

  /** How long before the second attempt. */
  public Lane firstPause(Duration firstPause) {
    return new Lane(name, priority, concurrency, reserved, queueBound, timeout, attempts, firstPause, startsPerMinute);
  }

  /** The most starts in any minute; 0 for no limit. */
  public Lane startsPerMinute(int startsPerMinute) {
    return new Lane(name, priority, concurrency, reserved, queueBound, timeout, attempts, firstPause, startsPerMinute);
  }
}
