package dev.memlane.storage.vector;

import com.google.errorprone.annotations.concurrent.GuardedBy;
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
 * The queue of writes and the few threads that apply them. Its guarantees:
 *
 * <ul>
 * <li>Writes of one memory run in the order in which they were offered: a memory belongs to one stripe, and a stripe is
 * one thread with one queue. A write that hangs blocks its own stripe only.
 * <li>Queues are bounded: a write that does not fit is refused at once.
 * <li>A write offered to all stripes runs once, after all writes offered before it and before all offered after it,
 * whatever their memory: the stripes wait for each other, and the last to arrive runs it.
 * <li>Every accepted write either runs or is withdrawn, once.
 * </ul>
 *
 * <p>
 * The threads are never interrupted: an interrupt closes the file that Lucene is writing, and with it the index.
 */
final class WriteQueue {

  /** A write that waits in the queue. */
  interface Write {

    /** Applies the write; throws nothing. */
    void run();

    /** Called instead of {@link #run} if the write will not run any more. */
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

  /** Adds a write; false if its stripe's queue is full or closed. */
  boolean offer(MemoryId memory, Write write) {
    return stripe(memory).offer(write);
  }

  /** Adds a write that waits for all stripes; false if one of their queues is full or closed. */
  boolean offerToAll(Write write) {
    Barrier barrier = new Barrier(stripes.size(), write);
    // Two barriers in different order in two stripes would wait for each other forever.
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

  /** Whether a write of this memory would be accepted now. */
  boolean hasRoom(MemoryId memory) {
    return stripe(memory).hasRoom();
  }

  /**
   * Refuses new writes, and waits until the accepted ones have run.
   *
   * @param patience how long to wait; writes that have not begun by then are withdrawn
   * @param reason why they are withdrawn
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

  /** One thread and its queue. The thread ends when the stripe is closed and empty. */
  private static final class Stripe {

    private final int bound;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final CountDownLatch ended = new CountDownLatch(1);

    @GuardedBy("lock")
    private final Deque<Write> waiting = new ArrayDeque<>();
    @GuardedBy("lock")
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
      return Uninterruptibles.awaitUntil(nanoTime, nanos -> ended.await(nanos, TimeUnit.NANOSECONDS));
    }

    void work() {
      for (Write write = next(); write != null; write = next()) {
        try {
          write.run();
        } catch (Throwable e) {
          // Writes report their failures themselves. One that throws must not end the thread.
          LOG.log(Level.ERROR, "a write to the vector index failed without reporting it", e);
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

  /** A write that makes all stripes wait for each other. */
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
        Uninterruptibles.await(passed::await);
      }
    }

    @Override
    public void withdraw(StoreException reason) {
      // If one stripe does not arrive, the write can't run.
      write.withdraw(reason);
      open();
    }

    void open() {
      passed.countDown();
    }
  }
}
