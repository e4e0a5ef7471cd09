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
 * @param at lists the memories as they were at this day or moment, by id; null for the present
 */
record ListBody(@Nullable Scope scope, @Nullable Filter filter, @Nullable Order order, @Nullable Integer limit,
    @Nullable String cursor, @Nullable Boolean expired, @Nullable String at) {

  /** The orders of a list. */
  enum Order {
    ID, OLDEST, NEWEST
  }
}
