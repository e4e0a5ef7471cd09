package dev.memlane.model;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Looks at a query and what was found for it together, such as a cross-encoder or a service does: slower than an index, and
 * better at telling which hit answers the query.
 *
 * <p>
 * Safe for use by several threads. It should not block the thread that asks.
 */
@FunctionalInterface
public interface Reranker {

  /**
   * How well each text answers the query.
   *
   * @param texts what was found, best first: {@link Memory#searchableText}
   * @return a score for each, in the order given, in [0, 1], higher is better
   */
  CompletableFuture<List<Double>> score(String query, List<String> texts);
}
