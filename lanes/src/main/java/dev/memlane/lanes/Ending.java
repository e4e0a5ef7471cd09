package dev.memlane.lanes;

import org.jspecify.annotations.Nullable;

/**
 * An attempt that is over without a result, and what remains to be done for it without the executor's lock.
 *
 * @param interrupted the run to interrupt; null if nothing runs, or the calling thread does
 * @param letter the dead letter that the job has become; null if it has not
 * @param failure the failure for the job's future; null if the job is retried
 */
record Ending(Job<?> job, @Nullable JobRun interrupted, @Nullable DeadLetter letter, @Nullable Throwable failure) {

  void interrupt() {
    try {
      if (interrupted != null) {
        interrupted.interrupt();
      }
    } catch (Throwable e) {
      // What the thread does when it is interrupted has failed. The caller is notified all the same.
      Uncaught.report(e);
    }
  }
}
