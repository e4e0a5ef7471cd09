package dev.memlane.lanes;

import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * A listener's subscription to events. The listener has a thread of its own, so a slow listener delays nothing else.
 * Events that it cannot keep up with are dropped and counted. What it throws goes to the thread's handler of uncaught
 * exceptions. Safe for use by several threads.
 */
public final class Subscription implements AutoCloseable {

  private static final int MOST_WAITING = 10_000;

  /** An empty element is the end. */
  private final BlockingQueue<Optional<LaneEvent>> events = new ArrayBlockingQueue<>(MOST_WAITING);
  private final AtomicLong dropped = new AtomicLong();
  private final Set<Class<? extends LaneEvent>> kinds;
  private final Consumer<Subscription> ended;
  private final Thread thread;
  private volatile boolean closed;

  /**
   * @param kinds the classes of events that are wanted, or supertypes of them
   * @param ended called when the subscription has ended
   */
  Subscription(Set<Class<? extends LaneEvent>> kinds, Predicate<LaneEvent> filter, Consumer<LaneEvent> listener,
      Consumer<Subscription> ended) {
    this.kinds = kinds;
    this.ended = ended;
    this.thread = Thread.ofVirtual().name("memlane-lanes-events").inheritInheritableThreadLocals(false)
        .unstarted(() -> deliver(filter, listener));
  }

  void start() {
    thread.start();
  }

  private void deliver(Predicate<LaneEvent> filter, Consumer<LaneEvent> listener) {
    try {
      for (Optional<LaneEvent> event = events.take(); !closed && event.isPresent(); event = events.take()) {
        deliver(event.get(), filter, listener);
      }
    } catch (InterruptedException e) {
      // It has been closed.
      Thread.currentThread().interrupt();
    } finally {
      ended.accept(this);
    }
  }

  private static void deliver(LaneEvent event, Predicate<LaneEvent> filter, Consumer<LaneEvent> listener) {
    try {
      if (filter.test(event)) {
        listener.accept(event);
      }
    } catch (Throwable e) {
      // Whatever the listener throws, it may handle the next event.
      Uncaught.report(e);
    }
  }

  /** Passes an event on. Never waits and calls nothing foreign, because the executor's lock is held. */
  void offer(LaneEvent event) {
    if (isWanted(event) && !events.offer(Optional.of(event))) {
      dropped.incrementAndGet();
    }
  }

  private boolean isWanted(LaneEvent event) {
    for (Class<? extends LaneEvent> kind : kinds) {
      if (kind.isInstance(event)) {
        return true;
      }
    }
    return false;
  }

  /** Ends the subscription after the events that are in transit; at once if their queue is full. */
  void finish() {
    if (!events.offer(Optional.empty())) {
      close();
    }
  }

  /**
   * The number of events that were dropped because the listener was too slow: events of the wanted kinds, whether or
   * not they would have matched the filter.
   */
  public long dropped() {
    return dropped.get();
  }

  /** Stops the delivery of events, and interrupts the listener. */
  @Override
  public void close() {
    closed = true;
    ended.accept(this);
    thread.interrupt();
  }
}
