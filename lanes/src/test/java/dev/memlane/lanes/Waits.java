package dev.memlane.lanes;

import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Waits for what other threads do, half a minute at most. */
final class Waits {

  private static final int SECONDS = 30;

  private Waits() {}

  static <T extends @Nullable Object> T get(CompletableFuture<T> future) throws Exception {
    return future.get(SECONDS, TimeUnit.SECONDS);
  }

  /** Why a future has failed. */
  static Throwable failure(CompletableFuture<?> future) throws Exception {
    try {
      future.get(SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      return Objects.requireNonNull(e.getCause());
    }
    throw new AssertionError("it succeeded");
  }

  /** Until it is open. */
  static void until(CountDownLatch latch) throws InterruptedException {
    if (!latch.await(SECONDS, TimeUnit.SECONDS)) {
      throw new AssertionError("nobody opens the gate");
    }
  }

  /** Until all have arrived, of whom this thread is one. */
  static void together(CountDownLatch all) throws InterruptedException {
    all.countDown();
    until(all);
  }

  /** The next event of a kind; others before it are passed over. */
  static <T extends LaneEvent> T next(BlockingQueue<LaneEvent> events, Class<T> kind) throws InterruptedException {
    while (true) {
      LaneEvent event = Objects.requireNonNull(events.poll(SECONDS, TimeUnit.SECONDS),
          "no " + kind.getSimpleName());
      if (kind.isInstance(event)) {
        return kind.cast(event);
      }
    }
  }
}
