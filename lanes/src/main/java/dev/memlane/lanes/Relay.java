package dev.memlane.lanes;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A line of waiting jobs along which permits are passed on without the executor's lock: a thread whose job has
 * succeeded passes the job's permit on to the next job of its lane, while it is certain which job that is. Each pass
 * is recorded, and entered by the next holder of the lock.
 *
 * <p>
 * <b>Invariants</b>
 * <ol>
 * <li>The relay is opened, renewed and closed under the lock. It is closed whenever a thread holds the lock that may
 * change which job is next. That thread enters the passes that {@link #close} returns, and then finds everything as
 * if no permit had been passed on without the lock.
 * <li>While the relay is open, no permit is free for its lane, no other lane has a job that waits for a permit, and
 * the jobs in line that have no permit yet are the oldest waiting.
 * <li>Each opening and each pass creates an object of its own. A compare-and-set that replaces the latest one
 * therefore succeeds only if the relay was not closed since it was read: what the lock guards is unchanged, apart
 * from the recorded passes.
 * <li>When the relay is renewed, the earlier passes are entered while it is open. This is safe because their jobs
 * stand before the new line in the queue, jobs are added only at the queue's end, and an attempt's end is published
 * by a single write.
 * </ol>
 * Cancellations, time-outs and shutdown take the lock, which closes the relay, so they need no care of their own
 * here.
 */
final class Relay {

  /** A permit passed on: one job has succeeded, and the other begun, at this time in nanoseconds. */
  record Pass(Job<?> ended, JobRun begun, long at) {}

  /** The jobs that are next, in order. */
  private record Line(LaneState lane, List<Job<?>> jobs) {}

  /** How many jobs of the line have a permit, the last of them by this pass; null if none has. */
  private record Position(Line line, int count, @Nullable Pass pass, @Nullable Position before) {

    boolean isAtTheEnd() {
      return count == line.jobs.size();
    }

    /** Leaves out the earlier positions. */
    @Override
    public String toString() {
      return "Position[" + count + " of " + line.jobs.size() + "]";
    }
  }

  /**
   * A shorter line would need the lock more often. The passes of a longer line take so long to be entered that other
   * threads reach the end of the next line meanwhile, and have to wait.
   */
  static final int LONGEST_LINE = 64;

  private final LongSupplier nanoTime;
  /** Null while it is closed. */
  private final AtomicReference<@Nullable Position> latest = new AtomicReference<>();

  Relay(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /**
   * Whether the relay is open for a lane: the next thread whose job ends there passes its permit on, or takes the
   * lock. Needs no lock, and may change at any time.
   */
  boolean isOpenFor(LaneState lane) {
    Position position = latest.get();
    return position != null && position.line.lane == lane;
  }

  /** Opens the relay for a lane, with a line that begins with this waiting job. Needs the lock. */
  void open(LaneState lane, Job<?> first) {
    latest.set(new Position(new Line(lane, JobList.from(first, LONGEST_LINE)), 0, null, null));
  }

  /**
   * Closes the relay. Needs the lock.
   *
   * @return the passes since it was opened, oldest first; none if it was closed
   */
  List<Pass> close() {
    return latest.get() == null ? List.of() : passes(latest.getAndSet(null));
  }

  /**
   * Opens the relay again for its lane with the jobs that wait after the line, if all jobs in line have permits.
   * Needs the lock.
   *
   * @return the passes since it was opened, oldest first; null if it cannot be renewed
   */
  @Nullable
  List<Pass> renew(LaneState lane) {
    Position end = latest.get();
    if (end == null || end.line.lane != lane || !end.isAtTheEnd()) {
      return null;
    }
    Job<?> next = end.line.jobs.getLast().next;
    if (next == null) {
      return null;
    }
    open(lane, next);
    return passes(end);
  }

  private static List<Pass> passes(@Nullable Position last) {
    List<Pass> passes = new ArrayList<>(last == null ? 0 : last.count);
    for (Position position = last; position != null && position.pass != null; position = position.before) {
      passes.add(position.pass);
    }
    Collections.reverse(passes);
    return passes;
  }

  /**
   * Passes a job's permit on to the next job in line. Needs no lock. Called once, by the thread that runs the attempt.
   *
   * @param next becomes the run of the next job; has to be started if this returns true
   * @return false if the lock is needed, or the attempt was over before
   */
  boolean passOn(Job<?> ended, int attempt, JobRun next) {
    while (true) {
      Position last = latest.get();
      if (last == null || last.line.lane != ended.lane || last.isAtTheEnd() || ended.isOver(attempt)) {
        return false;
      }
      next.assign(last.line.jobs.get(last.count));
      Pass pass = new Pass(ended, next, nanoTime.getAsLong());
      if (latest.compareAndSet(last, new Position(last.line, last.count + 1, pass, last))) {
        return true;
      }
    }
  }
}
