package dev.memlane.lanes;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * Events on their way to a listener, which has a thread of its own: however slow it is, it holds up nobody. What it can't
 * take is dropped and counted. Safe for use by several threads.
 */
public final class Subscription implements AutoCloseable {

  private static final int MOST_WAITING = 10_000;

  private final BlockingQueue<LaneEvent> events = new ArrayBlockingQueue<>(MOST_WAITING);
  private final AtomicLong dropped = new AtomicLong();
  private final Consumer<Subscription> closed;
  private final Thread thread;

  /** @param closed is told when it is closed */
  Subscription(Predicate<LaneEvent> filter, Consumer<LaneEvent> listener, Consumer<Subscription> closed) {
    this.closed = closed;
    this.thread = Thread.ofVirtual().name("memlane-lanes-events").start(() -> deliver(filter, listener));
  }

  private void deliver(Predicate<LaneEvent> filter, Consumer<LaneEvent> listener) {
    try {
      while (true) {
        LaneEvent event = events.take();
        try {
          if (filter.test(event)) {
            listener.accept(event);
          }
        } catch (RuntimeException e) {
          // The listener's fault; the next event may be better taken.
          Thread self = Thread.currentThread();
          self.getUncaughtExceptionHandler().uncaughtException(self, e);
        }
      }
    } catch (InterruptedException e) {
      // It has been closed: that is how it ends.
      Thread.currentThread().interrupt();
    }
  }

  /** Never waits. */
  void offer(LaneEvent event) {
    if (!events.offer(event)) {
      dropped.incrementAndGet();
    }
  }

  /** How many events were dropped because the listener was too slow. */
  public long dropped() {
    return dropped.get();
  }

  /** Tells the listener nothing more, and interrupts it. */
  @Override
  public void close() {
    closed.accept(this);
    thread.interrupt();
  }
}
