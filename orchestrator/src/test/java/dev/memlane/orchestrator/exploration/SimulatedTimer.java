package dev.memlane.orchestrator.exploration;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.Delayed;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A process's clock and alarms. Time passes only by {@link #moveTo}. Not safe for use by several threads. */
final class SimulatedTimer extends AbstractExecutorService implements ScheduledExecutorService, InstantSource {

  /** The interval between two polls of the follower. No other alarm is set for exactly this long. */
  static final Duration BETWEEN_POLLS = Duration.ofMillis(499);

  /** An alarm set for this long or longer never rings: no run takes as long. */
  private static final Duration LONGEST = Duration.ofMinutes(1);

  private final List<Alarm> alarms = new ArrayList<>();
  private @Nullable Runnable poll;
  private Instant now = Instant.EPOCH;

  /** A task and when it is due. */
  final class Alarm implements ScheduledFuture<Object> {

    private final Instant time;
    private final Duration delay;
    private final Runnable task;

    private Alarm(Duration delay, Runnable task) {
      this.time = now.plus(delay);
      this.delay = delay;
      this.task = task;
    }

    Instant time() {
      return time;
    }

    /** The delay that it was set with. */
    Duration delay() {
      return delay;
    }

    @Override
    public boolean cancel(boolean mayInterrupt) {
      return alarms.remove(this);
    }

    @Override
    public long getDelay(TimeUnit unit) {
      return unit.convert(Duration.between(now, time));
    }

    @Override
    public int compareTo(Delayed other) {
      return Long.compare(getDelay(TimeUnit.NANOSECONDS), other.getDelay(TimeUnit.NANOSECONDS));
    }

    @Override
    public boolean isCancelled() {
      return !alarms.contains(this);
    }

    @Override
    public boolean isDone() {
      return !alarms.contains(this);
    }

    @Override
    public Object get() {
      throw new UnsupportedOperationException("an alarm has no result to wait for");
    }

    @Override
    public Object get(long timeout, TimeUnit unit) {
      throw new UnsupportedOperationException("an alarm has no result to wait for");
    }
  }

  @Override
  public Instant instant() {
    return now;
  }

  /** The alarm that is due first, or null. */
  @Nullable
  Alarm first() {
    return alarms.isEmpty() ? null : Collections.min(alarms, Comparator.comparing(Alarm::time));
  }

  /** Moves the clock forward, never back, and runs the alarms that are due. */
  void moveTo(Instant time) {
    now = time.isAfter(now) ? time : now;
    List<Alarm> due = alarms.stream().filter(alarm -> !alarm.time.isAfter(now)).toList();
    alarms.removeAll(due);
    due.forEach(alarm -> alarm.task.run());
  }

  /** Whether the follower waits for its next poll. */
  boolean awaitsPoll() {
    return poll != null;
  }

  /** Lets the follower poll. The clock does not move: the follower may have begun to wait at any time. */
  void poll() {
    Runnable next = Objects.requireNonNull(poll);
    poll = null;
    next.run();
  }

  @Override
  public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
    Alarm alarm = new Alarm(Duration.of(delay, unit.toChronoUnit()), task);
    if (alarm.delay.equals(BETWEEN_POLLS)) {
      poll = task;
    } else if (alarm.delay.compareTo(LONGEST) < 0) {
      alarms.add(alarm);
    }
    return alarm;
  }

  @Override
  public <V> ScheduledFuture<V> schedule(Callable<V> task, long delay, TimeUnit unit) {
    throw new UnsupportedOperationException("schedule");
  }

  @Override
  public ScheduledFuture<?> scheduleAtFixedRate(Runnable task, long initialDelay, long period, TimeUnit unit) {
    throw new UnsupportedOperationException("scheduleAtFixedRate");
  }

  @Override
  public ScheduledFuture<?> scheduleWithFixedDelay(Runnable task, long initialDelay, long delay, TimeUnit unit) {
    throw new UnsupportedOperationException("scheduleWithFixedDelay");
  }

  @Override
  public void execute(Runnable task) {
    throw new UnsupportedOperationException("execute");
  }

  @Override
  public void shutdown() {
    alarms.clear();
    poll = null;
  }

  @Override
  public List<Runnable> shutdownNow() {
    shutdown();
    return List.of();
  }

  @Override
  public boolean isShutdown() {
    return false;
  }

  @Override
  public boolean isTerminated() {
    return false;
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) {
    return true;
  }
}
