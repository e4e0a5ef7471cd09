package dev.memlane.storage.vector;

import dev.memlane.model.StoreException;
import dev.memlane.model.store.CheckpointSource;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.apache.lucene.index.IndexWriter;
import org.jspecify.annotations.Nullable;

/**
 * The thread that makes writes durable: at intervals, if something has changed, after many writes, and on request.
 * After an interval with few writes it starts the building of graphs ({@link SegmentMerges}).
 */
final class Committer {

  private static final Logger LOG = System.getLogger(Committer.class.getName());

  /** So few that opening puts them again in a second or two. */
  private static final int MOST_UNCOMMITTED = 10_000;
  /** How long a commit waits for its checkpoint; then it has none. */
  private static final Duration CHECKPOINT_PATIENCE = Duration.ofSeconds(10);
  /** The rate of writes that leaves time for building graphs. */
  private static final long FEW_WRITES_PER_SECOND = 1_000;

  private final IndexWriter writer;
  private final RetainBatcher retains;
  private final IndexFailures failures;
  private final ScheduledThreadPoolExecutor thread;
  private final SharedJob commit;
  private final AtomicInteger uncommitted = new AtomicInteger();
  private final LongAdder writesInInterval = new LongAdder();
  private final long fewWrites;
  private final IndexIdentity identity;
  private volatile @Nullable CheckpointSource checkpoints;

  Committer(IndexWriter writer, RetainBatcher retains, IndexIdentity identity, IndexFailures failures,
      Duration interval) {
    this.identity = identity;
    this.writer = writer;
    this.retains = retains;
    this.failures = failures;
    this.thread = new ScheduledThreadPoolExecutor(1, Threads.named("memlane-index-commit"));
    this.commit = new SharedJob(thread, this::commit);
    this.fewWrites = FEW_WRITES_PER_SECOND * interval.toMillis() / 1_000;
    Future<?> unused = thread.scheduleWithFixedDelay(this::endInterval, interval.toNanos(),
        interval.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Sets the source of the checkpoints that commits record from now on. */
  void recordCheckpoints(CheckpointSource source) {
    checkpoints = source;
  }

  /**
   * Counts a put. Under load this bounds how many a crash loses, and so the time that opening needs to put them again.
   */
  void count() {
    writesInInterval.increment();
    if (uncommitted.incrementAndGet() == MOST_UNCOMMITTED) {
      try {
        thread.execute(this::commitInBackground);
      } catch (RejectedExecutionException e) {
        // The index is being closed, which commits.
        return;
      }
    }
  }

  /** Makes everything written before this call durable. */
  CompletableFuture<Void> request() {
    return commit.request()
        .exceptionallyCompose(e -> CompletableFuture.failedFuture(e instanceof RejectedExecutionException
            ? failures.closed()
            : failures.general("could not be made durable", e)));
  }

  /**
   * Ends the intervals, commits a last time if possible, and releases the writer's files. Running merges are aborted;
   * they begin again after opening.
   *
   * @return completes when the writer is closed; fails if the last writes are not durable
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
          failure = failures.general("could not be made durable before it was closed (missing documents are put again "
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
          "the segments of the vector index could not be checked for merging; they are checked again",
          failures.general("could not be merged", e));
    }
  }

  private void commitInBackground() {
    try {
      if (writer.isOpen()) {
        commit();
      }
    } catch (Throwable e) {
      LOG.log(Level.WARNING, "writes to the vector index could not be made durable; the commit is tried again",
          failures.general("could not be made durable", e));
    }
  }

  private void commit() throws IOException {
    uncommitted.set(0);
    if (!writer.hasUncommittedChanges() && retains.isEmpty()) {
      return;
    }
    CheckpointSource.Pending checkpoint = beginCheckpoint();
    try {
      retains.apply();
      // Lucene asks for the data when the documents of the commit are fixed.
      writer.setLiveCommitData(() -> userData(checkpoint.complete()).entrySet().iterator());
      writer.commit();
    } finally {
      String unused = checkpoint.complete();
    }
  }

  private CheckpointSource.Pending beginCheckpoint() {
    CheckpointSource source = checkpoints;
    if (source == null) {
      return () -> null;
    }
    CompletableFuture<CheckpointSource.Pending> begun = source.begin();
    try {
      return begun.get(CHECKPOINT_PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      LOG.log(Level.DEBUG, "a commit of the vector index has no checkpoint, because the database did not answer", e);
    } catch (ExecutionException e) {
      LOG.log(Level.DEBUG, "a commit of the vector index has no checkpoint", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Object unused = begun.thenAccept(CheckpointSource.Pending::complete);
    return () -> null;
  }

  private Map<String, String> userData(@Nullable String checkpoint) {
    Map<String, String> data = new HashMap<>(identity.toUserData());
    if (checkpoint != null) {
      data.put(IndexIdentity.CHECKPOINT_KEY, checkpoint);
    }
    return data;
  }
}
