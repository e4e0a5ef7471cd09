package dev.memlane.storage.opensearch;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.MemoryId;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The order of this process's writes. Its guarantees:
 *
 * <ul>
 * <li>Writes of one memory begin in the order in which they were offered, each when the one before has ended. Those of
 * different memories run at the same time.
 * <li>A write of all memories begins when all writes offered before it have ended; writes offered after it begin when it
 * has ended.
 * <li>The number of writes that have not ended is bounded: a write that does not fit is refused at once.
 * <li>Every accepted write begins, once.
 * </ul>
 */
final class WriteOrder {

  /** A write. */
  interface Write {

    /** The memory that it changes; null for all. */
    @Nullable
    MemoryId memory();

    /**
     * Begins; throws nothing.
     *
     * @param ended is run once when the write has ended, or may be overtaken
     */
    void begin(Runnable ended);
  }

  private final Executor executor;
  private final int bound;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** The writes of each memory that has a running one, in order; the running one is not among them. */
  @GuardedBy("lock")
  private final Map<MemoryId, Deque<Write>> memories = new HashMap<>();
  /** A waiting write of all memories, and everything that was offered after it. */
  @GuardedBy("lock")
  private final Deque<Write> behind = new ArrayDeque<>();
  @GuardedBy("lock")
  private boolean all;
  @GuardedBy("lock")
  private int unended;
  @GuardedBy("lock")
  private boolean closed;

  WriteOrder(Executor executor, int bound) {
    this.executor = executor;
    this.bound = bound;
  }

  /** Adds a write; false if there are too many, or this is closed. */
  boolean offer(Write write) {
    lock.lock();
    try {
      if (closed || unended >= bound) {
        return false;
      }
      unended++;
      if (all || !behind.isEmpty()) {
        behind.add(write);
      } else {
        admit(write);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Whether a write would be accepted now. */
  boolean hasRoom() {
    lock.lock();
    try {
      return !closed && unended < bound;
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void admit(Write write) {
    MemoryId memory = write.memory();
    if (memory == null) {
      if (memories.isEmpty()) {
        all = true;
        begin(write);
      } else {
        behind.add(write);
      }
      return;
    }
    Deque<Write> waiting = memories.get(memory);
    if (waiting == null) {
      memories.put(memory, new ArrayDeque<>(1));
      begin(write);
    } else {
      waiting.add(write);
    }
  }

  private void begin(Write write) {
    // Elsewhere, so that a long row of writes that end at once is no deep recursion.
    executor.execute(() -> write.begin(() -> ended(write)));
  }

  private void ended(Write write) {
    lock.lock();
    try {
      unended--;
      MemoryId memory = write.memory();
      if (memory == null) {
        all = false;
      } else {
        Deque<Write> waiting = memories.get(memory);
        Write next = waiting == null ? null : waiting.poll();
        if (next == null) {
          memories.remove(memory);
        } else {
          begin(next);
        }
      }
      while (!behind.isEmpty() && !all && (behind.element().memory() != null || memories.isEmpty())) {
        admit(behind.remove());
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Refuses further writes, and waits until the accepted ones have ended; false if they have not in this time. */
  boolean close(long nanos) {
    lock.lock();
    try {
      closed = true;
      long left = nanos;
      while (unended > 0 && left > 0) {
        try {
          left = changed.awaitNanos(left);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return false;
        }
      }
      return unended == 0;
    } finally {
      lock.unlock();
    }
  }
}
