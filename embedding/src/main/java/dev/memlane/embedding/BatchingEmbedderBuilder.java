package dev.memlane.embedding;

import dev.memlane.model.InvalidInputException;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.BiFunction;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** A builder of {@link BatchingEmbedder}s. Not safe for use by several threads. */
public final class BatchingEmbedderBuilder {

  private final BiFunction<Integer, Duration, EmbedderPool> pool;
  long cacheBytes = 64L << 20;
  private int concurrency = 1;
  int maxWaiting = 10_000;
  @Nullable
  String vectorName;
  Duration deadline = Duration.ofSeconds(60);
  @Nullable
  Executor executor;
  @Nullable
  ScheduledExecutorService scheduler;
  LongSupplier nanoTime = System::nanoTime;

  /** @param pool makes the pool of a concurrency and a time-out, which apply to a single embedder */
  BatchingEmbedderBuilder(BiFunction<Integer, Duration, EmbedderPool> pool) {
    this.pool = pool;
  }

  /**
   * Sets the size of the cache in bytes; 64 MiB unless set, which holds about 36,000 vectors of 384 numbers. 0 for no
   * cache.
   */
  public BatchingEmbedderBuilder cacheBytes(long cacheBytes) {
    if (cacheBytes < 0) {
      throw new InvalidInputException("cacheBytes is " + cacheBytes + "; it must be at least 0");
    }
    this.cacheBytes = cacheBytes;
    return this;
  }

  /**
   * Sets how many requests to a single embedder may be in flight at the same time; 1 unless set. Has no effect on a
   * pool, whose endpoints have limits of their own.
   */
  public BatchingEmbedderBuilder concurrency(int concurrency) {
    if (concurrency < 1) {
      throw new InvalidInputException("concurrency is " + concurrency + "; it must be at least 1");
    }
    this.concurrency = concurrency;
    return this;
  }

  /** Sets how many texts may wait to be sent for the first time; 10,000 unless set. Further texts are refused. */
  public BatchingEmbedderBuilder maxWaiting(int maxWaiting) {
    if (maxWaiting < 1) {
      throw new InvalidInputException("maxWaiting is " + maxWaiting + "; it must be at least 1");
    }
    this.maxWaiting = maxWaiting;
    return this;
  }

  /** Sets how long a caller waits, and how long a request to a single embedder may take; 60 seconds unless set. */
  public BatchingEmbedderBuilder deadline(Duration deadline) {
    if (deadline.isNegative() || deadline.isZero()) {
      throw new InvalidInputException("deadline is " + deadline + "; it must be positive");
    }
    this.deadline = deadline;
    return this;
  }

  /**
   * Sets the name that the embeddings carry; the model's unless set. Vectors of different kinds of text can't be compared even
   * if one model made them, so they have different names.
   */
  public BatchingEmbedderBuilder vectorName(String vectorName) {
    this.vectorName = vectorName;
    return this;
  }

  /** Sets the timer for deadlines and pauses, which the caller shuts down; an own daemon thread unless set. */
  public BatchingEmbedderBuilder scheduler(ScheduledExecutorService scheduler) {
    this.scheduler = scheduler;
    return this;
  }

  /** Sets the clock for limits per minute and pauses, in nanoseconds from any origin; the system's unless set. */
  public BatchingEmbedderBuilder nanoTime(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    return this;
  }

  /**
   * Sets the executor that calls the embedders and completes the callers' futures; a virtual thread per task unless
   * set. It must not keep tasks waiting. It must not run them in the calling thread either, unless the embedders never
   * answer before they return.
   */
  public BatchingEmbedderBuilder executor(Executor executor) {
    this.executor = executor;
    return this;
  }

  public BatchingEmbedder build() {
    return new BatchingEmbedder(pool.apply(concurrency, deadline), this);
  }
}
