package dev.memlane.lanes;

import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * The subscriptions to an executor's events. Safe for use by several threads; publishing needs the lock, so that
 * events are in order.
 */
final class Listeners {

  private final List<Subscription> subscriptions = new CopyOnWriteArrayList<>();

  boolean isEmpty() {
    return subscriptions.isEmpty();
  }

  /** Adds a listener. Needs the lock, so that the listener receives every event from now on. */
  Subscription add(Set<Class<? extends LaneEvent>> kinds, Predicate<LaneEvent> filter, Consumer<LaneEvent> listener) {
    Subscription subscription = new Subscription(kinds, filter, listener, subscriptions::remove);
    subscriptions.add(subscription);
    subscription.start();
    return subscription;
  }

  /** Publishes an event, which is created only if there is a subscription. Needs the lock. Never waits. */
  void publish(Supplier<LaneEvent> event) {
    if (!subscriptions.isEmpty()) {
      LaneEvent published = event.get();
      subscriptions.forEach(subscription -> subscription.offer(published));
    }
  }

  /** Ends each subscription after the events that are in transit. */
  void finish() {
    subscriptions.forEach(Subscription::finish);
  }
}
