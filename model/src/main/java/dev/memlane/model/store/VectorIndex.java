package dev.memlane.model.store;

import dev.memlane.model.IndexSummary;
import dev.memlane.model.MemoryId;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreResult;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The contract of the index: documents, named by memory and operation, that are found by meaning and by words.
 *
 * <p>
 * The index is a copy: core is right where they differ, and documents lost in a crash are put again on opening. So a
 * write need not be durable when its future completes, but it must be visible to the next search. Writes of one memory
 * are applied in the order in which they were requested. The futures of {@link #put} and {@link #check} complete
 * normally, with a result; all others fail with a {@link StoreException}. Safe for use by several threads; no method
 * blocks for long.
 */
public interface VectorIndex extends DocumentSearch, AutoCloseable {

  /**
   * Puts a document, in addition to those of the memory's other operations; replaces one of the same name.
   *
   * @param deadline a put that has not begun by then is withdrawn (not applied); one that has begun is in doubt
   */
  CompletableFuture<StoreResult> put(IndexDocument document, Instant deadline);

  /**
   * Checks whether the index accepts writes. This is the index's part of a delete, which removes documents after
   * landing.
   */
  CompletableFuture<StoreResult> check(DocumentName name, Instant deadline);

  /** Removes all documents of the memory but this one. */
  CompletableFuture<Void> retain(DocumentName name);

  /** Removes this document, if it exists. */
  CompletableFuture<Void> remove(DocumentName name);

  /** Removes all documents of the memory. */
  CompletableFuture<Void> removeAll(MemoryId memory);

  /** Finds documents. Sees every write whose future completed before. */
  @Override
  CompletableFuture<IndexHits> search(IndexQuery query);

  /**
   * Makes a temporary index of these documents alone, in memory. It is searched as this index is, so scores mean the same,
   * and it is independent of this index from then on.
   *
   * @param documents some thousand at most; it holds their vectors and the words of their texts
   */
  CompletableFuture<DocumentSearch> temporary(List<IndexDocument> documents);

  /**
   * Lists the names of all documents in order of memory id. Those of one memory are on the same page.
   *
   * @param after the memory after which the page begins, or null for the first one
   * @param limit the most documents; exceeded only to complete the last memory
   */
  CompletableFuture<List<DocumentName>> names(@Nullable MemoryId after, int limit);

  /** Lists the names of all documents of these memories, in no order. */
  CompletableFuture<List<DocumentName>> names(Collection<MemoryId> memories);

  /** Makes all writes durable. Called occasionally and on closing, never per write. */
  CompletableFuture<Void> commit();

  /**
   * The checkpoint of the commit that this index was opened from; null if that has none. It stays the same while the index
   * is open.
   */
  default @Nullable String checkpoint() {
    return null;
  }

  /**
   * Sets the source of the checkpoints that later commits record. Without one, and in an index that records none, commits
   * have no checkpoint.
   */
  default void recordCheckpoints(CheckpointSource source) {
    // Without checkpoints, opening compares everything.
  }

  /**
   * Purges removed documents from memory and files: afterwards the index holds nothing of any document whose removal
   * completed before this call. It rewrites the files that held removed documents, which may take minutes for a large
   * index; reads and writes go on meanwhile.
   *
   * @return fails if something could not be purged, for example because a search that uses it does not end
   */
  CompletableFuture<Void> expunge();

  /** Whether the index still holds removed documents of any of these memories, which {@link #expunge} would purge. */
  CompletableFuture<Boolean> holdsRemoved(Collection<MemoryId> memories);

  /** Removes every document. */
  CompletableFuture<Void> clear();

  IndexSummary summary();

  /** The reason why the index accepts no writes and searches until it is opened again; null while it accepts them. */
  @Nullable
  StoreException failure();

  /** Commits and releases the files. */
  @Override
  void close();
}
