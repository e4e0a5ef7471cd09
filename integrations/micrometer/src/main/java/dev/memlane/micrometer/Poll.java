package dev.memlane.micrometer;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.micrometer.core.instrument.Clock;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * A snapshot that many meters share: it is read again when a meter is read and it is older than a second. One thread reads
 * it; the others wait for that one. Safe for use by several threads.
 */
final class Poll<T> {

  private static final System.Logger LOGGER = System.getLogger(Poll.class.getName());
  private static final Duration LONGEST_AGE = Duration.ofSeconds(1);
  private static final Duration PATIENCE = Duration.ofMillis(500);

  private final Source<T> source;
  private final Clock clock;

  /** The snapshot; null if the last reading failed. */
  @GuardedBy("this")
  private @Nullable T present;
  /** The last snapshot that could be read; null if none could. */
  @GuardedBy("this")
  private @Nullable T last;
  @GuardedBy("this")
  private @Nullable Long readAt;

  /** Where a snapshot comes from. */
  @FunctionalInterface
  interface Source<T> {
    CompletableFuture<T> read();
  }

  Poll(Source<T> source, Clock clock) {
    this.source = source;
    this.clock = clock;
  }

  /** A value as it is now; NaN if it can't be read. */
  double now(ToDoubleFunction<T> value) {
    T snapshot = snapshot();
    return snapshot == null ? Double.NaN : value.applyAsDouble(snapshot);
  }

  /** A value as it was when it could last be read, because a counter must not jump; 0 if it never could be. */
  double last(ToDoubleFunction<T> value) {
    snapshot();
    T snapshot;
    synchronized (this) {
      snapshot = last;
    }
    return snapshot == null ? 0 : value.applyAsDouble(snapshot);
  }

  private synchronized @Nullable T snapshot() {
    long now = clock.monotonicTime();
    if (readAt == null || now - readAt >= LONGEST_AGE.toNanos()) {
      present = read();
      readAt = clock.monotonicTime();
      if (present != null) {
        last = present;
      }
    }
    return present;
  }

  private @Nullable T read() {
    try {
      return source.read().get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    } catch (ExecutionException | TimeoutException e) {
      // The gauges are NaN, which shows it; the memory itself reports why it can't be read.
      LOGGER.log(System.Logger.Level.DEBUG, "a snapshot for metrics could not be read", e);
      return null;
    }
  }
}
