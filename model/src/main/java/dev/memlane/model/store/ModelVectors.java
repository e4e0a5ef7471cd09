package dev.memlane.model.store;

import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.StoreException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A core store that keeps the vectors of several models, as a change from one to another needs it. Its own model is the one
 * that it was opened with. All futures fail with a {@link StoreException}. Safe for use by several threads.
 */
public interface ModelVectors {

  /**
   * Reads a page of the live memories without a vector by its own model, in order of id.
   *
   * @param after the last id of the page before, or null for the first page
   * @param limit the most memories, at least 1
   * @return a shorter page is the last one
   */
  CompletableFuture<List<Memory>> withoutVector(@Nullable MemoryId after, int limit);

  /** How many there are. */
  CompletableFuture<Long> countWithoutVector();

  /**
   * Announces to all processes of the database that calls go over to its own model. An earlier announcement of another model is
   * withdrawn.
   */
  CompletableFuture<Void> announceSwitch();

  /** Whether the last announcement was of its own model. */
  CompletableFuture<Boolean> isSwitchAnnounced();

  /**
   * Deletes vectors that other models made, in order of memory. It waits for no write: vectors that are being written at this
   * moment stay.
   *
   * @param from the memory to begin with, or null for the first one
   * @param limit the most vectors to delete, greater than the number of models
   */
  CompletableFuture<DeletedVectors> deleteOtherVectors(@Nullable MemoryId from, int limit);

  /**
   * A page of vectors that were deleted.
   *
   * @param count how many; less than the limit on the last page
   * @param last the memory with the last of them, which may have more; null if there was none
   */
  record DeletedVectors(int count, @Nullable MemoryId last) {}
}
