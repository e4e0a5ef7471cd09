package dev.memlane.lanes;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The notification of callers that their jobs have ended: it completes futures, calls the hook for dead letters, and
 * counts the jobs for which that is done. Called without the executor's lock, because all of this runs foreign code.
 * Safe for use by several threads.
 */
final class CallerNotifier {

  private final ExecutorLock lock;
  private final Consumer<DeadLetter> onDeadLetter;
  private final PlatformThreads platformThreads;
  /** Guarded by the lock, except {@link PendingJobs#notified}. */
  private final PendingJobs pending;
  @GuardedBy("lock")
  private final JobStateMachine jobs;

  CallerNotifier(ExecutorLock lock, JobStateMachine jobs, PendingJobs pending, Consumer<DeadLetter> onDeadLetter,
      PlatformThreads platformThreads) {
    this.lock = lock;
    this.jobs = jobs;
    this.pending = pending;
    this.onDeadLetter = onDeadLetter;
    this.platformThreads = platformThreads;
  }

  /** Completes the future of a job that has succeeded. */
  <T extends @Nullable Object> void complete(Job<T> job, T result) {
    try {
      job.complete(result);
    } finally {
      callerNotified();
    }
  }

  /** Interrupts the attempt and notifies its caller. */
  void finish(Ending ending) {
    ending.interrupt();
    fail(ending);
  }

  /**
   * Finishes several endings on platform threads. All attempts are interrupted first, because they may occupy the
   * processors that the callers need. Then each caller is notified on a thread of its own, because one caller may
   * wait for another job of the list.
   */
  void finishOnPlatformThreads(List<Ending> endings) {
    if (!endings.isEmpty()) {
      platformThreads.start(() -> {
        endings.forEach(Ending::interrupt);
        endings.forEach(ending -> platformThreads.startBounded(() -> fail(ending)));
      });
    }
  }

  private void fail(Ending ending) {
    if (ending.failure() == null) {
      return;
    }
    try {
      ending.job().fail(ending.failure());
      if (ending.letter() != null) {
        callHook(ending.letter());
      }
    } finally {
      callerNotified();
    }
  }

  private void callHook(DeadLetter letter) {
    try {
      onDeadLetter.accept(letter);
    } catch (Throwable e) {
      // A hook that fails must not delay a drain.
      Uncaught.report(e);
    }
  }

  /**
   * Counts a job whose caller has been notified. After the last one, publishes that the executor is idle, and ends
   * drains.
   */
  void callerNotified() {
    if (!pending.notified()) {
      return;
    }
    List<CompletableFuture<@Nullable Void>> drains;
    lock.lock();
    try {
      if (!pending.becomesIdle()) {
        return;
      }
      jobs.publish(() -> new LaneEvent.Idle(null));
      drains = pending.takeDrains();
    } finally {
      lock.unlock();
    }
    drains.forEach(drain -> drain.complete(null));
  }
}
