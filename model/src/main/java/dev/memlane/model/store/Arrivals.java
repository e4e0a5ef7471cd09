package dev.memlane.model.store;

import java.util.List;
import java.util.Objects;

/**
 * A page of the documents that were put into a {@link SharedIndex}.
 *
 * @param documents those that are still there, each at least once; in no order within the page
 * @param next the position after which the next page begins
 * @param more whether there may be more before the position at which the reading ends
 */
public record Arrivals(List<DocumentName> documents, String next, boolean more) {

  public Arrivals {
    documents = List.copyOf(documents);
    Objects.requireNonNull(next, "next");
  }
}
