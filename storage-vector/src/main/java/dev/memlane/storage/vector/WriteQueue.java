package dev.memlane.storage.vector;

import dev.memlane.model.MemoryId;
import dev.memlane.model.StoreException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A few threads that apply writes, those to one memory in the order in which they were offered.
 *
 * <ul>
 * <li>A memory belongs to one stripe, and a stripe is one thread with one queue, so a memory's writes never overtake
 * each other. A write that hangs holds up its own stripe only.
 * <li>Queues are bounded: what does not fit is refused at once.
 * <li>A write offered to all stripes runs once, after everything that was offered before it and before everything
 * after, whatever the memory: the stripes wait for each other, and the last to arrive runs it.
 * <li>Every write that was taken either runs or is withdrawn, once.
 * </ul>
 *
 * <p>
 * The threads are never interrupted: an interrupt closes the file that Lucene is writing, and with it the index.
 */
final class WriteQueue {

  /** A write that waits for its turn. */
  interface Write {

    /** Applies the write; throws nothing. */
    void run();

    /** Told instead of {@link #run}: it won't run any more. */
    void withdraw(StoreException reason);
  }

  private static final Logger LOG = System.getLogger(WriteQueue.class.getName());

  private final List<Stripe> stripes = new ArrayList<>();
  private final Object offeringToAll = new Object();

  /**
   * @param threads how many stripes; at least 1
   * @param bound how many writes may wait in all; at least one for each stripe
   */
  WriteQueue(int threads, int bound) {
    for (int i = 0; i < threads; i++) {
      stripes.add(new Stripe(Math.max(1, bound / threads)));
    }
    for (int i = 0; i < threads; i++) {
      Thread.ofPlatform().daemon().name("memlane-index-write-" + i).start(stripes.get(i)::work);
    }
  }

  /** Whether the write was taken: not if its stripe's queue is full, or closed. */
  boolean offer(MemoryId memory, Write write) {
    return stripe(memory).offer(write);
  }

  /** Whether the write was taken, by all stripes. */
  boolean offerToAll(Write write) {
    Barrier barrier = new Barrier(stripes.size(), write);
    // Two barriers in different order in two stripes would wait for each other for ever.
    synchronized (offeringToAll) {
      for (Stripe stripe : stripes) {
        if (!stripe.offer(barrier)) {
          barrier.open();
          return false;
        }
      }
    }
    return true;
  }

  /** Whether a write to this memory would be taken now. */
  boolean hasRoom(MemoryId memory) {
    return stripe(memory).hasRoom();
  }

  /**
   * Takes no more writes, and waits until those that were taken have run.
   *
   * @param patience how long to wait; what has not begun by then is withdrawn
   * @param reason what the withdrawn ones are told
   * @return whether all have run
   */
  boolean close(Duration patience, StoreException reason) {
    stripes.forEach(Stripe::close);
    long end = System.nanoTime() + patience.toNanos();
    boolean all = true;
    for (Stripe stripe : stripes) {
      all &= stripe.awaitEnd(end);
    }
    stripes.forEach(stripe -> stripe.withdraw(reason));
    return all;
  }

  private Stripe stripe(MemoryId memory) {
    return stripes.get(Math.floorMod(memory.hashCode(), stripes.size()));
  }

  /** One thread and what waits for it. The thread ends when the stripe is closed and empty. */
  private static final class Stripe {

    private final int bound;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final CountDownLatch ended = new CountDownLatch(1);

    // Guarded by the lock.
    private final Deque<Write> waiting = new ArrayDeque<>();
    private boolean closed;

    Stripe(int bound) {
      this.bound = bound;
    }

    boolean offer(Write write) {
      lock.lock();
      try {
        if (closed || waiting.size() >= bound) {
          return false;
        }
        waiting.add(write);
        changed.signal();
        return true;
      } finally {
        lock.unlock();
      }
    }

    boolean hasRoom() {
      lock.lock();
      try {
        return !closed && waiting.size() < bound;
      } finally {
        lock.unlock();
      }
    }

    void close() {
      lock.lock();
      try {
        closed = true;
        changed.signal();
      } finally {
        lock.unlock();
      }
    }

    void withdraw(StoreException reason) {
      List<Write> left;
      lock.lock();
      try {
        left = List.copyOf(waiting);
        waiting.clear();
      } finally {
        lock.unlock();
      }
      left.forEach(write -> write.withdraw(reason.copy()));
    }

    boolean awaitEnd(long nanoTime) {
      return Waits.until(nanoTime, nanos -> ended.await(nanos, TimeUnit.NANOSECONDS));
    }

    void work() {
      for (Write write = next(); write != null; write = next()) {
        try {
          write.run();
        } catch (Throwable e) {
          // A write tells its own failures; one that does not must not take the thread with it.
          LOG.log(Level.ERROR, "a write to the vector index failed without telling", e);
        }
      }
      ended.countDown();
    }

    private @Nullable Write next() {
      lock.lock();
      try {
        while (waiting.isEmpty() && !closed) {
          changed.awaitUninterruptibly();
        }
        return waiting.poll();
      } finally {
        lock.unlock();
      }
    }
  }

  /** A write that waits for all stripes, and makes each wait for the others. */
  private static final class Barrier implements Write {

    private final AtomicInteger missing;
    private final Write write;
    private final CountDownLatch passed = new CountDownLatch(1);

    Barrier(int stripes, Write write) {
      this.missing = new AtomicInteger(stripes);
      this.write = write;
    }

    @Override
    public void run() {
      if (missing.decrementAndGet() == 0) {
        try {
          write.run();
        } finally {
          open();
        }
      } else {
        Waits.forIt(passed::await);
      }
    }

    @Override
    public void withdraw(StoreException reason) {
      // One stripe that does not arrive is enough to keep the write from running.
      write.withdraw(reason);
      open();
    }

    void open() {
      passed.countDown();
    }
  }
}
