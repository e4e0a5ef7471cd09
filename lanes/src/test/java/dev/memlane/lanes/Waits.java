package dev.memlane.lanes;

import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Waits for other threads, of at most half a minute. */
final class Waits {

  private static final int SECONDS = 30;

  private Waits() {}

  static <T extends @Nullable Object> T get(CompletableFuture<T> future) throws Exception {
    return future.get(SECONDS, TimeUnit.SECONDS);
  }

  /** The failure of a future. */
  static Throwable failure(CompletableFuture<?> future) throws Exception {
    try {
      future.get(SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      return Objects.requireNonNull(e.getCause());
    }
    throw new AssertionError("it succeeded");
  }

  /** Waits until a latch is open. */
  static void until(CountDownLatch latch) throws InterruptedException {
    if (!latch.await(SECONDS, TimeUnit.SECONDS)) {
      throw new AssertionError("the gate was not opened in time");
    }
  }

  /** Waits until all threads have arrived, of which this thread is one. */
  static void together(CountDownLatch all) throws InterruptedException {
    all.countDown();
    until(all);
  }

  /** The next event of a kind; earlier events of other kinds are skipped. */
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
