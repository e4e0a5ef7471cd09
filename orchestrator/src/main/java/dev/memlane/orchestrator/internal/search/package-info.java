/**
 * Searches, from a query to its hits. Not for users of the library.
 *
 * <p>
 * Enter at {@link dev.memlane.orchestrator.internal.search.SearchHandler}. {@code Fusion} ranks what the index finds,
 * {@code HitReranker} and {@code Diversity} change the order afterwards.
 */
@NullMarked
package dev.memlane.orchestrator.internal.search;

import org.jspecify.annotations.NullMarked;
