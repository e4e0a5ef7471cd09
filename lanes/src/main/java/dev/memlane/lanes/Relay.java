package dev.memlane.lanes;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Passes the place of a job that has succeeded on to the next job of its lane without the executor's lock, while it is certain
 * which that is. What was passed on is written down, and entered in the lists by whoever has the lock next.
 *
 * <p>
 * Invariants:
 * <ol>
 * <li>It is opened, renewed and closed under the lock, and is closed whenever somebody has it who may change whose turn it is. He
 * enters what {@link #close} gave him, and then finds everything as if nothing had been passed on without the lock.
 * <li>While it is open, no place is free for its lane, no other lane has a job that waits for a place, and those in line whom no
 * place was passed on to are the oldest who wait.
 * <li>Each opening and each place passed on is an object of its own. So who replaces the latest by one that follows it knows that
 * the relay was not closed since the latest was read: what the lock guards is as it was then, but for what was passed on.
 * <li>When it is renewed, what was passed on before is entered while it is open: those jobs stand before the new line in the queue,
 * to the end of which others are added, and whether an attempt has ended is one write.
 * </ol>
 */
final class Relay {

  /** A place passed on: one job has succeeded, and the other begun, at this time. */
  record Pass(Job<?> ended, JobRun begun, long at) {}

  /** Whose turn is next. */
  private record Line(LaneState lane, List<Job<?>> jobs) {}

  /** How many of the line have got places, the last of them by this pass; null if none has. */
  private record Position(Line line, int count, @Nullable Pass pass, @Nullable Position before) {

    boolean isAtTheEnd() {
      return count == line.jobs.size();
    }

    /** Not of all that are before it. */
    @Override
    public String toString() {
      return "Position[" + count + " of " + line.jobs.size() + "]";
    }
  }

  /**
   * A shorter one would have the lock taken more often, and what is passed on in a longer one takes so long to be entered that others
   * come to the end of the next line meanwhile, and have to wait.
   */
  static final int LONGEST_LINE = 64;

  private final LongSupplier nanoTime;
  /** Null while it is closed. */
  private final AtomicReference<@Nullable Position> latest = new AtomicReference<>();

  Relay(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /**
   * Whether who ends in this lane passes its place on, or takes the lock. Needs no lock, and may have changed when it is answered.
   */
  boolean isOpenFor(LaneState lane) {
    Position position = latest.get();
    return position != null && position.line.lane == lane;
  }

  /** Needs the lock. Opens it for a lane, from this job of those that wait there. */
  void open(LaneState lane, Job<?> first) {
    latest.set(new Position(new Line(lane, JobList.from(first, LONGEST_LINE)), 0, null, null));
  }

  /**
   * Needs the lock.
   *
   * @return what was passed on since it was opened, the oldest first; none if it was closed
   */
  List<Pass> close() {
    return latest.get() == null ? List.of() : passes(latest.getAndSet(null));
  }

  /**
   * Opens it again for its lane, from those who wait behind the line, if all who are in it have got places. Needs the lock.
   *
   * @return what was passed on since it was opened, the oldest first; null if it couldn't
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
   * Passes a job's place on to who is next in line. Needs no lock, but to be called by the one who runs the attempt, once.
   *
   * @param next is told which job it is to run; to be started, if it was passed on
   * @return false if that can't be done without the lock, or the attempt was over before
   */
  boolean passOn(Job<?> ended, int attempt, JobRun next) {
    while (true) {
      Position last = latest.get();
      if (last == null || last.line.lane != ended.lane || last.isAtTheEnd() || ended.isOver(attempt)) {
        return false;
      }
      next.runs(last.line.jobs.get(last.count));
      Pass pass = new Pass(ended, next, nanoTime.getAsLong());
      if (latest.compareAndSet(last, new Position(last.line, last.count + 1, pass, last))) {
        return true;
      }
    }
  }
}
