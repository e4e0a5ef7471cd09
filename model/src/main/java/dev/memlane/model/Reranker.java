package dev.memlane.model;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A model that rates how well texts answer a query, such as a cross-encoder or a service: slower than an index, and
 * better at telling which hit answers the query.
 *
 * <p>
 * Safe for use by several threads. It should not block the calling thread.
 */
@FunctionalInterface
public interface Reranker {

  /**
   * Rates how well each text answers the query.
   *
   * @param texts the hits' {@link Memory#searchableText}, best first
   * @return a score for each, in the same order; in [0, 1], higher is better
   */
  CompletableFuture<List<Double>> score(String query, List<String> texts);
}
