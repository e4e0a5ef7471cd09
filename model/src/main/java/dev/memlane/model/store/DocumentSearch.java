package dev.memlane.model.store;

import dev.memlane.model.Scope;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * Documents that can be searched by meaning and by words. All futures fail with a {@link dev.memlane.model.StoreException}.
 * Safe for use by several threads.
 */
public interface DocumentSearch {

  /** Finds documents. */
  CompletableFuture<IndexHits> search(IndexQuery query);

  /**
   * Finds out which of these names are those of actors of memories in any of the scopes.
   *
   * @param scopes empty for all
   * @param keys names, as {@link dev.memlane.model.ActorName#keys} has them; {@link dev.memlane.model.ActorName#NOBODY} asks
   * for memories without an actor
   * @return completes with those that are; with none from an index that doesn't know its memories' actors
   */
  CompletableFuture<Set<String>> actors(List<Scope> scopes, Set<String> keys);
}
