package dev.memlane.storage.vector;

import dev.memlane.model.MemoryId;
import dev.memlane.model.Receipt;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreKind;
import dev.memlane.model.StoreResult;
import dev.memlane.model.StoreResult.Applied;
import dev.memlane.model.StoreResult.InDoubt;
import dev.memlane.model.StoreResult.NotApplied;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.IndexDocument;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import org.apache.lucene.document.Document;
import org.apache.lucene.index.IndexWriter;
import org.jspecify.annotations.Nullable;

/**
 * The writing side of an index: puts and removals go through the {@link WriteQueue} to Lucene. Each write is counted by
 * the {@link LatestView}, which makes it visible, and each put by the {@link Committer}, which makes it durable. Safe
 * for use by several threads.
 */
final class DocumentWriter {

  private final IndexWriter writer;
  private final RetainBatcher retains;
  private final LatestView view;
  private final Committer committer;
  private final Words words;
  private final IndexIdentity identity;
  private final IndexStatus status;
  private final IndexFailures failures;
  private final InstantSource clock;
  private final WriteQueue queue;
  private final ScheduledThreadPoolExecutor deadlines;

  DocumentWriter(OpenedIndex opened, Words words, IndexIdentity identity, Committer committer, IndexStatus status,
      IndexFailures failures, InstantSource clock, WriteQueue queue) {
    this.writer = opened.writer();
    this.retains = opened.retains();
    this.view = opened.view();
    this.committer = committer;
    this.words = words;
    this.identity = identity;
    this.status = status;
    this.failures = failures;
    this.clock = clock;
    this.queue = queue;
    this.deadlines = new ScheduledThreadPoolExecutor(1, Threads.named("memlane-index-deadlines"));
    this.deadlines.setRemoveOnCancelPolicy(true);
    this.deadlines.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  /** See {@link dev.memlane.model.store.VectorIndex#put}. */
  CompletableFuture<StoreResult> put(IndexDocument document, Instant deadline) {
    PendingPut put = new PendingPut(document, deadline, clock, this::apply);
    if (!queue.offer(document.memory().id(), put)) {
      return CompletableFuture.completedFuture(new NotApplied(status.refusal()));
    }
    put.watch(deadlines);
    return put.result();
  }

  /** Whether a write to this memory would be accepted now. */
  boolean hasRoom(MemoryId memory) {
    return queue.hasRoom(memory);
  }

  /** See {@link dev.memlane.model.store.VectorIndex#retain}. */
  CompletableFuture<Void> retain(DocumentName name) {
    return remove(new RecentWrites.Removal.OthersThan(name), () -> retains.add(name));
  }

  /** See {@link dev.memlane.model.store.VectorIndex#remove}. */
  CompletableFuture<Void> remove(DocumentName name) {
    return remove(new RecentWrites.Removal.Named(name),
        () -> writer.deleteDocuments(DocumentFields.documentTerm(name)));
  }

  /** See {@link dev.memlane.model.store.VectorIndex#removeAll}. */
  CompletableFuture<Void> removeAll(MemoryId memory) {
    return remove(new RecentWrites.Removal.All(memory),
        () -> writer.deleteDocuments(DocumentFields.memoryTerm(memory)));
  }

  /** See {@link dev.memlane.model.store.VectorIndex#clear}. */
  CompletableFuture<Void> clear() {
    Removal removal = new Removal(null, writer::deleteAll);
    if (!queue.offerToAll(removal)) {
      removal.result.completeExceptionally(status.refusal());
    }
    return removal.result;
  }

  private CompletableFuture<Void> remove(RecentWrites.Removal removed, Change change) {
    Removal removal = new Removal(removed, change);
    if (!queue.offer(removed.memory(), removal)) {
      removal.result.completeExceptionally(status.refusal());
    }
    return removal.result;
  }

  private StoreResult apply(IndexDocument source) {
    StoreException failure = status.failure();
    if (failure != null) {
      return new NotApplied(failure);
    }
    DocumentName name = source.name();
    Document document;
    try {
      document = DocumentFields.of(source, words, identity);
    } catch (RuntimeException e) {
      return new NotApplied(failures.general("can't take memory " + name.memory(), e));
    }
    try {
      retains.beforePut(name.memory());
      writer.updateDocument(DocumentFields.documentTerm(name), document);
    } catch (IllegalArgumentException e) {
      // Lucene rejects the document and leaves the writer unchanged.
      return new NotApplied(failures.general("can't take memory " + name.memory(), e));
    } catch (IOException | RuntimeException e) {
      view.count();
      return new InDoubt(failures.general("failed while it wrote memory " + name.memory(), e));
    }
    view.countPut(new RecentDocument(source, words, identity));
    committer.count();
    return new Applied(new Receipt(StoreKind.VECTOR, name.memory(), name.op(), source.memory().version()));
  }

  /**
   * Refuses new writes, and waits until the accepted ones have run.
   *
   * @param patience how long to wait; writes that have not begun by then are withdrawn
   * @param reason why they are withdrawn
   * @return whether all have run
   */
  boolean close(Duration patience, StoreException reason) {
    return queue.close(patience, reason);
  }

  /** Ends the watch over deadlines; for the end of closing. */
  void stopDeadlines() {
    deadlines.shutdown();
  }

  private interface Change {
    long apply() throws IOException;
  }

  /** A write other than a put: it has no deadline, and its future fails if it was not done. */
  private final class Removal implements WriteQueue.Write {

    /** What is removed; null for everything. */
    private final RecentWrites.@Nullable Removal removed;
    private final Change change;
    private final CompletableFuture<Void> result = new CompletableFuture<>();

    Removal(RecentWrites.@Nullable Removal removed, Change change) {
      this.removed = removed;
      this.change = change;
    }

    @Override
    public void run() {
      StoreException failure = status.failure();
      if (failure != null) {
        result.completeExceptionally(failure);
        return;
      }
      try {
        change.apply();
        if (removed == null) {
          view.count();
        } else {
          view.countRemoval(removed);
        }
        result.complete(null);
      } catch (Throwable e) {
        view.count();
        result.completeExceptionally(failures.general("failed while it removed documents", e));
      }
    }

    @Override
    public void withdraw(StoreException reason) {
      result.completeExceptionally(reason);
    }
  }
}
