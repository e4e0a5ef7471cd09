package dev.memlane.lanes;

import java.util.ArrayList;
import java.util.List;

/**
 * The times at which running attempts have taken too long, with one alarm for all of them: nearly every alarm of a
 * single attempt would be cancelled, and setting and cancelling it was a third of a short task's cost. Guarded by the
 * executor's lock. Times are nanoseconds.
 */
final class AttemptTimeouts {

  /** An attempt that has taken too long. */
  record DueAttempt(Job<?> job, int attempt) {}

  private final List<LaneState> lanes;
  private final Alarms.Earliest alarm;

  /** @param attemptsDue called without the lock when attempts may have taken too long; calls {@link #takeDue} */
  AttemptTimeouts(List<LaneState> lanes, Alarms alarms, Runnable attemptsDue) {
    this.lanes = lanes;
    this.alarm = new Alarms.Earliest(alarms, attemptsDue);
  }

  /** Sets the time at which the running attempt of a job has taken too long. */
  void set(Job<?> job, long due, long now) {
    job.due = due;
    alarm.setBy(due, now);
  }

  /** The attempts that have taken too long. Sets the alarm for the other attempts that run. */
  List<DueAttempt> takeDue(long now) {
    List<DueAttempt> due = new ArrayList<>();
    alarm.clear();
    for (LaneState lane : lanes) {
      for (Job<?> job : lane.running()) {
        if (job.due <= now) {
          due.add(new DueAttempt(job, job.attempt()));
        } else {
          alarm.setBy(job.due, now);
        }
      }
    }
    return due;
  }

  void cancelAlarm() {
    alarm.clear();
  }
}
