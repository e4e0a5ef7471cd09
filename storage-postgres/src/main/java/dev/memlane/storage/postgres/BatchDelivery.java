package dev.memlane.storage.postgres;

import dev.memlane.model.StoreException;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The way of a batch from the queue to the results of its units: it is sent, and what fails is sent again where that
 * may help.
 *
 * <p>
 * Nobody's locked row may hold up the queue, so everything that is sent again runs apart from it, on a few connections
 * of its own:
 * <ul>
 * <li>A batch that the server refuses is halved until the unit at fault stands alone.
 * <li>A unit that a batch passed over, because another transaction had locked its row, is sent alone and waits for the
 * lock. After a deadlock or a lock time-out it is sent again, at most four times in all.
 * <li>A broken connection leaves the whole batch in doubt.
 * </ul>
 *
 * <p>
 * Methods that send return a {@link Runnable} which completes the units' results. It runs last, when the connection is
 * free again, because what is chained to a result may block. Safe for use by several threads.
 */
final class BatchDelivery {

  /** How often a unit that stands alone is sent after deadlocks and lock time-outs. */
  private static final int TRIES = 4;

  private final BatchSender sender;
  private final Executor executor;
  /** Permits for units that wait for locks. */
  private final Semaphore alone;
  /** The permit for halves: they wait for no lock, so they must not queue for a connection with units that do. */
  private final Semaphore halves = new Semaphore(1, true);

  /** The units that are sent and not answered; each removes itself when it is answered. */
  private final Set<DatabaseUnit> sent = ConcurrentHashMap.newKeySet();

  /**
   * @param executor must not run tasks in the caller's thread
   * @param connectionsAlone the number of connections for units that are sent alone; the halves of failed batches use
   * one more
   */
  BatchDelivery(BatchSender sender, Executor executor, int connectionsAlone) {
    this.sender = sender;
    this.executor = executor;
    this.alone = new Semaphore(connectionsAlone, true);
  }

  /** Sends a batch in this thread; returns what completes its results. */
  Runnable deliver(List<DatabaseUnit> batch) {
    List<DatabaseUnit> unanswered = batch.stream().filter(this::markSent).toList();
    return attempt(unanswered);
  }

  /** Sends a unit in another thread, alone and waiting for its row's lock. */
  void deliverAlone(DatabaseUnit unit) {
    sent.add(unit);
    sendApart(alone, () -> attemptAlone(unit));
  }

  /** Drops a unit that has been answered or withdrawn; false if it wasn't sent. */
  boolean remove(DatabaseUnit unit) {
    return sent.remove(unit);
  }

  /** Lists the sent units whose deadline has passed. */
  List<DatabaseUnit> late(Instant now) {
    return sent.stream().filter(unit -> !unit.deadline().isAfter(now)).toList();
  }

  /** Marks a unit as sent; false if it has been answered meanwhile. */
  private boolean markSent(DatabaseUnit unit) {
    sent.add(unit);
    boolean sending = unit.send();
    if (!sending) {
      sent.remove(unit);
    }
    return sending;
  }

  /** Sends a batch; if it has several units, it passes over locked rows. */
  private Runnable attempt(List<DatabaseUnit> batch) {
    if (batch.isEmpty()) {
      return () -> {};
    }
    boolean skipping = batch.size() > 1;
    try {
      BatchAnswer answer = sender.send(batch, skipping);
      return () -> complete(batch, unit -> {
        if (skipping && answer.mayHaveSkipped(unit)) {
          sendApart(alone, () -> attemptAlone(unit));
        } else {
          unit.answer(answer);
        }
      });
    } catch (BatchSender.NotSentException e) {
      return () -> complete(batch, unit -> unit.reject(notSent(e)));
    } catch (SQLException e) {
      return () -> fail(batch, e);
    } catch (RuntimeException e) {
      return () -> complete(batch, unit -> unit.doubt(defect(e)));
    }
  }

  private void fail(List<DatabaseUnit> batch, SQLException failure) {
    if (!SqlFailures.isCertain(failure)) {
      complete(batch, unit -> unit.doubt(notTaken(failure)));
    } else if (batch.size() > 1) {
      // A unit that was answered at its deadline meanwhile is not sent again.
      List<DatabaseUnit> left = batch.stream().filter(DatabaseUnit::send).toList();
      int half = left.size() / 2;
      sendApart(halves, () -> attempt(left.subList(0, half)));
      sendApart(halves, () -> attempt(left.subList(half, left.size())));
    } else if (SqlFailures.isTransient(failure)) {
      sendApart(alone, () -> attemptAlone(batch.getFirst()));
    } else {
      batch.getFirst().reject(notTaken(failure));
    }
  }

  /** Sends one unit, which waits for its row's lock, several times where that may help. */
  private Runnable attemptAlone(DatabaseUnit unit) {
    try {
      return sendAlone(unit);
    } finally {
      // A unit that was withdrawn before it was added here could not remove itself.
      sent.remove(unit);
    }
  }

  private Runnable sendAlone(DatabaseUnit unit) {
    for (int tried = 1; unit.send(); tried++) {
      try {
        BatchAnswer answer = sender.send(List.of(unit), false);
        return () -> unit.answer(answer);
      } catch (BatchSender.NotSentException e) {
        StoreException refusal = notSent(e);
        return () -> unit.reject(refusal);
      } catch (SQLException e) {
        boolean certain = SqlFailures.isCertain(e);
        if (certain && SqlFailures.isTransient(e) && tried < TRIES) {
          continue;
        }
        StoreException explained = notTaken(e);
        return certain ? () -> unit.reject(explained) : () -> unit.doubt(explained);
      } catch (RuntimeException e) {
        StoreException explained = defect(e);
        return () -> unit.doubt(explained);
      }
    }
    return () -> {};
  }

  /**
   * Sends in another thread, on one of the connections that are reserved for it.
   *
   * @param send returns what completes the results
   */
  private void sendApart(Semaphore connections, Supplier<Runnable> send) {
    executor.execute(() -> {
      Runnable results = () -> {};
      connections.acquireUninterruptibly();
      try {
        results = send.get();
      } finally {
        connections.release();
        results.run();
      }
    });
  }

  /**
   * Completes each unit on a thread of its own, because what is chained to its result runs there and may block. The
   * last one is completed on this thread, which has nothing else to do; so a batch of one unit needs no other thread.
   */
  private void complete(List<DatabaseUnit> batch, Consumer<DatabaseUnit> completion) {
    int last = batch.size() - 1;
    batch.subList(0, last).forEach(unit -> executor.execute(() -> completion.accept(unit)));
    completion.accept(batch.get(last));
  }

  private static StoreException notSent(BatchSender.NotSentException failure) {
    return SqlFailures.explain("no connection to the database", failure);
  }

  private static StoreException notTaken(SQLException failure) {
    return SqlFailures.explain("the database did not take the write", failure);
  }

  /** A defect, here or in a store: it is unknown whether the units were sent. */
  private static StoreException defect(RuntimeException failure) {
    return new StoreException("the write failed in an unexpected way: " + failure, failure);
  }
}
