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
 * The contract of the index: documents named by memory and operation, found by meaning and by words.
 *
 * <p>
 * The index is a copy: core is right where they differ, and what a crash takes from it is put again on opening. So a
 * write here need not be durable when its future completes; it must be visible to the next search. Writes to one memory
 * are applied in the order in which they were asked for. The futures of {@link #put} and {@link #check} complete
 * normally, with a result; all others fail with a {@link StoreException}. Safe for use by several threads; no method
 * blocks for long.
 */
public interface VectorIndex extends AutoCloseable {

  /**
   * Puts a document beside those of the same memory's other operations; puts it again if it is there.
   *
   * @param deadline a put that has not begun then is withdrawn (not applied); one that has begun is in doubt then
   */
  CompletableFuture<StoreResult> put(IndexDocument document, Instant deadline);

  /** Tells whether the index takes writes: a delete's part, whose documents go after it has landed. */
  CompletableFuture<StoreResult> check(DocumentName name, Instant deadline);

  /** Removes all documents of the memory but this one. */
  CompletableFuture<Void> retain(DocumentName name);

  /** Removes this document, if it is there. */
  CompletableFuture<Void> remove(DocumentName name);

  /** Removes all documents of the memory. */
  CompletableFuture<Void> removeAll(MemoryId memory);

  /** Finds documents. Sees every write whose future completed before. */
  CompletableFuture<IndexHits> search(IndexQuery query);

  /**
   * Lists the names of all documents in order of memory id, those of one memory together and never divided between two
   * pages.
   *
   * @param after the memory after which the page begins, or null for the first one
   * @param limit how many documents to list at most; exceeded only to complete the last memory
   */
  CompletableFuture<List<DocumentName>> names(@Nullable MemoryId after, int limit);

  /** Lists the names of all documents of these memories, in no order. */
  CompletableFuture<List<DocumentName>> names(Collection<MemoryId> memories);

  /** Makes what was written durable. Called now and then and on closing, never per write. */
  CompletableFuture<Void> commit();

  /**
   * Makes the files forget what was removed: after it, nothing that this index keeps, in memory or on disk, holds anything of
   * a document whose removal completed before this call. It rewrites what held removed documents, which may take minutes
   * for a large index; reads and writes go on meanwhile.
   *
   * @return fails if something could not be let go of, such as what a search looks at that does not end
   */
  CompletableFuture<Void> expunge();

  /** Whether removed documents of any of these memories are still held somewhere: what {@link #expunge} would change. */
  CompletableFuture<Boolean> holdsRemoved(Collection<MemoryId> memories);

  /** Removes every document. */
  CompletableFuture<Void> clear();

  IndexSummary summary();

  /** Why the index takes neither writes nor searches any more until it is opened again; null while it does. */
  @Nullable
  StoreException failure();

  /** Commits and lets go of the files. */
  @Override
  void close();
}
