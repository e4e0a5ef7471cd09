package dev.memlane.lanes;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A collector of the lanes and settings of a {@link LaneExecutor}. Not safe for use by several threads. */
public final class LaneExecutorBuilder {

  private static final int CONCURRENCY = 16;

  private final List<Lane> lanes = new ArrayList<>();
  private boolean defaultLanes;
  /** 0 unless set. */
  private int concurrency;
  int mostDeadLetters = 1_000;
  Consumer<DeadLetter> onDeadLetter = letter -> {};
  @Nullable
  ScheduledExecutorService scheduler;
  LongSupplier nanoTime = System::nanoTime;
  InstantSource clock = InstantSource.system();
  Consumer<JobRun> starter = JobRun::start;

  LaneExecutorBuilder() {}

  /** Adds a lane. It replaces {@link Lane#defaults}, unless {@link #defaultLanes} is called. */
  public LaneExecutorBuilder lane(Lane lane) {
    lanes.add(lane);
    return this;
  }

  /** Adds {@link Lane#defaults}, except those whose name is added by {@link #lane}. */
  public LaneExecutorBuilder defaultLanes() {
    defaultLanes = true;
    return this;
  }

  /**
   * Sets how many tasks of all lanes run at the same time at most. Unless set, it is 16, or as many as are needed for
   * each lane to run what it allows while the other lanes use no more than their reserved permits.
   */
  public LaneExecutorBuilder concurrency(int concurrency) {
    if (concurrency < 1) {
      throw new IllegalArgumentException("concurrency is " + concurrency + "; it must be at least 1");
    }
    this.concurrency = concurrency;
    return this;
  }

  /** Sets how many dead letters the executor keeps, the newest; 1,000 unless set, 0 for none. */
  public LaneExecutorBuilder mostDeadLetters(int mostDeadLetters) {
    if (mostDeadLetters < 0) {
      throw new IllegalArgumentException("mostDeadLetters is " + mostDeadLetters + "; it must be at least 0");
    }
    this.mostDeadLetters = mostDeadLetters;
    return this;
  }

  /**
   * Sets a hook that is called with each dead letter, for example to store it, on the thread that has notified the
   * submitter. It may wait, and a drain waits for it. What it throws goes to the thread's handler of uncaught
   * exceptions.
   */
  public LaneExecutorBuilder onDeadLetter(Consumer<DeadLetter> onDeadLetter) {
    this.onDeadLetter = onDeadLetter;
    return this;
  }

  /**
   * Sets the scheduler of time-outs and retries. The caller shuts it down, after the executor. It should remove
   * cancelled tasks at once ({@link ScheduledThreadPoolExecutor#setRemoveOnCancelPolicy}), because nearly every alarm
   * is cancelled. Unless set, the executor has a daemon thread of its own.
   */
  public LaneExecutorBuilder scheduler(ScheduledExecutorService scheduler) {
    this.scheduler = scheduler;
    return this;
  }

  /** Sets the source of durations, in nanoseconds from any origin; {@link System#nanoTime} unless set. */
  public LaneExecutorBuilder nanoTime(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    return this;
  }

  /** Sets the clock for the times that people see. */
  public LaneExecutorBuilder clock(InstantSource clock) {
    this.clock = clock;
    return this;
  }

  /** Sets what starts runs, so that tests decide when tasks begin. */
  LaneExecutorBuilder starter(Consumer<JobRun> starter) {
    this.starter = starter;
    return this;
  }

  /** @throws IllegalArgumentException if two lanes have the same name, or they reserve more permits than there are */
  public LaneExecutor build() {
    return new LaneExecutor(this);
  }

  PermitAllocator newAllocator() {
    List<Lane> all = allLanes();
    return new PermitAllocator(concurrency == 0 ? enough(all) : concurrency, all, nanoTime.getAsLong());
  }

  private List<Lane> allLanes() {
    if (!defaultLanes && !lanes.isEmpty()) {
      return lanes;
    }
    List<Lane> all = new ArrayList<>(lanes);
    Set<String> named = lanes.stream().map(Lane::name).collect(Collectors.toSet());
    Lane.defaults().stream().filter(lane -> !named.contains(lane.name())).forEach(all::add);
    return all;
  }

  /** As many permits as let each lane run what it allows while it is the only busy one. */
  private static int enough(List<Lane> lanes) {
    long reserved = lanes.stream().mapToLong(Lane::reserved).sum();
    long most = lanes.stream().mapToLong(lane -> lane.concurrency() - lane.reserved() + reserved).max().orElse(0);
    return Math.clamp(most, CONCURRENCY, Integer.MAX_VALUE);
  }
}
