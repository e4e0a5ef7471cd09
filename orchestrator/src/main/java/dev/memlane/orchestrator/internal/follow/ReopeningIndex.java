package dev.memlane.orchestrator.internal.follow;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.DamagedIndexException;
import dev.memlane.model.IndexSummary;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreResult;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.DocumentSearch;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.model.store.IndexHits;
import dev.memlane.model.store.IndexQuery;
import dev.memlane.model.store.VectorIndex;
import dev.memlane.orchestrator.BackgroundWork;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.Futures;
import dev.memlane.orchestrator.internal.GuardedIndex;
import dev.memlane.orchestrator.internal.RetryLoop;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The index as writes and searches see it: one that has failed is reopened in the background, and refuses both until it
 * agrees with core.
 *
 * <p>
 * An index that fails for good, for example by a full disk or a broken file, has lost what was written since its last
 * commit. While it is reopened and compared with core, every write is refused as not applied and every search fails: none
 * of them may see, or build on, less than was acknowledged. The comparison itself uses {@link #unguarded}.
 *
 * <p>
 * {@link #generation} goes up when the failure is noticed, before the comparison begins. An operation whose document was
 * put under an earlier generation, and whose row landed after the comparison had passed it, would be acknowledged without
 * a document. The write protocol therefore compares the generations and puts the document again.
 *
 * <p>
 * Invariants: {@code shut} is true from the moment a failure is noticed until a comparison has succeeded on an index that
 * has not failed. One repair is under way at a time, driven by a {@link RetryLoop}. Safe for use by several threads.
 */
public final class ReopeningIndex implements GuardedIndex {

  private static final System.Logger LOGGER = System.getLogger(ReopeningIndex.class.getName());

  private final VectorIndex first;
  private final IndexOpener opener;
  private final Environment environment;
  private final RetryLoop loop;

  /** Held while the index is closed and opened. */
  private final ReentrantLock opening = new ReentrantLock();

  /** Written under {@link #opening}, read without it. */
  private volatile VectorIndex current;

  @GuardedBy("opening")
  private boolean closed;

  /** Written under this object's lock, read without it, as the two fields below. */
  private volatile boolean shut;
  private volatile long generation;
  private volatile @Nullable StoreException reason;

  @GuardedBy("this")
  private Supplier<CompletableFuture<Long>> comparison = () -> CompletableFuture.completedFuture(0L);

  public ReopeningIndex(VectorIndex first, IndexOpener opener, Environment environment) {
    this.first = first;
    this.current = first;
    this.opener = opener;
    this.environment = environment;
    this.loop = new RetryLoop("opening the failed index again", environment);
  }

  public BackgroundWork status() {
    return loop.status();
  }

  /** Sets the comparison that makes the index agree with core. It has to use {@link #unguarded}. */
  public synchronized void setComparison(Supplier<CompletableFuture<Long>> comparison) {
    this.comparison = comparison;
  }

  /** Checks whether the index has failed, and begins the repair if it has. */
  private void checkFailure() {
    StoreException failure = current.failure();
    if (failure == null) {
      return;
    }
    synchronized (this) {
      if (shut) {
        return;
      }
      shut = true;
      generation++;
      reason = failure;
    }
    LOGGER.log(System.Logger.Level.WARNING, "the index has failed and is being opened again: {0}",
        failure.getMessage());
    environment.executor().execute(() -> loop.begin(this::repair));
  }

  private CompletableFuture<RetryLoop.Next> repair() {
    if (!reopen()) {
      return CompletableFuture.completedFuture(RetryLoop.Next.DONE);
    }
    return comparison().get().thenApplyAsync(differing -> {
      StoreException failure = current.failure();
      if (failure != null) {
        throw Futures.own(failure);
      }
      LOGGER.log(System.Logger.Level.INFO, "the index is whole again; {0} memories were put again", differing);
      synchronized (this) {
        shut = false;
        reason = null;
      }
      return RetryLoop.Next.DONE;
    }, environment.executor());
  }

  private synchronized Supplier<CompletableFuture<Long>> comparison() {
    return comparison;
  }

  /** Reopens the index if it has failed. Returns false if this has been closed meanwhile. */
  private boolean reopen() {
    opening.lock();
    try {
      if (closed) {
        return false;
      }
      if (current.failure() != null) {
        closeFailed();
        try {
          current = opener.open(false);
        } catch (DamagedIndexException e) {
          LOGGER.log(System.Logger.Level.WARNING, "the index is rebuilt from the database, because it is damaged", e);
          current = opener.open(true);
        }
      }
      return true;
    } finally {
      opening.unlock();
    }
  }

  private void closeFailed() {
    try {
      current.close();
    } catch (StoreException e) {
      // It has failed already, and the comparison restores what it has lost.
      LOGGER.log(System.Logger.Level.DEBUG, "the failed index could not be closed in order", e);
    }
  }

  /** The reason why writes and searches are refused; null if they are not. */
  private @Nullable StoreException refusal() {
    checkFailure();
    return shut
        ? new StoreException(
            "the index failed and is being opened again and compared with the database; try again in a moment", reason)
        : null;
  }

  private CompletableFuture<StoreResult> write(Function<VectorIndex, CompletableFuture<StoreResult>> call) {
    StoreException refusal = refusal();
    return refusal == null
        ? call.apply(current)
        : CompletableFuture.completedFuture(new StoreResult.NotApplied(refusal));
  }

  private <T> CompletableFuture<T> call(Function<VectorIndex, CompletableFuture<T>> call) {
    StoreException refusal = refusal();
    return refusal == null ? call.apply(current) : CompletableFuture.failedFuture(refusal);
  }

  @Override
  public CompletableFuture<StoreResult> put(IndexDocument document, Instant deadline) {
    return write(index -> index.put(document, deadline));
  }

  @Override
  public CompletableFuture<StoreResult> check(DocumentName name, Instant deadline) {
    return write(index -> index.check(name, deadline));
  }

  @Override
  public CompletableFuture<Void> retain(DocumentName name) {
    return call(index -> index.retain(name));
  }

  @Override
  public CompletableFuture<Void> remove(DocumentName name) {
    return call(index -> index.remove(name));
  }

  @Override
  public CompletableFuture<Void> removeAll(MemoryId memory) {
    return call(index -> index.removeAll(memory));
  }

  @Override
  public CompletableFuture<Set<String>> actors(List<Scope> scopes, Set<String> keys) {
    return call(index -> index.actors(scopes, keys));
  }

  @Override
  public CompletableFuture<DocumentSearch> temporary(List<IndexDocument> documents) {
    return call(index -> index.temporary(documents));
  }

  @Override
  public CompletableFuture<IndexHits> search(IndexQuery query) {
    return call(index -> index.search(query));
  }

  @Override
  public CompletableFuture<List<DocumentName>> names(@Nullable MemoryId after, int limit) {
    return call(index -> index.names(after, limit));
  }

  @Override
  public CompletableFuture<List<DocumentName>> names(Collection<MemoryId> memories) {
    return call(index -> index.names(memories));
  }

  @Override
  public CompletableFuture<Void> commit() {
    return call(VectorIndex::commit);
  }

  @Override
  public CompletableFuture<Void> expunge() {
    return call(VectorIndex::expunge);
  }

  @Override
  public CompletableFuture<Boolean> holdsRemoved(Collection<MemoryId> memories) {
    return call(index -> index.holdsRemoved(memories));
  }

  @Override
  public CompletableFuture<Void> clear() {
    return call(VectorIndex::clear);
  }

  @Override
  public IndexSummary summary() {
    StoreException refusal = refusal();
    if (refusal != null) {
      throw refusal;
    }
    return current.summary();
  }

  @Override
  public @Nullable StoreException failure() {
    return refusal();
  }

  @Override
  public long generation() {
    return generation;
  }

  @Override
  public VectorIndex unguarded() {
    checkFailure();
    return current;
  }

  /** Closes the index that was opened here in place of a failed one. The first index stays open: its owner closes it. */
  public void abandon() {
    opening.lock();
    try {
      closed = true;
      if (!current.equals(first)) {
        current.close();
      }
    } finally {
      opening.unlock();
    }
  }

  @Override
  public void close() {
    loop.close();
    opening.lock();
    try {
      closed = true;
      current.close();
    } finally {
      opening.unlock();
    }
  }

  @Override
  public String toString() {
    return current.toString();
  }
}
