package dev.memlane.lanes;

import java.util.Objects;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/** An attempt of a job on a thread of its own, which may be made before it is known whose attempt it is. */
final class JobRun implements Runnable {

  private final Thread thread;
  private final Runner runner;
  // Written before the thread starts
  private @Nullable Job<?> job;
  private int attempt;

  JobRun(ThreadFactory threads) {
    this.thread = threads.newThread(this);
    this.runner = new Runner(thread);
  }

  /** Says that it runs the next attempt of this job. */
  void runs(Job<?> job) {
    this.job = job;
    this.attempt = job.attempt() + 1;
  }

  Job<?> job() {
    return Objects.requireNonNull(job, "job");
  }

  Runner runner() {
    return runner;
  }

  void start() {
    thread.start();
  }

  @Override
  public void run() {
    job().run(attempt);
  }
}
