package dev.memlane.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is looked for in the index: documents near a vector, documents with words of a text, or both.
 *
 * @param vector null for no search by meaning
 * @param text null for no search by words; a plain text, never a query language
 * @param scopes documents of any of these; empty for all
 * @param filter null for no filter
 * @param depth how many documents to return at most of each kind; at least 1
 * @param runs whether to tell the runs of the best of them
 */
public record IndexQuery(@Nullable Embedding vector, @Nullable String text, List<Scope> scopes,
    @Nullable Filter filter, int depth, boolean runs) {

  public IndexQuery {
    scopes = List.copyOf(scopes);
    if (vector == null && text == null) {
      throw new IllegalArgumentException("a query needs a vector or a text");
    }
    if (depth < 1) {
      throw new IllegalArgumentException("depth is " + depth + "; it must be at least 1");
    }
  }
}
