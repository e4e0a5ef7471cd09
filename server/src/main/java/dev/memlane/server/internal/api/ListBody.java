package dev.memlane.server.internal.api;

import dev.memlane.model.Filter;
import dev.memlane.model.Scope;
import org.jspecify.annotations.Nullable;

/**
 * A list of memories in the body of a request.
 *
 * @param order by id unless given
 * @param limit 1 to 1,000; 100 unless given
 * @param cursor the property {@code next} of the page before; null for the first page
 */
record ListBody(@Nullable Scope scope, @Nullable Filter filter, @Nullable Order order, @Nullable Integer limit,
    @Nullable String cursor, @Nullable Boolean expired) {

  /** The orders of a list. */
  enum Order {
    ID, OLDEST, NEWEST
  }
}
