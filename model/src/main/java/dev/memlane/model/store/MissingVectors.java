package dev.memlane.model.store;

import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.StoreException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A core store that finds the live memories of which it has no vector by its model. Safe for use by several threads. */
public interface MissingVectors {

  /**
   * Reads a page of these memories, in order of id.
   *
   * @param after the last id of the page before, or null for the first page
   * @param limit the most memories, at least 1
   * @return a shorter page is the last one. Fails with a {@link StoreException}
   */
  CompletableFuture<List<Memory>> withoutVector(@Nullable MemoryId after, int limit);

  /** How many there are; fails with a {@link StoreException}. */
  CompletableFuture<Long> countWithoutVector();
}
