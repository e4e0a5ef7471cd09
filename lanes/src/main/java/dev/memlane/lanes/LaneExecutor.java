package dev.memlane.lanes;

import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Runs tasks in lanes.
 *
 * <pre>{@code
 * try (LaneExecutor executor = LaneExecutor.builder().build()) {
 *   CompletableFuture<String> answer = executor.submit("query", Task.of(() -> find("oboe")).idempotent(true)).future();
 * }
 * }</pre>
 *
 * <p>
 * <b>Turns.</b> A free place and a waiting task meet at once: nothing polls. A place is free for a lane that runs fewer tasks
 * than its concurrency, while all lanes together run fewer than the executor's bound, less what is reserved for others and not
 * in use. Of the tasks that could start, which are each lane's oldest and the one with its nearest deadline, the one with the
 * highest priority does: its lane's, a point more for each second that it has waited, so that a low lane is never starved, and
 * up to a hundred more in the last ten seconds before its deadline. A lane's limit of starts is used up by starts only, never
 * by time in which it is idle.
 *
 * <p>
 * <b>Ends.</b> Whatever a task throws, its place is given back. A task that runs longer than its lane allows is interrupted,
 * and gives its place back then, even if it goes on; so does one that is cancelled. A task that says that it is idempotent is
 * tried again after a pause, in which it counts as pending. What fails for good is kept among the dead letters, whole.
 *
 * <p>
 * <b>Threads.</b> Safe for use by several threads. Each attempt runs on a virtual thread of its own, which then completes the
 * task's future. No method waits, but for {@link #shutdown} and {@link #close}.
 *
 * <p>
 * <b>Invariants</b>, whenever {@link #lock} is free:
 * <ol>
 * <li>A job that isn't done is in exactly one place: its lane's queue ({@code QUEUED}), a running attempt ({@code RUNNING}),
 * or the scheduler ({@code RETRYING}); and it is in {@link #pending}.
 * <li>{@link #running} is the sum of the lanes' {@code running}, which count jobs in state {@code RUNNING} and nothing else:
 * whoever takes a job out of that state gives its place back, once, and calls {@link #dispatch} afterwards.
 * <li>The places that are free are at least as many as are reserved for lanes and not in use.
 * <li>{@link #telling} counts the jobs that are done and whose callers are still being told, each until {@link #told}.
 * </ol>
 * Events are handed to subscriptions under the lock, which never wait, so they are in order; nothing foreign (tasks,
 * futures, hooks) is called while it is held.
 */
public final class LaneExecutor implements AutoCloseable {

  private static final Duration GRACE = Duration.ofSeconds(10);
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(1);
  private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE / 4);
  private static final int MOST_DOUBLINGS = 20;

  // Fixed
  private final String prefix;
  private final int concurrency;
  private final int mostDeadLetters;
  private final Map<String, LaneState> lanes = new LinkedHashMap<>();
  private final ScheduledExecutorService scheduler;
  private final boolean ownsScheduler;
  private final LongSupplier nanoTime;
  private final InstantSource clock;
  private final Consumer<DeadLetter> onDeadLetter;
  /** Who starts a task is often another one's thread, whose inheritable thread locals are none of its business. */
  private final ThreadFactory threads = Thread.ofVirtual().name("memlane-lane-", 0)
      .inheritInheritableThreadLocals(false).factory();
  private final List<Subscription> subscriptions = new CopyOnWriteArrayList<>();

  // Guarded by the lock
  private final Object lock = new Object();
  private final Set<Job<?>> pending = new LinkedHashSet<>();
  private final Deque<DeadLetter> deadLetters = new ArrayDeque<>();
  private final List<CompletableFuture<@Nullable Void>> drains = new ArrayList<>();
  private long sequence;
  private int running;
  /** How many jobs are done whose callers are still to be told. */
  private int telling;
  private boolean shutDown;
  /** Nothing is started any more. */
  private boolean stopped;
  private @Nullable ScheduledFuture<?> rateAlarm;
  private long rateAlarmAt = Long.MAX_VALUE;

  private LaneExecutor(Builder builder) {
    this.prefix = Integer.toString(new SecureRandom().nextInt(36 * 36 * 36 * 36), 36) + "-";
    this.concurrency = builder.concurrency;
    this.mostDeadLetters = builder.mostDeadLetters;
    this.nanoTime = builder.nanoTime;
    this.clock = builder.clock;
    this.onDeadLetter = builder.onDeadLetter;
    int reserved = 0;
    for (Lane lane : builder.lanes.isEmpty() ? Lane.defaults() : builder.lanes) {
      if (lanes.put(lane.name(), new LaneState(lane)) != null) {
        throw new IllegalArgumentException("two lanes are called " + lane.name());
      }
      reserved += lane.reserved();
    }
    if (reserved > concurrency) {
      throw new IllegalArgumentException("the lanes reserve " + reserved + " places, and there are " + concurrency
          + "; reserve fewer, or raise the executor's concurrency");
    }
    for (LaneState lane : lanes.values()) {
      if (reserved == concurrency && lane.lane.reserved() == 0) {
        throw new IllegalArgumentException("lane " + lane.lane.name() + " could never run anything: all " + concurrency
            + " places are reserved for others; reserve fewer, or raise the executor's concurrency");
      }
    }
    this.ownsScheduler = builder.scheduler == null;
    this.scheduler = builder.scheduler == null ? newScheduler() : builder.scheduler;
  }

  private static ScheduledExecutorService newScheduler() {
    ScheduledThreadPoolExecutor scheduler = new ScheduledThreadPoolExecutor(1,
        Thread.ofPlatform().daemon().name("memlane-lanes-alarms").factory());
    scheduler.setRemoveOnCancelPolicy(true);
    return scheduler;
  }

  public static Builder builder() {
    return new Builder();
  }

  // Submitting

  /**
   * Submits a task.
   *
   * @return its job; if it isn't taken, because its lane is full or the executor shut down, the job's future has failed with
   * a {@link LaneException}
   * @throws IllegalArgumentException if there is no such lane
   */
  public <T extends @Nullable Object> Job<T> submit(String lane, Task<T> task) {
    return submitAll(lane, List.of(task)).jobs().getFirst();
  }

  /**
   * Submits tasks together. Those that find no room in the queue are refused alone.
   *
   * @return the jobs, in the order of the tasks
   * @throws IllegalArgumentException if there is no such lane
   */
  public <T extends @Nullable Object> Batch<T> submitAll(String lane, List<Task<T>> tasks) {
    LaneState state = lanes.get(lane);
    if (state == null) {
      throw new IllegalArgumentException(
          "there is no lane " + lane + "; there are " + String.join(", ", lanes.keySet()));
    }
    List<Task<T>> given = List.copyOf(tasks);
    List<Job<T>> jobs = new ArrayList<>(given.size());
    List<Runnable> news = new ArrayList<>();
    long now = nanoTime.getAsLong();
    synchronized (lock) {
      for (Task<T> task : given) {
        jobs.add(take(state, task, now, news));
      }
      tellPressure(state);
    }
    for (Job<T> job : jobs) {
      // Its caller may complete the future, or let it time out: then nobody wants the task any more.
      var unused = job.future().whenComplete((result, failure) -> cancelled(job));
    }
    news.forEach(Runnable::run);
    dispatch();
    return new Batch<>(jobs);
  }

  /** Needs the lock. */
  private <T extends @Nullable Object> Job<T> take(LaneState lane, Task<T> task, long now, List<Runnable> news) {
    Duration within = task.within();
    long deadline = within == null ? Long.MAX_VALUE : now + nanos(within);
    Job<T> job = new Job<>(prefix + ++sequence, sequence, task, lane, now, deadline, this::cancelled);
    if (shutDown || lane.isFull()) {
      lane.refused++;
      job.state = Job.State.DONE;
      job.refused = true;
      boolean full = !shutDown;
      news.add(() -> job.future().completeExceptionally(full ? fullException(lane) : shutDownException()));
      return job;
    }
    lane.submitted++;
    lane.add(job);
    pending.add(job);
    if (within != null) {
      job.deadlineAlarm = after(deadline - now,
          () -> expire(job, "its deadline, " + within + " after its submission, passed"));
    }
    tell(new LaneEvent.Submitted(job.lane(), job.id(), task.name()));
    return job;
  }

  private static LaneException fullException(LaneState lane) {
    return new LaneException.Full("lane " + lane.lane.name() + " has " + lane.lane.queueBound()
        + " tasks waiting, and takes no more; try again later");
  }

  private static LaneException shutDownException() {
    return new LaneException.ShutDown("the executor has been shut down, and takes no more tasks");
  }

  // Running

  private void dispatch() {
    List<Thread> starting = new ArrayList<>();
    synchronized (lock) {
      long now = nanoTime.getAsLong();
      for (Job<?> job = next(now); job != null; job = next(now)) {
        starting.add(begin(job, now));
      }
    }
    starting.forEach(Thread::start);
  }

  /** The task whose turn it is, if there is a place for one. */
  private @Nullable Job<?> next(long now) {
    if (stopped) {
      return null;
    }
    int owed = 0;
    for (LaneState lane : lanes.values()) {
      owed += lane.owed();
    }
    Job<?> best = null;
    double highest = 0;
    for (LaneState lane : lanes.values()) {
      boolean free = concurrency - running > owed - lane.owed();
      Job<?> candidate = free && lane.running < lane.lane.concurrency() ? lane.candidate(now) : null;
      if (candidate == null || !mayStart(lane, now)) {
        continue;
      }
      double priority = lane.priority(candidate, now);
      if (best == null || priority > highest) {
        best = candidate;
        highest = priority;
      }
    }
    return best;
  }

  private boolean mayStart(LaneState lane, long now) {
    long at = lane.rate.readyAt(now);
    if (at <= now) {
      return true;
    }
    if (at < rateAlarmAt) {
      cancel(rateAlarm);
      rateAlarmAt = at;
      rateAlarm = after(at - now, this::rateIsFree);
    }
    return false;
  }

  private void rateIsFree() {
    synchronized (lock) {
      rateAlarm = null;
      rateAlarmAt = Long.MAX_VALUE;
    }
    dispatch();
  }

  /** Needs the lock; what it returns is to be started without. */
  private <T extends @Nullable Object> Thread begin(Job<T> job, long now) {
    LaneState lane = job.lane;
    lane.started(job, now);
    running++;
    job.state = Job.State.RUNNING;
    job.attempt++;
    job.startedAt = now;
    int attempt = job.attempt;
    Thread thread = threads.newThread(() -> run(job, attempt));
    job.thread = thread;
    Duration timeout = lane.lane.timeout();
    job.alarm = after(nanos(timeout), () -> expire(job, attempt, "it ran longer than the " + timeout
        + " that its lane allows"));
    tell(new LaneEvent.Started(job.lane(), job.id(), job.task().name(), attempt, Duration.ofNanos(now - job.queuedAt)));
    tellPressure(lane);
    return thread;
  }

  private <T extends @Nullable Object> void run(Job<T> job, int attempt) {
    synchronized (lock) {
      if (!isRunning(job, attempt)) {
        // It was ended before its thread began.
        return;
      }
    }
    T result;
    try {
      result = job.task().work().call();
    } catch (Throwable e) {
      // Whatever it is, its place is given back and its caller told.
      attemptFailed(job, attempt, e);
      return;
    }
    synchronized (lock) {
      if (!isRunning(job, attempt)) {
        return;
      }
      long now = nanoTime.getAsLong();
      giveBack(job, now);
      done(job);
      job.lane.completed++;
      tell(new LaneEvent.Completed(job.lane(), job.id(), job.task().name(), Duration.ofNanos(now - job.startedAt)));
    }
    // What the task may have left behind is not for those who go on from its result.
    boolean unused = Thread.interrupted();
    try {
      dispatch();
    } finally {
      job.future().complete(result);
      told();
    }
  }

  private static boolean isRunning(Job<?> job, int attempt) {
    return job.state == Job.State.RUNNING && job.attempt == attempt;
  }

  /** Needs the lock, and a job that is running. */
  private void giveBack(Job<?> job, long now) {
    running--;
    job.lane.ended(job, now);
    cancel(job.alarm);
    job.alarm = null;
    job.thread = null;
  }

  /** Needs the lock; {@link #told} is to be called when its caller has been told. */
  private void done(Job<?> job) {
    job.state = Job.State.DONE;
    pending.remove(job);
    telling++;
    cancel(job.deadlineAlarm);
    cancel(job.alarm);
  }

  private void attemptFailed(Job<?> job, int attempt, Throwable failure) {
    Thread thread;
    synchronized (lock) {
      if (!isRunning(job, attempt)) {
        return;
      }
      thread = job.thread;
      if (mayRetry(job) && retryLater(job, failure)) {
        failure = null;
      }
    }
    if (failure == null) {
      interrupt(thread);
      dispatch();
    } else {
      end(job, failure, false);
    }
  }

  /** Needs the lock. */
  private boolean mayRetry(Job<?> job) {
    return job.task().idempotent() && job.attempt < job.lane.lane.attempts() && !stopped;
  }

  /** Needs the lock, and a job that is running. Returns false if there is nobody to wake it up. */
  private boolean retryLater(Job<?> job, Throwable failure) {
    Duration pause = pause(job);
    ScheduledFuture<?> alarm = after(nanos(pause), () -> again(job));
    if (alarm == null) {
      return false;
    }
    giveBack(job, nanoTime.getAsLong());
    job.failures.add(failure);
    job.state = Job.State.RETRYING;
    job.alarm = alarm;
    job.lane.retrying++;
    job.lane.retries++;
    tell(new LaneEvent.Retried(job.lane(), job.id(), job.task().name(), job.attempt, failure, pause));
    return true;
  }

  private static void interrupt(@Nullable Thread thread) {
    if (thread != null && !thread.equals(Thread.currentThread())) {
      thread.interrupt();
    }
  }

  private static Duration pause(Job<?> job) {
    Duration first = job.lane.lane.firstPause();
    Duration longest = LONGEST_PAUSE;
    if (first.compareTo(LONGEST_PAUSE) < 0) {
      Duration doubled = first.multipliedBy(1L << Math.min(MOST_DOUBLINGS, job.attempt - 1));
      longest = doubled.compareTo(LONGEST_PAUSE) < 0 ? doubled : LONGEST_PAUSE;
    }
    return longest.minusNanos(ThreadLocalRandom.current().nextLong(longest.toNanos() / 2 + 1));
  }

  private void again(Job<?> job) {
    synchronized (lock) {
      if (job.state != Job.State.RETRYING) {
        return;
      }
      job.lane.retrying--;
      job.state = Job.State.QUEUED;
      job.queuedAt = nanoTime.getAsLong();
      job.lane.add(job);
      tellPressure(job.lane);
    }
    dispatch();
  }

  /** An attempt has taken too long: it is interrupted, and tried again if it may be. */
  private void expire(Job<?> job, int attempt, String why) {
    attemptFailed(job, attempt, timedOut(job, why));
  }

  /** The whole task has taken too long. */
  private void expire(Job<?> job, String why) {
    end(job, timedOut(job, why), false);
  }

  /** Its caller doesn't want its result any more, if it has none yet. */
  private void cancelled(Job<?> job) {
    synchronized (lock) {
      if (job.state == Job.State.DONE) {
        return;
      }
    }
    end(job, new CancellationException(job + " was cancelled"), true);
  }

  private LaneException.TimedOut timedOut(Job<?> job, String why) {
    Throwable last;
    synchronized (lock) {
      last = job.failures.isEmpty() ? null : job.failures.getLast();
    }
    return new LaneException.TimedOut(job.task().name() + " (" + job.id() + " in lane " + job.lane() + "): " + why,
        last);
  }

  /**
   * Ends a job that isn't done, whatever it is doing.
   *
   * @param cancelled whether its caller has ended it, who needs not be told
   */
  private void end(Job<?> job, Throwable failure, boolean cancelled) {
    Thread thread;
    DeadLetter letter;
    synchronized (lock) {
      if (job.state == Job.State.DONE) {
        return;
      }
      thread = job.thread;
      switch (job.state) {
        case QUEUED -> job.lane.remove(job);
        case RUNNING -> giveBack(job, nanoTime.getAsLong());
        case RETRYING -> job.lane.retrying--;
        case DONE -> throw new IllegalStateException(job + " has ended twice");
      }
      done(job);
      job.failures.add(failure);
      letter = account(job, failure, cancelled);
      tellPressure(job.lane);
    }
    interrupt(thread);
    try {
      dispatch();
    } finally {
      if (!cancelled) {
        job.future().completeExceptionally(failure);
      }
      if (letter != null) {
        tellHook(letter);
      }
      told();
    }
  }

  /** Needs the lock. Returns the dead letter that it has become, if it has. */
  private @Nullable DeadLetter account(Job<?> job, Throwable failure, boolean cancelled) {
    String lane = job.lane();
    String task = job.task().name();
    if (cancelled) {
      job.lane.cancelled++;
      tell(new LaneEvent.Cancelled(lane, job.id(), task));
      return null;
    }
    job.lane.failed++;
    tell(failure instanceof LaneException.TimedOut
        ? new LaneEvent.TimedOut(lane, job.id(), task, failure)
        : new LaneEvent.Failed(lane, job.id(), task, failure));
    if (failure instanceof LaneException.ShutDown) {
      return null;
    }
    DeadLetter letter = new DeadLetter(job.id(), lane, job.task(), job.failures, clock.instant());
    deadLetters.addLast(letter);
    if (deadLetters.size() > mostDeadLetters) {
      deadLetters.removeFirst();
    }
    tell(new LaneEvent.DeadLettered(lane, job.id(), task));
    return letter;
  }

  private void tellHook(DeadLetter letter) {
    try {
      onDeadLetter.accept(letter);
    } catch (Throwable e) {
      // The hook's fault, whatever it is, must not keep those waiting who drain.
      Thread self = Thread.currentThread();
      self.getUncaughtExceptionHandler().uncaughtException(self, e);
    }
  }

  // Dead letters

  /** The tasks that have failed for good, oldest first; the newest of them, if they were many. */
  public List<DeadLetter> deadLetters() {
    synchronized (lock) {
      return List.copyOf(deadLetters);
    }
  }

  /**
   * Submits a dead letter's task again, to the same lane, and takes it from the dead letters unless it is refused.
   *
   * @return the new job; empty if there is no dead letter of this id
   */
  public Optional<Job<?>> replay(String id) {
    DeadLetter letter = takeDeadLetter(id);
    if (letter == null) {
      return Optional.empty();
    }
    Job<?> job = submit(letter.lane(), letter.task());
    synchronized (lock) {
      if (job.refused) {
        deadLetters.addLast(letter);
      }
    }
    return Optional.of(job);
  }

  /** Forgets a dead letter; returns whether there was one of this id. */
  public boolean drop(String id) {
    return takeDeadLetter(id) != null;
  }

  private @Nullable DeadLetter takeDeadLetter(String id) {
    synchronized (lock) {
      DeadLetter letter = deadLetters.stream().filter(one -> one.id().equals(id)).findFirst().orElse(null);
      deadLetters.remove(letter);
      return letter;
    }
  }

  // Looking at it

  /**
   * Tells a listener of the events that pass a filter, in their order, on a thread of its own.
   *
   * @return ends it when it is closed
   */
  public Subscription subscribe(Predicate<LaneEvent> filter, Consumer<LaneEvent> listener) {
    Subscription subscription = new Subscription(filter, listener, subscriptions::remove);
    subscriptions.add(subscription);
    subscription.start();
    return subscription;
  }

  /** Each lane, in the order given, at one moment. */
  public List<LaneStats> stats() {
    synchronized (lock) {
      return lanes.values().stream().map(LaneState::stats).toList();
    }
  }

  /** Needs the lock, so that events are in order. */
  private void tell(LaneEvent event) {
    subscriptions.forEach(subscription -> subscription.offer(event));
  }

  private void tellPressure(LaneState lane) {
    LaneEvent.Pressure change = lane.pressure();
    if (change != null) {
      tell(change);
    }
  }

  /** A job's caller has been told; who tells the last one tells that the executor is idle. */
  private void told() {
    List<CompletableFuture<@Nullable Void>> waiting;
    synchronized (lock) {
      telling--;
      if (!isIdle()) {
        return;
      }
      tell(new LaneEvent.Idle(null));
      waiting = List.copyOf(drains);
      drains.clear();
    }
    waiting.forEach(drain -> drain.complete(null));
  }

  private boolean isIdle() {
    return pending.isEmpty() && telling == 0;
  }

  // Ending

  /**
   * When nothing is queued, running, or waiting for its next attempt, and all callers have been told; tasks may be submitted
   * meanwhile, and are waited for as well. What goes on from a task's future must not wait for it: it would wait for itself.
   */
  public CompletableFuture<@Nullable Void> drain() {
    CompletableFuture<@Nullable Void> drain = new CompletableFuture<>();
    synchronized (lock) {
      if (!isIdle()) {
        drains.add(drain);
        return drain;
      }
    }
    drain.complete(null);
    return drain;
  }

  /**
   * Takes no more tasks, and waits for those that there are; what isn't done after the grace is interrupted, and its callers
   * are told by a {@link LaneException.ShutDown}.
   *
   * @return whether everything was done in time
   */
  public boolean shutdown(Duration grace) {
    synchronized (lock) {
      if (!shutDown) {
        shutDown = true;
        tell(new LaneEvent.ShutDown(null));
      }
    }
    boolean drained = isDrainedWithin(grace);
    List<Job<?>> left;
    synchronized (lock) {
      stopped = true;
      left = List.copyOf(pending);
    }
    for (Job<?> job : left) {
      end(job, new LaneException.ShutDown(job.task().name() + " (" + job.id() + " in lane " + job.lane()
          + ") was not done when the executor was shut down"), false);
    }
    return drained;
  }

  private boolean isDrainedWithin(Duration grace) {
    try {
      drain().get(nanos(grace), TimeUnit.NANOSECONDS);
      return true;
    } catch (TimeoutException e) {
      // That is what the grace is for.
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } catch (ExecutionException e) {
      throw new IllegalStateException("draining never fails", e);
    }
  }

  /** {@linkplain #shutdown Shuts down} with a grace of ten seconds, and ends the subscriptions after what is on its way. */
  @Override
  public void close() {
    shutdown(GRACE);
    subscriptions.forEach(Subscription::finish);
    if (ownsScheduler) {
      scheduler.shutdownNow();
    }
  }

  /** Returns null if the scheduler takes nothing any more: then there are no time-outs, and no further attempts. */
  private @Nullable ScheduledFuture<?> after(long nanos, Runnable task) {
    try {
      return scheduler.schedule(() -> threads.newThread(task).start(), nanos, TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      // Its owner has shut it down; what runs may end, and what waits still gets its turn.
      return null;
    }
  }

  /** For ever, if it doesn't fit. */
  private static long nanos(Duration duration) {
    return duration.compareTo(LONGEST) < 0 ? duration.toNanos() : LONGEST.toNanos();
  }

  private static void cancel(@Nullable ScheduledFuture<?> alarm) {
    if (alarm != null) {
      alarm.cancel(false);
    }
  }

  @Override
  public String toString() {
    return "LaneExecutor" + stats();
  }

  /** Collects the lanes and settings. Not safe for use by several threads. */
  public static final class Builder {

    private final List<Lane> lanes = new ArrayList<>();
    private int concurrency = 16;
    private int mostDeadLetters = 1_000;
    private Consumer<DeadLetter> onDeadLetter = letter -> {};
    private @Nullable ScheduledExecutorService scheduler;
    private LongSupplier nanoTime = System::nanoTime;
    private InstantSource clock = InstantSource.system();

    private Builder() {}

    /** Adds a lane; {@link Lane#defaults} are used if none is added. */
    public Builder lane(Lane lane) {
      lanes.add(lane);
      return this;
    }

    /** How many tasks of all lanes run at the same time at most; 16 unless set. */
    public Builder concurrency(int concurrency) {
      if (concurrency < 1) {
        throw new IllegalArgumentException("concurrency is " + concurrency + "; it must be at least 1");
      }
      this.concurrency = concurrency;
      return this;
    }

    /** How many dead letters are kept here, the newest; 1,000 unless set, 0 for none. */
    public Builder mostDeadLetters(int mostDeadLetters) {
      if (mostDeadLetters < 0) {
        throw new IllegalArgumentException("mostDeadLetters is " + mostDeadLetters + "; it must be at least 0");
      }
      this.mostDeadLetters = mostDeadLetters;
      return this;
    }

    /** Is told of each dead letter, such as to store it. */
    public Builder onDeadLetter(Consumer<DeadLetter> onDeadLetter) {
      this.onDeadLetter = onDeadLetter;
      return this;
    }

    /**
     * What keeps the time; stays the caller's to shut down, after this. It should forget what is called off at once
     * ({@link ScheduledThreadPoolExecutor#setRemoveOnCancelPolicy}): nearly every alarm is. A daemon thread of its own unless
     * set.
     */
    public Builder scheduler(ScheduledExecutorService scheduler) {
      this.scheduler = scheduler;
      return this;
    }

    /** What time it is, in nanoseconds from any origin; the system's unless set. */
    public Builder nanoTime(LongSupplier nanoTime) {
      this.nanoTime = nanoTime;
      return this;
    }

    /** What time it is, for what is told to people. */
    public Builder clock(InstantSource clock) {
      this.clock = clock;
      return this;
    }

    /** @throws IllegalArgumentException if two lanes have one name, or reserve more places than there are */
    public LaneExecutor build() {
      return new LaneExecutor(this);
    }
  }
}
