package dev.memlane.model.listen;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A listener whose exceptions are caught; the first one is logged. */
final class GuardedListener implements MemoryListener {

  private static final System.Logger LOGGER = System.getLogger(MemoryListener.class.getName());

  private final MemoryListener listener;
  private final AtomicBoolean failed = new AtomicBoolean();

  GuardedListener(MemoryListener listener) {
    this.listener = listener;
  }

  @Override
  public @Nullable Object operationBegan(OperationStart start) {
    return call(() -> listener.operationBegan(start));
  }

  @Override
  public void operationEnded(OperationEnd end, @Nullable Object context) {
    run(() -> listener.operationEnded(end, context));
  }

  @Override
  public @Nullable Object stepBegan(StepStart start) {
    return call(() -> listener.stepBegan(start));
  }

  @Override
  public void stepEnded(StepEnd end, @Nullable Object context) {
    run(() -> listener.stepEnded(end, context));
  }

  @Override
  public @Nullable Runnable enter(Object context) {
    Runnable leave = call(() -> listener.enter(context));
    return leave == null ? null : () -> run(leave);
  }

  private void run(Runnable notification) {
    call(() -> {
      notification.run();
      return null;
    });
  }

  private <T> @Nullable T call(Supplier<@Nullable T> notification) {
    try {
      return notification.get();
    } catch (Throwable e) {
      // Errors too: whatever a listener does wrong, the write goes on.
      if (failed.compareAndSet(false, true)) {
        LOGGER.log(System.Logger.Level.WARNING, "the listener " + listener.getClass().getName()
            + " failed; the memory goes on, and further failures of this listener are not logged", e);
      }
      return null;
    }
  }
}
