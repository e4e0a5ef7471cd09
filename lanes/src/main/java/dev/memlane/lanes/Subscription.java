package dev.memlane.lanes;

import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * Events on their way to a listener, which has a thread of its own: however slow it is, it holds up nobody. What it can't
 * take is dropped and counted; what it throws goes to the thread's handler of uncaught exceptions. Safe for use by several
 * threads.
 */
public final class Subscription implements AutoCloseable {

  private static final int MOST_WAITING = 10_000;

  /** What isn't there is the end. */
  private final BlockingQueue<Optional<LaneEvent>> events = new ArrayBlockingQueue<>(MOST_WAITING);
  private final AtomicLong dropped = new AtomicLong();
  private final Set<Class<? extends LaneEvent>> kinds;
  private final Consumer<Subscription> ended;
  private final Thread thread;
  private volatile boolean closed;

  /**
   * @param kinds of events that are wanted, or types that they have in common
   * @param ended is told when it is over
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
      // It has been closed: that is how it ends.
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
      // The listener's fault, whatever it is; the next event may be better taken.
      Uncaught.report(e);
    }
  }

  /** Never waits. Runs nothing foreign: the executor's lock is held. */
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

  /** Ends it after what is on its way; at once, if that is too much. */
  void finish() {
    if (!events.offer(Optional.empty())) {
      close();
    }
  }

  /**
   * How many events were dropped because the listener was too slow; of those kinds that were asked for, whether or not they would
   * have passed the filter.
   */
  public long dropped() {
    return dropped.get();
  }

  /** Tells the listener nothing more, and interrupts it. */
  @Override
  public void close() {
    closed = true;
    ended.accept(this);
    thread.interrupt();
  }
}
