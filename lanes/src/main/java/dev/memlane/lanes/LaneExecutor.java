package dev.memlane.lanes;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * An executor that runs tasks in lanes.
 *
 * <pre>{@code
 * try (LaneExecutor executor = LaneExecutor.builder().build()) {
 *   CompletableFuture<String> answer = executor.submit("query", Task.of(() -> find("oboe")).idempotent(true)).future();
 * }
 * }</pre>
 *
 * <p>
 * <b>Permits.</b> A running task holds a permit. A free permit goes to a waiting task at once: nothing polls. A
 * permit is free for a lane that runs fewer tasks than its concurrency, while all lanes together run fewer than the
 * executor's bound, less the permits that are reserved for other lanes and not in use. Each lane offers its oldest
 * task and the task with its nearest deadline. Of these the task with the highest priority starts. Its priority is
 * that of its lane, plus one point for each second that it has waited, so that a low lane never starves, plus up to a
 * hundred points in the last ten seconds before its deadline. A lane's limit of starts is used up by starts only,
 * never by time in which the lane is idle.
 *
 * <p>
 * <b>Ends.</b> Whatever a task throws, its permit is returned. A task that runs longer than its lane allows is
 * interrupted, and its permit is returned at that moment, even if the task goes on. The same holds for a task that is
 * cancelled. A task that is declared idempotent is retried after a pause, during which it counts as pending. A task
 * that fails for good is kept, whole, as a dead letter.
 *
 * <p>
 * <b>Threads.</b> Safe for use by several threads. Each attempt of a task that is submitted here runs on a virtual
 * thread of its own, which then completes the task's future. After a time-out, a deadline or a shutdown, a platform
 * thread does that, so that tasks which compute on all processors are ended as well. No method waits, except
 * {@link #shutdown} and {@link #close}.
 */
public final class LaneExecutor implements AutoCloseable {

  private static final Duration GRACE = Duration.ofSeconds(10);

  private final Alarms alarms;
  private final PermitAllocator allocator;
  private final ExecutorLock lock;
  private final JobEnder ender;
  private final JobIntake intake;
  private final ExternalTasks externalTasks;
  private final Listeners listeners = new Listeners();
  /** Guarded by the lock, except {@link PendingJobs#notified}. */
  private final PendingJobs pending = new PendingJobs();
  @GuardedBy("lock")
  private final JobStateMachine jobs;
  @GuardedBy("lock")
  private final DeadLetters deadLetters;

  LaneExecutor(LaneExecutorBuilder builder) {
    // A task is often started by the thread of another task, whose inheritable thread locals it must not see.
    ThreadFactory threadFactory = Thread.ofVirtual().name("memlane-lane").inheritInheritableThreadLocals(false)
        .factory();
    JobThreads threads = new JobThreads(threadFactory, builder.starter);
    Relay relay = new Relay(builder.nanoTime);
    this.alarms = new Alarms(builder.scheduler);
    this.deadLetters = new DeadLetters(builder.mostDeadLetters);
    this.allocator = builder.newAllocator();
    this.jobs = new JobStateMachine(allocator, builder.nanoTime, threads, alarms, listeners, pending,
        this::endDueAttempts, this::startLimitEnded);
    this.lock = new ExecutorLock(jobs, relay, threads);
    CallerNotifier notifier = new CallerNotifier(lock, jobs, pending, builder.onDeadLetter,
        new PlatformThreads(threads));
    this.ender = new JobEnder(lock, jobs, relay, threads, alarms, deadLetters, notifier, builder.clock);
    this.intake = new JobIntake(builder.nanoTime, allocator, lock, jobs, ender);
    this.externalTasks = new ExternalTasks(allocator, lock, jobs, ender);
  }

  /** A builder with the default lanes and settings. */
  public static LaneExecutorBuilder builder() {
    return new LaneExecutorBuilder();
  }

  // Tasks

  /**
   * Submits a task.
   *
   * @return its job; if it is refused, because its lane is full or the executor shut down, the job's future has
   * failed with a {@link LaneException}
   * @throws IllegalArgumentException if there is no such lane
   */
  public <T extends @Nullable Object> Job<T> submit(String lane, Task<T> task) {
    return intake.submit(lane, task, 0);
  }

  /**
   * Submits a task that was attempted before, for example in a process that has ended. The attempts are counted on
   * from there, so the task is retried less often.
   *
   * @param attempts how many attempts have begun before; at least 0
   * @return its job, as {@link #submit(String, Task)} does
   * @throws IllegalArgumentException if there is no such lane, or the number is negative
   */
  public <T extends @Nullable Object> Job<T> resubmit(String lane, Task<T> task, int attempts) {
    if (attempts < 0) {
      throw new IllegalArgumentException("attempts is " + attempts + "; it must be at least 0");
    }
    return intake.submit(lane, task, attempts);
  }

  /**
   * Submits tasks together. If the queue has no room for all of them, only the excess is refused.
   *
   * @return the jobs, in the order of the tasks
   * @throws IllegalArgumentException if there is no such lane
   */
  public <T extends @Nullable Object> Batch<T> submitAll(String lane, List<Task<T>> tasks) {
    return new Batch<>(intake.submitAll(lane, List.copyOf(tasks), null));
  }

  /** The way in for tool calls. */
  JobIntake intake() {
    return intake;
  }

  /** @throws IllegalArgumentException if there is no such lane */
  void requireLane(String lane) {
    allocator.lane(lane);
  }

  /** The tasks that wait for external workers, as these workers see them. */
  public ExternalTasks externalTasks() {
    return externalTasks;
  }

  // Alarms

  private void endDueAttempts() {
    ender.endDueAttempts();
  }

  private void startLimitEnded() {
    lock.lock();
    try {
      jobs.startLimitEnded();
    } finally {
      lock.unlock();
    }
  }

  // Dead letters

  /** The tasks that have failed for good, oldest first; only the newest of them are kept. */
  public List<DeadLetter> deadLetters() {
    lock.lock();
    try {
      return deadLetters.all();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Submits a dead letter's task again, to the same lane, and removes it from the dead letters unless it is refused.
   *
   * @return the new job; empty if there is no dead letter with this id
   */
  public Optional<Job<?>> replay(String id) {
    DeadLetters.Kept kept = takeDeadLetter(id);
    if (kept == null) {
      return Optional.empty();
    }
    Job<?> job = submit(kept.letter().lane(), kept.letter().task());
    if (job.refusal != null) {
      lock.lock();
      try {
        deadLetters.putBack(kept);
      } finally {
        lock.unlock();
      }
    }
    return Optional.of(job);
  }

  /** Deletes a dead letter; returns whether there was one with this id. */
  public boolean drop(String id) {
    return takeDeadLetter(id) != null;
  }

  private DeadLetters.@Nullable Kept takeDeadLetter(String id) {
    lock.lock();
    try {
      return deadLetters.take(id);
    } finally {
      lock.unlock();
    }
  }

  // Observation

  /**
   * Passes the events that match a filter to a listener, in order, on a thread of its own, which runs the filter too.
   * Up to 10,000 events of any kind may be in transit. Further ones are dropped, whether or not they would match, and
   * counted by {@link Subscription#dropped}. While there is a subscription, the end of each task needs the executor's
   * lock, which costs throughput.
   *
   * @return the subscription, which ends when it is closed
   */
  public Subscription subscribe(Predicate<LaneEvent> filter, Consumer<LaneEvent> listener) {
    return subscribe(Set.of(LaneEvent.class), filter, listener);
  }

  /**
   * Passes the events of some kinds to a listener, as {@link #subscribe(Predicate, Consumer)} does. Events of other
   * kinds take up no room and are not counted as dropped, so a listener for rare events misses none of them among
   * many others.
   *
   * @param kinds for example {@code Set.of(LaneEvent.DeadLettered.class)}
   */
  public Subscription subscribe(Set<? extends Class<? extends LaneEvent>> kinds, Consumer<LaneEvent> listener) {
    return subscribe(kinds, event -> true, listener);
  }

  private Subscription subscribe(Set<? extends Class<? extends LaneEvent>> kinds, Predicate<LaneEvent> filter,
      Consumer<LaneEvent> listener) {
    Objects.requireNonNull(listener, "listener");
    Objects.requireNonNull(filter, "filter");
    Set<Class<? extends LaneEvent>> wanted = Set.copyOf(kinds);
    lock.lock();
    try {
      return listeners.add(wanted, filter, listener);
    } finally {
      lock.unlock();
    }
  }

  /** The statistics of each lane, in the order in which the lanes were configured, all as of one moment. */
  public List<LaneStats> stats() {
    lock.lock();
    try {
      return jobs.stats();
    } finally {
      lock.unlock();
    }
  }

  // The end

  /**
   * Waits until nothing is queued, running, or waiting for its next attempt, and all callers have been notified.
   * Tasks may still be submitted, and are waited for as well. A callback of a task's future must not wait for this:
   * it would wait for itself.
   *
   * @return a future that completes then
   */
  public CompletableFuture<@Nullable Void> drain() {
    CompletableFuture<@Nullable Void> drain = new CompletableFuture<>();
    lock.lock();
    try {
      if (pending.await(drain)) {
        return drain;
      }
    } finally {
      lock.unlock();
    }
    drain.complete(null);
    return drain;
  }

  /**
   * Refuses further tasks and waits for the present ones. After the grace, tasks that are not done are interrupted,
   * and their futures fail with a {@link LaneException.ShutDown}, each on a thread of its own. If this thread is
   * interrupted, it stays interrupted and there is no grace. A task of this executor should not call this, because it
   * would wait for itself.
   *
   * @return whether everything was done in time
   */
  public boolean shutdown(Duration grace) {
    lock.lock();
    try {
      jobs.shutDown();
    } finally {
      lock.unlock();
    }
    boolean drained = isDrainedWithin(grace);
    List<Job<?>> left;
    lock.lock();
    try {
      jobs.stop();
      left = jobs.all();
    } finally {
      lock.unlock();
    }
    ender.shutDown(left);
    return drained;
  }

  private boolean isDrainedWithin(Duration grace) {
    try {
      drain().get(Alarms.nanos(grace), TimeUnit.NANOSECONDS);
      return true;
    } catch (TimeoutException e) {
      // The grace is over.
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } catch (ExecutionException e) {
      throw new IllegalStateException("draining never fails", e);
    }
  }

  /**
   * {@linkplain #shutdown Shuts down} with a grace of ten seconds. Subscriptions end after the events that are in
   * transit.
   */
  @Override
  public void close() {
    shutdown(GRACE);
    listeners.finish();
    lock.lock();
    try {
      jobs.cancelAlarms();
    } finally {
      lock.unlock();
    }
    alarms.close();
  }

  @Override
  public String toString() {
    return "LaneExecutor" + stats();
  }
}
