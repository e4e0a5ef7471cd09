package dev.memlane.storage.postgres;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.StoreException;
import dev.memlane.model.store.Unit;
import dev.memlane.model.store.Units;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The queue through which all units of a database go out, many in one transaction: group commit.
 *
 * <p>
 * <b>Batching.</b> A server has one write-ahead log, so what gathers while a batch is in flight goes out with the next
 * one: there is no timer and no wait while idle. Only if much has gathered does another batch go out beside it, so that the
 * server has work while it waits for its disk. A batch is run by the executor, never by the thread
 * that submits: a server that hangs would keep that one beyond the deadline at which it has an answer to give.
 *
 * <p>
 * <b>Invariants.</b> {@code running} is the number of threads that have taken on the queue, and at least one while a unit
 * waits. A unit leaves {@code waiting} once, by being sent or by being withdrawn. No two units of one memory are in one
 * batch; the later one stays for the next (one that overtakes another's batch finds its rows locked, or the stamps that it
 * doesn't expect, as one of another process would). Futures are completed after the queue has been handed on, or on
 * threads of their own, so that nothing that hangs on them holds it up. A full queue makes those who submit wait, each no
 * longer than its unit's deadline.
 *
 * <p>
 * <b>Fences</b> go out alone and aside: they have to wait for whoever holds their row, and no batch should wait with them.
 *
 * <p>
 * <b>Failure.</b> What fails or is passed over goes again aside, on a few connections of its own, so that rows which
 * somebody has locked hold up nothing else. A batch that the server refuses is halved until the unit at fault stands
 * alone. Units that a batch passed over, because others had locked their rows, go again alone. A broken connection leaves
 * the whole batch in doubt. {@link #expire} is called now and then and answers what is past its deadline, queued or sent,
 * so that a server that hangs keeps nobody longer than that.
 *
 * <p>
 * Safe for use by several threads.
 */
public final class CommitQueue implements Units {

  /** How often a unit that stands alone is sent after deadlocks and lock time-outs. */
  private static final int TRIES = 4;
  /** How many units are worth a batch beside one that is in flight: what a batch costs anyway is shared by them. */
  private static final int ENOUGH_FOR_ANOTHER = 16;

  private final BatchSender sender;
  private final Executor executor;
  private final InstantSource clock;
  private final int bound;
  private final int largestBatch;
  private final int mostInFlight;
  /** For units that wait for locks. */
  private final Semaphore alone;
  /** For what has nothing to wait for but a bad neighbour: kept apart, so that it doesn't wait for locks either. */
  private final Semaphore halves;

  /** Sent and not answered; each removes itself when it is answered. */
  private final Set<DatabaseUnit> sent = ConcurrentHashMap.newKeySet();

  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by lock.
  private final Condition idle = lock.newCondition();
  private final Condition room = lock.newCondition();
  private final Set<DatabaseUnit> waiting = new LinkedHashSet<>();
  private int running;
  private boolean closed;
  private long units;
  private long batches;

  /**
   * @param executor runs batches; must not run them in the caller's thread
   * @param bound how many units may wait
   * @param largestBatch how many units go out in one transaction
   * @param mostInFlight how many batches may be in flight at the same time
   * @param connectionsAside how many connections may be taken by units that go again alone; the halves of a batch that
   * failed take one more
   */
  CommitQueue(BatchSender sender, Executor executor, InstantSource clock, int bound, int largestBatch,
      int mostInFlight, int connectionsAside) {
    this.sender = sender;
    this.executor = executor;
    this.clock = clock;
    this.bound = bound;
    this.largestBatch = largestBatch;
    this.mostInFlight = mostInFlight;
    this.alone = new Semaphore(connectionsAside, true);
    this.halves = new Semaphore(1, true);
  }

  /** How much went through since opening, and what waits now. */
  public record Statistics(long units, long batches, int waiting) {}

  @Override
  public Unit begin(Unit.Kind kind, MemoryId memory, OperationId op, Instant deadline) {
    return new DatabaseUnit(this, kind, memory, op, deadline);
  }

  public Statistics statistics() {
    lock.lock();
    try {
      return new Statistics(units, batches, waiting.size());
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes a unit that has all its parts. If the queue is full this thread waits until there is room, or until the unit's
   * deadline, when it is withdrawn.
   */
  void submit(DatabaseUnit unit) {
    StoreException refusal = null;
    boolean fence = unit.kind() == Unit.Kind.FENCE_AND_LOOK;
    boolean begin = false;
    lock.lock();
    try {
      boolean hasRoom = fence || awaitRoom(unit);
      if (closed) {
        refusal = new StoreException("the database is closed; open it again", null);
      } else if (!hasRoom) {
        refusal = new QueueFullException(bound);
      } else if (fence) {
        sent.add(unit);
      } else {
        waiting.add(unit);
        begin = running == 0 || running < mostInFlight && waiting.size() >= ENOUGH_FOR_ANOTHER;
        running += begin ? 1 : 0;
      }
    } finally {
      lock.unlock();
    }
    if (refusal != null) {
      unit.withdraw(refusal);
    } else if (fence) {
      aside(alone, () -> runAlone(unit));
    } else if (begin) {
      executor.execute(this::runBatch);
    }
  }

  /** Whether there is room, after waiting for it no longer than the unit may. Called under the lock. */
  private boolean awaitRoom(DatabaseUnit unit) {
    long left = Duration.between(clock.instant(), unit.deadline()).toNanos();
    try {
      while (waiting.size() >= bound && !closed && left > 0) {
        left = room.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      // The caller is told that it was not sent; its thread remembers why.
      Thread.currentThread().interrupt();
    }
    return waiting.size() < bound;
  }

  /** Lets go of a unit that has been answered or withdrawn. */
  void forget(DatabaseUnit unit) {
    if (!sent.remove(unit)) {
      lock.lock();
      try {
        if (waiting.remove(unit)) {
          room.signal();
        }
      } finally {
        lock.unlock();
      }
    }
  }

  /** Answers every unit that is past its deadline. */
  void expire() {
    Instant now = clock.instant();
    List<DatabaseUnit> late = new ArrayList<>();
    lock.lock();
    try {
      waiting.forEach(unit -> addIfLate(unit, now, late));
    } finally {
      lock.unlock();
    }
    sent.forEach(unit -> addIfLate(unit, now, late));
    late.forEach(unit -> executor.execute(unit::expire));
  }

  private static void addIfLate(DatabaseUnit unit, Instant now, List<DatabaseUnit> late) {
    if (!unit.deadline().isAfter(now)) {
      late.add(unit);
    }
  }

  /**
   * Refuses new units, and waits until those that are queued have been sent.
   *
   * @return whether they have been, within the time given
   */
  boolean close(long milliseconds) throws InterruptedException {
    long left = milliseconds * 1_000_000;
    lock.lock();
    try {
      closed = true;
      room.signalAll();
      while (running > 0 && left > 0) {
        left = idle.awaitNanos(left);
      }
      return running == 0;
    } finally {
      lock.unlock();
    }
  }

  private void runBatch() {
    List<DatabaseUnit> batch = nextBatch();
    Runnable answers = () -> {};
    try {
      answers = attempt(batch, batch.size() > 1);
    } finally {
      try {
        handOn();
      } finally {
        answers.run();
      }
    }
  }

  private List<DatabaseUnit> nextBatch() {
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
      units += batch.size();
      batches++;
    } finally {
      lock.unlock();
    }
    late.forEach(unit -> executor.execute(unit::expire));
    batch.removeIf(unit -> !send(unit));
    return batch;
  }

  /** Marks a unit as sent; false if it has been answered meanwhile. */
  private boolean send(DatabaseUnit unit) {
    sent.add(unit);
    boolean sending = unit.send();
    if (!sending) {
      sent.remove(unit);
    }
    return sending;
  }

  private void handOn() {
    boolean more;
    lock.lock();
    try {
      more = waiting.size() >= (running == 1 ? 1 : ENOUGH_FOR_ANOTHER);
      if (!more) {
        running--;
        idle.signalAll();
      }
    } finally {
      lock.unlock();
    }
    if (more) {
      executor.execute(this::runBatch);
    }
  }

  /**
   * Tells each unit on a thread of its own, because what is chained to its answer runs there and may block: the last one on
   * this thread, which has nothing else to do any more. So a batch of one takes no step between threads.
   */
  private void tell(List<DatabaseUnit> batch, Consumer<DatabaseUnit> answer) {
    int last = batch.size() - 1;
    batch.subList(0, last).forEach(unit -> executor.execute(() -> answer.accept(unit)));
    answer.accept(batch.get(last));
  }

  /**
   * Sends a batch and waits for the server.
   *
   * @param skipping whether to pass over locked rows; what was passed over goes again alone
   * @return tells the callers; to be run as the last thing that a thread does
   */
  private Runnable attempt(List<DatabaseUnit> batch, boolean skipping) {
    if (batch.isEmpty()) {
      return () -> {};
    }
    try {
      BatchAnswer answer = sender.send(batch, skipping);
      return () -> tell(batch, unit -> {
        if (skipping && answer.mayHaveSkipped(unit)) {
          aside(alone, () -> runAlone(unit));
        } else {
          unit.answer(answer);
        }
      });
    } catch (BatchSender.NotSentException e) {
      return () -> tell(batch, unit -> unit.reject(SqlFailures.explain("no connection to the database", e)));
    } catch (SQLException e) {
      return () -> fail(batch, e);
    } catch (RuntimeException e) {
      // A defect, here or in a store: whether the batch was sent isn't known.
      return () -> tell(batch,
          unit -> unit.doubt(new StoreException("the write failed in an unexpected way: " + e, e)));
    }
  }

  private void fail(List<DatabaseUnit> batch, SQLException failure) {
    if (!SqlFailures.isCertain(failure)) {
      tell(batch, unit -> unit.doubt(notTaken(failure)));
    } else if (batch.size() > 1) {
      // What has been answered at its deadline meanwhile is not sent again.
      List<DatabaseUnit> left = batch.stream().filter(DatabaseUnit::send).toList();
      int half = left.size() / 2;
      aside(halves, () -> attempt(left.subList(0, half), half > 1));
      aside(halves, () -> attempt(left.subList(half, left.size()), left.size() - half > 1));
    } else if (SqlFailures.isTransient(failure)) {
      aside(alone, () -> runAlone(batch.getFirst()));
    } else {
      batch.getFirst().reject(notTaken(failure));
    }
  }

  private static StoreException notTaken(SQLException failure) {
    return SqlFailures.explain("the database did not take the write", failure);
  }

  /**
   * Runs what the queue does not wait for, on one of the connections that are left to it.
   *
   * @param task returns what tells the callers
   */
  private void aside(Semaphore connections, Supplier<Runnable> task) {
    executor.execute(() -> {
      Runnable answers = () -> {};
      connections.acquireUninterruptibly();
      try {
        answers = task.get();
      } finally {
        connections.release();
        answers.run();
      }
    });
  }

  /** One unit, which waits for its row's lock and is sent again where that may help; returns what tells its caller. */
  private Runnable runAlone(DatabaseUnit unit) {
    try {
      return sendAlone(unit);
    } finally {
      // One that was withdrawn while it was handed over was not there to be forgotten.
      sent.remove(unit);
    }
  }

  private Runnable sendAlone(DatabaseUnit unit) {
    for (int tried = 1; unit.send(); tried++) {
      try {
        BatchAnswer answer = sender.send(List.of(unit), false);
        return () -> unit.answer(answer);
      } catch (BatchSender.NotSentException e) {
        StoreException refusal = SqlFailures.explain("no connection to the database", e);
        return () -> unit.reject(refusal);
      } catch (SQLException e) {
        boolean certain = SqlFailures.isCertain(e);
        if (certain && SqlFailures.isTransient(e) && tried < TRIES) {
          continue;
        }
        StoreException explained = notTaken(e);
        return certain ? () -> unit.reject(explained) : () -> unit.doubt(explained);
      } catch (RuntimeException e) {
        // A defect, here or in a store: whether the unit was sent isn't known.
        StoreException explained = new StoreException("the write failed in an unexpected way: " + e, e);
        return () -> unit.doubt(explained);
      }
    }
    return () -> {};
  }
}
