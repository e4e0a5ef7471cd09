package dev.memlane.model;

import java.util.List;
import java.util.Set;
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
 * @param documents documents of which to say whether they stand in the view of the index that is searched; usually none
 */
public record IndexQuery(@Nullable Embedding vector, @Nullable String text, List<Scope> scopes,
    @Nullable Filter filter, int depth, boolean runs, Set<DocumentName> documents) {

  public IndexQuery {
    scopes = List.copyOf(scopes);
    documents = Set.copyOf(documents);
    if (vector == null && text == null) {
      throw new IllegalArgumentException("a query needs a vector or a text");
    }
    if (depth < 1) {
      throw new IllegalArgumentException("depth is " + depth + "; it must be at least 1");
    }
  }

  /** A query that asks for no document by its name. */
  public IndexQuery(@Nullable Embedding vector, @Nullable String text, List<Scope> scopes, @Nullable Filter filter,
      int depth, boolean runs) {
    this(vector, text, scopes, filter, depth, runs, Set.of());
  }
}
