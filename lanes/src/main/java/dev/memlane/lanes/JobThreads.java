package dev.memlane.lanes;

import java.util.concurrent.ThreadFactory;
import java.util.function.Consumer;

/** The virtual threads on which an executor's attempts run, one each. Safe for use by several threads. */
final class JobThreads {

  private final ThreadFactory threads;
  private final Consumer<JobRun> starter;

  /** @param starter starts a run; tests decide by it when tasks begin */
  JobThreads(ThreadFactory threads, Consumer<JobRun> starter) {
    this.threads = threads;
    this.starter = starter;
  }

  /** A run on a thread of its own, which has not been started. */
  JobRun newRun() {
    return new JobRun(threads);
  }

  /** Starts a run. Never throws: the caller may still have to notify the submitter of a job that it has ended. */
  void start(JobRun run) {
    try {
      starter.accept(run);
    } catch (Throwable e) {
      // For example, there is no memory left for a thread.
      Uncaught.report(e);
    }
  }

  /** Runs an action of the executor itself. */
  void execute(Runnable action) {
    threads.newThread(action).start();
  }
}
