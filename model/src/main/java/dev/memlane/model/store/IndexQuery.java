package dev.memlane.model.store;

import dev.memlane.model.Embedding;
import dev.memlane.model.Filter;
import dev.memlane.model.Scope;
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
 * @param minSimilarity the least cosine to the vector that any document found has, by whatever it is found; -1 for no limit
 * @param minWords how many different words of the text any document found has, by whatever it is found, or all of them if the
 * text has fewer; 0 for no limit. Words that tell nothing in the index's language don't count; where the text has no others,
 * nothing is found
 */
public record IndexQuery(@Nullable Embedding vector, @Nullable String text, List<Scope> scopes,
    @Nullable Filter filter, int depth, boolean runs, Set<DocumentName> documents, double minSimilarity,
    int minWords) {

  /** What rounding to floats takes from a cosine. */
  private static final double ROUNDING = 1e-6;

  /** A query without limits, which asks for no document by its name. */
  public IndexQuery(@Nullable Embedding vector, @Nullable String text, List<Scope> scopes, @Nullable Filter filter,
      int depth, boolean runs) {
    this(vector, text, scopes, filter, depth, runs, Set.of(), -1, 0);
  }

  /** A query without limits. */
  public IndexQuery(@Nullable Embedding vector, @Nullable String text, List<Scope> scopes, @Nullable Filter filter,
      int depth, boolean runs, Set<DocumentName> documents) {
    this(vector, text, scopes, filter, depth, runs, documents, -1, 0);
  }

  /** Whether {@link #minSimilarity} leaves anything out. */
  public boolean limitsSimilarity() {
    return minSimilarity > -1;
  }

  /**
   * Whether a document is as near as {@link #minSimilarity} demands.
   *
   * @param score (1 + cosine) / 2, as {@link IndexHits#semantic} has it
   */
  public boolean isNearEnough(double score) {
    return 2 * score - 1 >= minSimilarity - ROUNDING;
  }

  public IndexQuery {
    scopes = List.copyOf(scopes);
    documents = Set.copyOf(documents);
    if (vector == null && text == null) {
      throw new IllegalArgumentException("a query needs a vector or a text");
    }
    if (vector == null && minSimilarity > -1 || text == null && minWords > 0) {
      throw new IllegalArgumentException("a limit of similarity needs a vector, one of words needs a text");
    }
    if (depth < 1) {
      throw new IllegalArgumentException("depth is " + depth + "; it must be at least 1");
    }
  }
}
