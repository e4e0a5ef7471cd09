package dev.memlane.storage.postgres;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.StoreException;
import dev.memlane.model.listen.Activity;
import dev.memlane.model.store.Unit;
import dev.memlane.model.store.Units;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * The queue through which all units of a database go out, many in one transaction: group commit.
 *
 * <p>
 * <b>Batching.</b> A server has one write-ahead log, so the units that gather while a batch is in flight go out with
 * the next one: there is no timer, and no wait while idle. Only when many have gathered does another batch go out at
 * the same time, so that the server has work while it waits for its disk. A batch is run by the executor, never by the
 * thread that submits: a server that hangs would keep that thread beyond the deadline at which its unit gets a result.
 *
 * <p>
 * <b>Order.</b> No two units of one memory are in one batch; the later one stays for the next. If it overtakes the
 * batch of the other, it finds locked rows or stamps that it doesn't expect, as a unit of another process would.
 *
 * <p>
 * <b>Backpressure.</b> A full queue makes submitting threads wait, each until its unit's deadline at the latest.
 *
 * <p>
 * <b>Results</b> are completed after the queue has been handed on, or on threads of their own, so that code chained to
 * them cannot hold it up.
 *
 * <p>
 * <b>Fences</b> go out alone and apart from the queue: they must wait for the lock of their row, and no batch should
 * wait with them.
 *
 * <p>
 * <b>Failure.</b> {@link BatchDelivery} decides what is sent again. {@link #expire} is called regularly and gives a
 * result to each unit past its deadline, queued or sent, so a server that hangs delays no result beyond its deadline.
 *
 * <p>
 * {@link WaitingUnits} holds what waits, {@link BatchDelivery} what is sent. Safe for use by several threads.
 */
public final class CommitQueue implements Units {

  private final WaitingUnits waiting;
  private final BatchDelivery delivery;
  private final Executor executor;
  private final InstantSource clock;
  private final int bound;

  /**
   * @param executor runs batches; must not run them in the caller's thread
   * @param bound how many units may wait
   * @param largestBatch how many units go out in one transaction
   * @param mostInFlight how many batches may be in flight at the same time
   * @param connectionsAlone how many connections may be used by units that are sent again alone; the halves of a batch
   * that failed use one more
   */
  CommitQueue(BatchSender sender, Executor executor, InstantSource clock, int bound, int largestBatch,
      int mostInFlight, int connectionsAlone) {
    this.waiting = new WaitingUnits(clock, bound, largestBatch, mostInFlight);
    this.delivery = new BatchDelivery(sender, executor, connectionsAlone);
    this.executor = executor;
    this.clock = clock;
    this.bound = bound;
  }

  /** Totals since opening, and the number of units that wait now. */
  public record Statistics(long units, long batches, int waiting) {}

  @Override
  public Unit begin(Unit.Kind kind, MemoryId memory, OperationId op, Instant deadline) {
    return begin(kind, memory, op, deadline, null);
  }

  @Override
  public Unit begin(Unit.Kind kind, MemoryId memory, OperationId op, Instant deadline, @Nullable Activity activity) {
    return new DatabaseUnit(this, kind, memory, op, deadline, activity);
  }

  @Override
  public int waiting() {
    return waiting.statistics().waiting();
  }

  public Statistics statistics() {
    return waiting.statistics();
  }

  /**
   * Accepts a unit that has all its parts. If the queue is full, the calling thread waits for room; at the unit's
   * deadline the unit is withdrawn.
   */
  void submit(DatabaseUnit unit) {
    if (unit.kind() == Unit.Kind.FENCE_AND_LOOK) {
      submitFence(unit);
      return;
    }
    switch (waiting.add(unit)) {
      case CLOSED -> unit.withdraw(closed());
      case FULL -> unit.withdraw(new QueueFullException(bound));
      case WAITS_FOR_NEW_RUNNER -> executor.execute(this::runBatch);
      case WAITS -> {
        // A runner takes it.
      }
    }
  }

  private void submitFence(DatabaseUnit unit) {
    if (waiting.isClosed()) {
      unit.withdraw(closed());
    } else {
      delivery.deliverAlone(unit);
    }
  }

  private static StoreException closed() {
    return new StoreException("the database is closed; open it again", null);
  }

  /** Drops a unit that has been answered or withdrawn. */
  void remove(DatabaseUnit unit) {
    if (!delivery.remove(unit)) {
      waiting.remove(unit);
    }
  }

  /** Gives a result to every unit that is past its deadline. */
  void expire() {
    Instant now = clock.instant();
    waiting.late(now).forEach(this::expireInBackground);
    delivery.late(now).forEach(this::expireInBackground);
  }

  private void expireInBackground(DatabaseUnit unit) {
    executor.execute(unit::expire);
  }

  /**
   * Refuses new units, and waits until the queued ones have been sent.
   *
   * @return whether they have been, within this time
   */
  boolean close(long milliseconds) throws InterruptedException {
    return waiting.close(milliseconds);
  }

  private void runBatch() {
    WaitingUnits.Batch batch = waiting.take();
    batch.late().forEach(this::expireInBackground);
    Runnable results = () -> {};
    try {
      results = delivery.deliver(batch.units());
    } finally {
      try {
        if (!waiting.endRunner()) {
          executor.execute(this::runBatch);
        }
      } finally {
        results.run();
      }
    }
  }
}
