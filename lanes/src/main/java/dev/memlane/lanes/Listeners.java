package dev.memlane.lanes;

import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Those who are told of an executor's events. Safe for use by several threads; telling needs the lock, so that it is in order. */
final class Listeners {

  private final List<Subscription> subscriptions = new CopyOnWriteArrayList<>();

  boolean areNone() {
    return subscriptions.isEmpty();
  }

  /** Needs the lock, so that it is told of all that is done from now on. */
  Subscription add(Set<Class<? extends LaneEvent>> kinds, Predicate<LaneEvent> filter, Consumer<LaneEvent> listener) {
    Subscription subscription = new Subscription(kinds, filter, listener, subscriptions::remove);
    subscriptions.add(subscription);
    subscription.start();
    return subscription;
  }

  /** Needs the lock. Never waits. */
  void tell(Supplier<LaneEvent> event) {
    if (!subscriptions.isEmpty()) {
      LaneEvent told = event.get();
      subscriptions.forEach(subscription -> subscription.offer(told));
    }
  }

  /** Ends each after what is on its way. */
  void finish() {
    subscriptions.forEach(Subscription::finish);
  }
}
