package dev.memlane.storage.postgres;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.MemoryId;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The units that wait to be sent, in order, and the number of runners that take batches from them.
 *
 * <p>
 * Invariant: while a unit waits there is at least one runner. {@link #add} tells its caller to start one where it is
 * missing, and a runner ends only by {@link #endRunner}, which keeps it while there is work. A unit leaves once, either
 * in a batch or by {@link #remove}. Safe for use by several threads.
 */
final class WaitingUnits {

  /** The number of units that justify another batch in flight: its fixed cost is shared by them. */
  private static final int ENOUGH_FOR_ANOTHER_BATCH = 16;

  private final InstantSource clock;
  private final int bound;
  private final int largestBatch;
  private final int mostRunners;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition idle = lock.newCondition();
  private final Condition room = lock.newCondition();
  @GuardedBy("lock")
  private final Set<DatabaseUnit> waiting = new LinkedHashSet<>();
  @GuardedBy("lock")
  private int runners;
  @GuardedBy("lock")
  private boolean closed;
  @GuardedBy("lock")
  private long takenUnits;
  @GuardedBy("lock")
  private long takenBatches;

  /**
   * @param bound how many units may wait
   * @param largestBatch how many units a batch may have
   * @param mostRunners how many batches may be in flight at the same time
   */
  WaitingUnits(InstantSource clock, int bound, int largestBatch, int mostRunners) {
    this.clock = clock;
    this.bound = bound;
    this.largestBatch = largestBatch;
    this.mostRunners = mostRunners;
  }

  /** The result of {@link #add}. */
  enum Admission {
    WAITS,
    /** It waits, and the caller must start a runner. */
    WAITS_FOR_NEW_RUNNER,
    /** There was no room until the unit's deadline, or the calling thread was interrupted. */
    FULL, CLOSED
  }

  /**
   * The next batch, of which no two units are of one memory.
   *
   * @param late units whose deadline has passed; they have been removed as well
   */
  record Batch(List<DatabaseUnit> units, List<DatabaseUnit> late) {}

  /** Adds a unit. If there is no room, the calling thread waits for it until the unit's deadline. */
  Admission add(DatabaseUnit unit) {
    lock.lock();
    try {
      boolean hasRoom = awaitRoom(unit);
      if (closed) {
        return Admission.CLOSED;
      }
      if (!hasRoom) {
        return Admission.FULL;
      }
      waiting.add(unit);
      if (runners == 0 || runners < mostRunners && waiting.size() >= ENOUGH_FOR_ANOTHER_BATCH) {
        runners++;
        return Admission.WAITS_FOR_NEW_RUNNER;
      }
      return Admission.WAITS;
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private boolean awaitRoom(DatabaseUnit unit) {
    long left = Duration.between(clock.instant(), unit.deadline()).toNanos();
    try {
      while (waiting.size() >= bound && !closed && left > 0) {
        left = room.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      // The unit's result says that it was not sent; the thread keeps its interrupt.
      Thread.currentThread().interrupt();
    }
    return waiting.size() < bound;
  }

  /** Removes a unit; false if it doesn't wait. */
  boolean remove(DatabaseUnit unit) {
    lock.lock();
    try {
      boolean removed = waiting.remove(unit);
      if (removed) {
        room.signal();
      }
      return removed;
    } finally {
      lock.unlock();
    }
  }

  /** Removes and returns the next batch; for a runner. */
  Batch take() {
    Instant now = clock.instant();
    List<DatabaseUnit> batch = new ArrayList<>();
    List<DatabaseUnit> late = new ArrayList<>();
    Set<MemoryId> memories = new HashSet<>();
    lock.lock();
    try {
      for (Iterator<DatabaseUnit> i = waiting.iterator(); i.hasNext() && batch.size() < largestBatch;) {
        DatabaseUnit unit = i.next();
        if (!unit.deadline().isAfter(now)) {
          i.remove();
          late.add(unit);
        } else if (memories.add(unit.memory())) {
          i.remove();
          batch.add(unit);
        }
      }
      room.signalAll();
      takenUnits += batch.size();
      takenBatches++;
    } finally {
      lock.unlock();
    }
    return new Batch(batch, late);
  }

  /** Ends a runner unless there is work for it; false if it must go on. */
  boolean endRunner() {
    lock.lock();
    try {
      boolean more = waiting.size() >= (runners == 1 ? 1 : ENOUGH_FOR_ANOTHER_BATCH);
      if (!more) {
        runners--;
        idle.signalAll();
      }
      return !more;
    } finally {
      lock.unlock();
    }
  }

  /** Lists the units whose deadline has passed; they keep waiting. */
  List<DatabaseUnit> late(Instant now) {
    lock.lock();
    try {
      return waiting.stream().filter(unit -> !unit.deadline().isAfter(now)).toList();
    } finally {
      lock.unlock();
    }
  }

  boolean isClosed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Refuses new units, and waits until the last runner ends.
   *
   * @return whether it has ended within this time
   */
  boolean close(long milliseconds) throws InterruptedException {
    long left = milliseconds * 1_000_000;
    lock.lock();
    try {
      closed = true;
      room.signalAll();
      while (runners > 0 && left > 0) {
        left = idle.awaitNanos(left);
      }
      return runners == 0;
    } finally {
      lock.unlock();
    }
  }

  CommitQueue.Statistics statistics() {
    lock.lock();
    try {
      return new CommitQueue.Statistics(takenUnits, takenBatches, waiting.size());
    } finally {
      lock.unlock();
    }
  }
}
