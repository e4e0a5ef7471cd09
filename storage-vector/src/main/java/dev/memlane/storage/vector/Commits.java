package dev.memlane.storage.vector;

import dev.memlane.model.StoreException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.apache.lucene.index.IndexWriter;
import org.jspecify.annotations.Nullable;

/**
 * Makes what was written durable, on a thread of its own: at intervals while something has changed, and on request. After an
 * interval in which little was written it has graphs built ({@link SegmentMerges}).
 */
final class Commits {

  private static final Logger LOG = System.getLogger(Commits.class.getName());

  /** What opening can put again in a second or two. */
  private static final int MOST_UNCOMMITTED = 20_000;
  /** So many writes a second leave time for building graphs. */
  private static final long FEW_WRITES_PER_SECOND = 1_000;

  private final IndexWriter writer;
  private final Retentions retentions;
  private final IndexFailures failures;
  private final ScheduledThreadPoolExecutor thread;
  private final SharedJob commit;
  private final AtomicInteger uncommitted = new AtomicInteger();
  private final LongAdder writesInInterval = new LongAdder();
  private final long fewWrites;

  Commits(IndexWriter writer, Retentions retentions, IndexFailures failures, Duration interval) {
    this.writer = writer;
    this.retentions = retentions;
    this.failures = failures;
    this.thread = new ScheduledThreadPoolExecutor(1, Threads.named("memlane-index-commit"));
    this.commit = new SharedJob(thread, this::commit);
    this.fewWrites = FEW_WRITES_PER_SECOND * interval.toMillis() / 1_000;
    Future<?> unused = thread.scheduleWithFixedDelay(this::endInterval, interval.toNanos(),
        interval.toNanos(), TimeUnit.NANOSECONDS);
  }

  /**
   * Counts a write. Under load what a crash takes is bounded by this, and so is the time that opening needs to put it
   * again.
   */
  void count() {
    writesInInterval.increment();
    if (uncommitted.incrementAndGet() == MOST_UNCOMMITTED) {
      try {
        thread.execute(this::commitInBackground);
      } catch (RejectedExecutionException e) {
        // It is being closed, which commits.
        return;
      }
    }
  }

  /** Commits everything written before this call. */
  CompletableFuture<Void> request() {
    return commit.request()
        .exceptionallyCompose(e -> CompletableFuture.failedFuture(e instanceof RejectedExecutionException
            ? failures.closed()
            : failures.general("could not be made durable", e)));
  }

  /**
   * Ends the intervals, commits a last time if that is possible, and lets go of the writer's files. Merges that are
   * running are given up: they are begun again after opening.
   *
   * @return ends when the writer is closed; fails if what was written last is not durable
   */
  CompletableFuture<Void> closeWriter() {
    CompletableFuture<Void> closed = new CompletableFuture<>();
    thread.execute(() -> {
      @Nullable
      StoreException failure = null;
      if (writer.isOpen()) {
        try {
          commit();
        } catch (Throwable e) {
          failure = failures.general("could not be made durable before it was closed (what is missing is put again "
              + "from the database when it is opened)", e);
        }
      }
      try {
        writer.rollback();
      } catch (Throwable e) {
        StoreException unclosed = failures.general("could not be closed", e);
        if (failure == null) {
          failure = unclosed;
        } else {
          failure.addSuppressed(unclosed);
        }
      }
      if (failure == null) {
        closed.complete(null);
      } else {
        closed.completeExceptionally(failure);
      }
    });
    thread.shutdown();
    return closed;
  }

  private void endInterval() {
    commitInBackground();
    if (writesInInterval.sumThenReset() <= fewWrites) {
      mergeInBackground();
    }
  }

  private void mergeInBackground() {
    try {
      if (writer.isOpen()) {
        writer.maybeMerge();
      }
    } catch (Throwable e) {
      LOG.log(Level.WARNING,
          "the segments of the vector index could not be looked through for merging; it is tried again",
          failures.general("could not be merged", e));
    }
  }

  private void commitInBackground() {
    try {
      if (writer.isOpen()) {
        commit();
      }
    } catch (Throwable e) {
      LOG.log(Level.WARNING, "what was written to the vector index could not be made durable; it is tried again",
          failures.general("could not be made durable", e));
    }
  }

  private void commit() throws IOException {
    uncommitted.set(0);
    retentions.apply();
    if (writer.hasUncommittedChanges()) {
      writer.commit();
    }
  }
}
