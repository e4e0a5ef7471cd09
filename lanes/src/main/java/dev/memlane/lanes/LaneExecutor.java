package dev.memlane.lanes;

import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.stream.Collectors;
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
 * <b>Threads.</b> Safe for use by several threads. Each attempt of what is submitted here runs on a virtual thread of its own,
 * which then completes the task's future; after a time-out, a deadline or a shutdown, a thread of the system does that, so that tasks
 * which compute on all processors are ended as well. No method waits, but for {@link #shutdown} and {@link #close}.
 */
public final class LaneExecutor implements AutoCloseable {

  private static final int CONCURRENCY = 16;
  private static final Duration GRACE = Duration.ofSeconds(10);
  private static final long LONGEST_PAUSE = Duration.ofMinutes(1).toNanos();
  private static final int MOST_DOUBLINGS = 20;
  private static final int DEEPEST_CAUSE = 20;
  /** Eight digits. */
  private static final long PREFIXES = 2_821_109_907_456L;

  private final String prefix;
  private final AtomicLong sequence = new AtomicLong();
  private final LongSupplier nanoTime;
  private final InstantSource clock;
  private final Consumer<DeadLetter> onDeadLetter;
  /** Who starts a task is often another one's thread, whose inheritable thread locals are none of its business. */
  private final ThreadFactory threads = Thread.ofVirtual().name("memlane-lane").inheritInheritableThreadLocals(false)
      .factory();
  private final SystemThreads systemThreads = new SystemThreads(threads);
  private final Alarms alarms;
  private final Listeners listeners = new Listeners();
  private final Dispatcher dispatcher;
  private final Outside outside;

  // Guarded by the executor's lock, which is the dispatcher's
  private final PendingJobs pending = new PendingJobs();
  private final DeadLetters deadLetters;
  private final PermitAllocator allocator;

  private LaneExecutor(Builder builder) {
    this.prefix = Long.toString(new SecureRandom().nextLong(PREFIXES), Character.MAX_RADIX) + "-";
    this.nanoTime = builder.nanoTime;
    this.clock = builder.clock;
    this.onDeadLetter = builder.onDeadLetter;
    this.alarms = new Alarms(builder.scheduler);
    this.deadLetters = new DeadLetters(builder.mostDeadLetters);
    List<Lane> lanes = builder.allLanes();
    this.allocator = new PermitAllocator(builder.concurrency == 0 ? enough(lanes) : builder.concurrency, lanes,
        builder.nanoTime.getAsLong());
    this.dispatcher = new Dispatcher(allocator, nanoTime, threads, builder.starter, alarms, listeners, pending,
        this::expire);
    this.outside = new Outside(this, dispatcher);
  }

  /** So many places that each lane may have what it allows while it is the only one. */
  private static int enough(List<Lane> lanes) {
    long reserved = lanes.stream().mapToLong(Lane::reserved).sum();
    long most = lanes.stream().mapToLong(lane -> lane.concurrency() - lane.reserved() + reserved).max().orElse(0);
    return Math.clamp(most, CONCURRENCY, Integer.MAX_VALUE);
  }

  /** Begins with the default lanes and settings. */
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
    Job<T> job = newJob(allocator.lane(lane), task, null);
    dispatcher.add(job);
    tellIfRefused(job);
    return job;
  }

  /**
   * Submits tasks together. Those that find no room in the queue are refused alone.
   *
   * @return the jobs, in the order of the tasks
   * @throws IllegalArgumentException if there is no such lane
   */
  public <T extends @Nullable Object> Batch<T> submitAll(String lane, List<Task<T>> tasks) {
    return submitAll(lane, tasks, null);
  }

  <T extends @Nullable Object> Batch<T> submitAll(String lane, List<Task<T>> tasks, @Nullable Decision decision) {
    LaneState state = allocator.lane(lane);
    List<Job<T>> jobs = new ArrayList<>(tasks.size());
    for (Task<T> task : List.copyOf(tasks)) {
      jobs.add(newJob(state, task, decision));
    }
    dispatcher.addAll(jobs);
    jobs.forEach(LaneExecutor::tellIfRefused);
    return new Batch<>(jobs);
  }

  /**
   * Submits a task, and runs it on this thread if it is its turn at once: then its first attempt is over. An interrupt that was
   * meant for the task ends with it; one that was meant for this thread stays, unless both come at the same time.
   */
  <T extends @Nullable Object> Job<T> runHere(String lane, Task<T> task, Decision decision) {
    Job<T> job = newJob(allocator.lane(lane), task, decision);
    Runner runner = dispatcher.addToRunHere(job);
    if (runner != null) {
      run(job, 1, runner);
      runner.endInterrupt();
    }
    tellIfRefused(job);
    return job;
  }

  private <T extends @Nullable Object> Job<T> newJob(LaneState lane, Task<T> task, @Nullable Decision decision) {
    long now = nanoTime.getAsLong();
    Duration within = task.within();
    long deadline = within == null ? Long.MAX_VALUE : now + Alarms.nanos(within);
    Job<T> job = new Job<>(prefix, sequence.incrementAndGet(), task, lane, deadline, decision, this);
    job.queuedAt = now;
    return job;
  }

  /** Tells the caller of a job that was not taken. */
  private static void tellIfRefused(Job<?> job) {
    if (job.refusal != null) {
      job.fail(job.refusal == Job.Refusal.FULL ? fullException(job.lane) : shutDownException());
    }
  }

  private static LaneException fullException(LaneState lane) {
    return new LaneException.Full("lane " + lane.lane.name() + " has " + lane.lane.queueBound()
        + " tasks waiting, and takes no more; try again later");
  }

  private static LaneException shutDownException() {
    return new LaneException.ShutDown("the executor has been shut down, and takes no more tasks");
  }

  // Running

  /** @throws IllegalArgumentException if there is no such lane */
  void requireLane(String lane) {
    allocator.lane(lane);
  }

  /** @param borrowed the runner, if its thread is its submitter's */
  <T extends @Nullable Object> void run(Job<T> job, int attempt, @Nullable Runner borrowed) {
    if (job.isOver(attempt)) {
      // It was ended before its thread began.
      return;
    }
    T result;
    try {
      result = Objects.requireNonNull(job.task().work()).call();
    } catch (Throwable e) {
      // Whatever it is, its place is given back and its caller told.
      leaveNoInterrupt(borrowed);
      boolean ended = attemptFailed(job, attempt, e);
      if (ended && borrowed != null && isInterrupt(e)) {
        // Nobody has interrupted the task, so it was its submitter who was meant.
        Thread.currentThread().interrupt();
      }
      return;
    }
    leaveNoInterrupt(borrowed);
    if (dispatcher.succeedHere(job, attempt)) {
      answer(job, result);
    }
  }

  private static void leaveNoInterrupt(@Nullable Runner borrowed) {
    if (borrowed == null) {
      // What the task may have left behind is not for those who go on from its end.
      boolean unused = Thread.interrupted();
    }
  }

  private static boolean isInterrupt(Throwable failure) {
    Throwable cause = failure;
    for (int i = 0; cause != null && i < DEEPEST_CAUSE; i++, cause = cause.getCause()) {
      if (cause instanceof InterruptedException) {
        return true;
      }
    }
    return false;
  }

  /** @return false if the attempt was over before */
  <T extends @Nullable Object> boolean succeeded(Job<T> job, int attempt, T result) {
    if (!dispatcher.succeed(job, attempt)) {
      return false;
    }
    answer(job, result);
    return true;
  }

  private <T extends @Nullable Object> void answer(Job<T> job, T result) {
    try {
      job.answer(result);
    } finally {
      told();
    }
  }

  /** @return false if the attempt was over before */
  boolean attemptFailed(Job<?> job, int attempt, Throwable failure) {
    Ending ending = takeFailure(job, attempt, failure);
    if (ending == null) {
      return false;
    }
    ending.interrupt();
    tell(ending);
    return true;
  }

  /** Returns null if the attempt was over before. */
  private @Nullable Ending takeFailure(Job<?> job, int attempt, Throwable failure) {
    dispatcher.acquire();
    try {
      if (!job.isRunning(attempt)) {
        return null;
      }
      long now = dispatcher.now();
      Duration pause = pause(job);
      ScheduledFuture<?> alarm = mayRetry(job) ? alarms.after(Alarms.nanos(pause), () -> again(job)) : null;
      if (alarm != null) {
        Runner interrupted = toInterrupt(job.runner);
        retryLater(job, failure, pause, alarm, now);
        return new Ending(job, interrupted, null, null);
      }
    } finally {
      dispatcher.release();
    }
    return takeEnd(job, failure, false, clock.instant());
  }

  /** Needs the lock. */
  private boolean mayRetry(Job<?> job) {
    return job.task().idempotent() && job.attempt() < job.lane.lane.attempts() && !dispatcher.isStopped();
  }

  /** Needs the lock, and a job that is running. */
  private void retryLater(Job<?> job, Throwable failure, Duration pause, ScheduledFuture<?> alarm, long now) {
    job.failures.add(failure);
    job.retryAlarm = alarm;
    dispatcher.retryLater(job, now,
        () -> new LaneEvent.Retried(job.lane(), job.id(), job.task().name(), job.attempt(), failure, pause));
  }

  private static Duration pause(Job<?> job) {
    long first = Alarms.nanos(job.lane.lane.firstPause());
    long longest = Math.max(first, LONGEST_PAUSE);
    int doublings = Math.min(MOST_DOUBLINGS, job.attempt() - 1);
    long pause = first > longest >> doublings ? longest : first << doublings;
    return Duration.ofNanos(pause - ThreadLocalRandom.current().nextLong(pause / 2 + 1));
  }

  private void again(Job<?> job) {
    dispatcher.acquire();
    try {
      if (job.state() != Job.State.RETRYING) {
        return;
      }
      long now = dispatcher.now();
      dispatcher.takeOut(job, now);
      dispatcher.queue(job);
    } finally {
      dispatcher.release();
    }
  }

  /** Ends attempts that have taken too long: they are interrupted, and tried again if they may be. */
  private void expire(List<Dispatcher.DueAttempt> due) {
    List<Ending> endings = new ArrayList<>();
    try {
      for (Dispatcher.DueAttempt attempt : due) {
        Ending ending = takeExpired(attempt.job(), attempt.number());
        if (ending != null) {
          endings.add(ending);
        }
      }
    } finally {
      endElsewhere(endings);
    }
  }

  /** Returns null if the attempt was over before, or has got more time. */
  private @Nullable Ending takeExpired(Job<?> job, int attempt) {
    dispatcher.acquire();
    try {
      long now = dispatcher.now();
      if (job.isRunning(attempt) && job.due > now) {
        // Its lease was renewed meanwhile.
        dispatcher.setDue(job, job.due, now);
        return null;
      }
    } finally {
      dispatcher.release();
    }
    return takeFailure(job, attempt, timedOut(job, job.task().isOutside()
        ? "its worker's lease ended without an answer"
        : "it ran longer than the " + job.lane.lane.timeout() + " that its lane allows"));
  }

  /** The whole task has taken too long. */
  void expire(Job<?> job, String why) {
    Ending ending = takeEnd(job, timedOut(job, why), false, clock.instant());
    if (ending != null) {
      endElsewhere(List.of(ending));
    }
  }

  /**
   * Ends a job whose caller doesn't want its result any more.
   *
   * @return whether it was not done before; then {@link #told} is to be called when its future is
   */
  boolean giveUp(Job<?> job) {
    if (job.state() == Job.State.DONE) {
      return false;
    }
    Ending ending = takeEnd(job, new CancellationException(job + " was cancelled"), true, Instant.EPOCH);
    if (ending == null) {
      return false;
    }
    ending.interrupt();
    return true;
  }

  private LaneException.TimedOut timedOut(Job<?> job, String why) {
    Throwable last;
    dispatcher.acquire();
    try {
      last = job.failures.isEmpty() ? null : job.failures.getLast();
    } finally {
      dispatcher.release();
    }
    return new LaneException.TimedOut(job.task().name() + " (" + job.id() + " in lane " + job.lane() + "): " + why,
        last);
  }

  /**
   * A job whose attempt is over, and what is to be done for it without the lock.
   *
   * @param failure to be told to its caller; null if it is to be tried again
   */
  private record Ending(Job<?> job, @Nullable Runner interrupted, @Nullable DeadLetter letter,
      @Nullable Throwable failure) {

    void interrupt() {
      try {
        if (interrupted != null) {
          interrupted.interrupt();
        }
      } catch (Throwable e) {
        // What the thread has told the system to do when it is interrupted; its caller is told all the same.
        Uncaught.report(e);
      }
    }
  }

  /**
   * Interrupts all first: who is told may need the processors that they have. Each is told on its own, because it may wait for
   * another of them.
   */
  private void endElsewhere(List<Ending> endings) {
    if (!endings.isEmpty()) {
      systemThreads.start(() -> {
        endings.forEach(Ending::interrupt);
        endings.forEach(ending -> systemThreads.startOneOfMany(() -> tell(ending)));
      });
    }
  }

  private void tell(Ending ending) {
    if (ending.failure == null) {
      return;
    }
    try {
      ending.job.fail(ending.failure);
      if (ending.letter != null) {
        tellHook(ending.letter);
      }
    } finally {
      told();
    }
  }

  /** Returns null if it was done before. */
  private @Nullable Ending takeEnd(Job<?> job, Throwable failure, boolean cancelled, Instant at) {
    dispatcher.acquire();
    try {
      if (job.state() == Job.State.DONE) {
        return null;
      }
      long now = dispatcher.now();
      Runner interrupted = toInterrupt(job.runner);
      dispatcher.takeOut(job, now);
      dispatcher.done(job);
      job.failures.add(failure);
      return new Ending(job, interrupted, account(job, failure, cancelled, at), failure);
    } finally {
      dispatcher.release();
    }
  }

  /** Needs the lock. Returns the dead letter that it has become, if it has. */
  private @Nullable DeadLetter account(Job<?> job, Throwable failure, boolean cancelled, Instant at) {
    String lane = job.lane();
    String task = job.task().name();
    if (cancelled) {
      job.lane.cancelled++;
      dispatcher.tell(() -> new LaneEvent.Cancelled(lane, job.id(), task));
      return null;
    }
    job.lane.failed++;
    dispatcher.tell(() -> failure instanceof LaneException.TimedOut
        ? new LaneEvent.TimedOut(lane, job.id(), task, failure)
        : new LaneEvent.Failed(lane, job.id(), task, failure));
    if (failure instanceof LaneException.ShutDown) {
      return null;
    }
    DeadLetter letter = new DeadLetter(job.id(), lane, job.task(), job.failures, at);
    deadLetters.add(letter);
    dispatcher.tell(() -> new LaneEvent.DeadLettered(lane, job.id(), task));
    return letter;
  }

  private void tellHook(DeadLetter letter) {
    try {
      onDeadLetter.accept(letter);
    } catch (Throwable e) {
      // The hook's fault, whatever it is, must not keep those waiting who drain.
      Uncaught.report(e);
    }
  }

  /**
   * Who is to be told that its attempt is over; null if there is none, or it is this thread. Needs the lock, before the attempt is
   * ended, so that its thread never finds it over and no interrupt to wait for; {@link Runner#interrupt} is to be called
   * without.
   */
  private static @Nullable Runner toInterrupt(@Nullable Runner runner) {
    if (runner == null || runner.isThisThread()) {
      return null;
    }
    runner.interruptFollows();
    return runner;
  }

  // Workers outside

  /** The tasks that wait for workers outside, as they see them. */
  public Outside outside() {
    return outside;
  }

  // Dead letters

  /** The tasks that have failed for good, oldest first; the newest of them, if they were many. */
  public List<DeadLetter> deadLetters() {
    dispatcher.acquire();
    try {
      return deadLetters.all();
    } finally {
      dispatcher.release();
    }
  }

  /**
   * Submits a dead letter's task again, to the same lane, and takes it from the dead letters unless it is refused.
   *
   * @return the new job; empty if there is no dead letter of this id
   */
  public Optional<Job<?>> replay(String id) {
    DeadLetters.Kept kept = takeDeadLetter(id);
    if (kept == null) {
      return Optional.empty();
    }
    Job<?> job = submit(kept.letter().lane(), kept.letter().task());
    if (job.refusal != null) {
      dispatcher.acquire();
      try {
        deadLetters.putBack(kept);
      } finally {
        dispatcher.release();
      }
    }
    return Optional.of(job);
  }

  /** Forgets a dead letter; returns whether there was one of this id. */
  public boolean drop(String id) {
    return takeDeadLetter(id) != null;
  }

  private DeadLetters.@Nullable Kept takeDeadLetter(String id) {
    dispatcher.acquire();
    try {
      return deadLetters.take(id);
    } finally {
      dispatcher.release();
    }
  }

  // Looking at it

  /**
   * Tells a listener of the events that pass a filter, in their order, on a thread of its own, which runs the filter too. Of all
   * events 10,000 may be on their way; more are dropped, whether or not they would pass, and counted by
   * {@link Subscription#dropped}. While anybody listens, ends of tasks wait for the executor's lock, which takes part of its
   * throughput.
   *
   * @return ends it when it is closed
   */
  public Subscription subscribe(Predicate<LaneEvent> filter, Consumer<LaneEvent> listener) {
    return subscribe(Set.of(LaneEvent.class), filter, listener);
  }

  /**
   * The same for events of some kinds only: others take no room, and are not counted when they are dropped. So who listens for
   * what is rare misses none of it among many others.
   *
   * @param kinds such as {@code Set.of(LaneEvent.DeadLettered.class)}
   */
  public Subscription subscribe(Set<? extends Class<? extends LaneEvent>> kinds, Consumer<LaneEvent> listener) {
    return subscribe(kinds, event -> true, listener);
  }

  private Subscription subscribe(Set<? extends Class<? extends LaneEvent>> kinds, Predicate<LaneEvent> filter,
      Consumer<LaneEvent> listener) {
    Objects.requireNonNull(listener, "listener");
    Objects.requireNonNull(filter, "filter");
    Set<Class<? extends LaneEvent>> wanted = Set.copyOf(kinds);
    dispatcher.acquire();
    try {
      return listeners.add(wanted, filter, listener);
    } finally {
      dispatcher.release();
    }
  }

  /** Each lane, in the order given, at one moment. */
  public List<LaneStats> stats() {
    dispatcher.acquire();
    try {
      long now = dispatcher.now();
      return allocator.lanes().stream().map(lane -> lane.stats(now)).toList();
    } finally {
      dispatcher.release();
    }
  }

  /** A job's caller has been told; who tells the last one tells that the executor is idle. */
  void told() {
    if (!pending.told()) {
      return;
    }
    List<CompletableFuture<@Nullable Void>> waiting;
    dispatcher.acquire();
    try {
      if (!pending.becomesIdle()) {
        return;
      }
      dispatcher.tell(() -> new LaneEvent.Idle(null));
      waiting = pending.takeDrains();
    } finally {
      dispatcher.release();
    }
    waiting.forEach(drain -> drain.complete(null));
  }

  // Ending

  /**
   * When nothing is queued, running, or waiting for its next attempt, and all callers have been told; tasks may be submitted
   * meanwhile, and are waited for as well. What goes on from a task's future must not wait for it: it would wait for itself.
   */
  public CompletableFuture<@Nullable Void> drain() {
    CompletableFuture<@Nullable Void> drain = new CompletableFuture<>();
    dispatcher.acquire();
    try {
      if (pending.await(drain)) {
        return drain;
      }
    } finally {
      dispatcher.release();
    }
    drain.complete(null);
    return drain;
  }

  /**
   * Takes no more tasks, and waits for those that there are; what isn't done after the grace is interrupted, and its callers
   * are told by a {@link LaneException.ShutDown}, each on a thread of its own. There is no grace if this thread is interrupted, which
   * it stays; and one of its own tasks should not call this, which would wait for it.
   *
   * @return whether everything was done in time
   */
  public boolean shutdown(Duration grace) {
    dispatcher.acquire();
    try {
      if (dispatcher.shutDown()) {
        dispatcher.tell(() -> new LaneEvent.ShutDown(null));
      }
    } finally {
      dispatcher.release();
    }
    boolean drained = isDrainedWithin(grace);
    List<Job<?>> left = new ArrayList<>();
    dispatcher.acquire();
    try {
      dispatcher.stop();
      allocator.lanes().forEach(lane -> left.addAll(lane.all()));
    } finally {
      dispatcher.release();
    }
    List<Ending> endings = new ArrayList<>();
    try {
      for (Job<?> job : left) {
        LaneException failure = new LaneException.ShutDown(job.task().name() + " (" + job.id() + " in lane "
            + job.lane() + ") was not done when the executor was shut down");
        Ending ending = takeEnd(job, failure, false, Instant.EPOCH);
        if (ending != null) {
          endings.add(ending);
        }
      }
    } finally {
      endElsewhere(endings);
    }
    return drained;
  }

  private boolean isDrainedWithin(Duration grace) {
    try {
      drain().get(Alarms.nanos(grace), TimeUnit.NANOSECONDS);
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
    listeners.finish();
    dispatcher.close();
    alarms.close();
  }

  @Override
  public String toString() {
    return "LaneExecutor" + stats();
  }

  /** Collects the lanes and settings. Not safe for use by several threads. */
  public static final class Builder {

    private final List<Lane> lanes = new ArrayList<>();
    private boolean defaultLanes;
    /** 0 if it isn't set. */
    private int concurrency;
    private int mostDeadLetters = 1_000;
    private Consumer<DeadLetter> onDeadLetter = letter -> {};
    private @Nullable ScheduledExecutorService scheduler;
    private LongSupplier nanoTime = System::nanoTime;
    private InstantSource clock = InstantSource.system();
    private Consumer<JobRun> starter = JobRun::start;

    private Builder() {}

    /** Adds a lane. If any is added, {@link Lane#defaults} are there only if {@link #defaultLanes} says so. */
    public Builder lane(Lane lane) {
      lanes.add(lane);
      return this;
    }

    /** Has {@link Lane#defaults} too, but for those of a name that is added by {@link #lane}. */
    public Builder defaultLanes() {
      defaultLanes = true;
      return this;
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

    /**
     * How many tasks of all lanes run at the same time at most. Unless set, 16, or as many as it takes for each lane to run what it
     * allows while no other needs more than its reserved places.
     */
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

    /**
     * Is told of each dead letter, such as to store it, on the thread that has told its caller; it may wait, and who drains waits for
     * it. What it throws goes to the thread's handler of uncaught exceptions.
     */
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

    /** Has tasks begin. For tests, which decide when they do. */
    Builder starter(Consumer<JobRun> starter) {
      this.starter = starter;
      return this;
    }

    /** @throws IllegalArgumentException if two lanes have one name, or reserve more places than there are */
    public LaneExecutor build() {
      return new LaneExecutor(this);
    }
  }
}
