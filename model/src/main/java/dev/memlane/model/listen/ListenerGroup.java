package dev.memlane.model.listen;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Several listeners as one. Its contexts are arrays with those of each listener. */
final class ListenerGroup implements MemoryListener {

  private final List<MemoryListener> listeners;

  ListenerGroup(List<MemoryListener> listeners) {
    this.listeners = List.copyOf(listeners);
  }

  @Override
  public Object operationBegan(OperationStart start) {
    @Nullable
    Object[] contexts = new @Nullable Object[listeners.size()];
    for (int i = 0; i < contexts.length; i++) {
      contexts[i] = listeners.get(i).operationBegan(
          new OperationStart(start.type(), start.request(), context(start.batch(), i)));
    }
    return contexts;
  }

  @Override
  public void operationEnded(OperationEnd end, @Nullable Object context) {
    for (int i = 0; i < listeners.size(); i++) {
      listeners.get(i).operationEnded(end, context(context, i));
    }
  }

  @Override
  public Object stepBegan(StepStart start) {
    @Nullable
    Object[] contexts = new @Nullable Object[listeners.size()];
    for (int i = 0; i < contexts.length; i++) {
      contexts[i] = listeners.get(i).stepBegan(new StepStart(start.type(), contexts(start.contexts(), i), start.size(),
          start.model(), start.endpoint()));
    }
    return contexts;
  }

  @Override
  public void stepEnded(StepEnd end, @Nullable Object context) {
    for (int i = 0; i < listeners.size(); i++) {
      listeners.get(i).stepEnded(end, context(context, i));
    }
  }

  @Override
  public Runnable enter(Object context) {
    List<Runnable> leaves = new ArrayList<>(listeners.size());
    for (int i = 0; i < listeners.size(); i++) {
      Object own = context(context, i);
      Runnable leave = own == null ? null : listeners.get(i).enter(own);
      if (leave != null) {
        leaves.addFirst(leave);
      }
    }
    return () -> leaves.forEach(Runnable::run);
  }

  private static List<Object> contexts(List<Object> groups, int listener) {
    return groups.stream().map(group -> context(group, listener)).filter(Objects::nonNull).map(Object.class::cast)
        .toList();
  }

  private static @Nullable Object context(@Nullable Object group, int listener) {
    return group == null ? null : ((@Nullable Object[]) group)[listener];
  }
}
