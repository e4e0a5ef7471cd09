package dev.memlane.model.store;

import dev.memlane.model.Embedding;
import dev.memlane.model.Filter;
import dev.memlane.model.Scope;
import dev.memlane.model.SearchPart;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A query of the index, for documents near a vector, documents with words of a text, or both.
 *
 * @param vector null for no search by meaning
 * @param text null for no search by words; a plain text, never a query language
 * @param scopes documents in any of these match; empty for all
 * @param filter null for no filter
 * @param depth the most documents of each kind; at least 1
 * @param runs whether to return the runs of the best documents
 * @param documents documents to look up in the view of the index that is searched; usually none
 * @param minSimilarity the least cosine to the vector of every document found, by meaning or by words; -1 for no limit
 * @param minWords the fewest different words of the text in every document found, by meaning or by words, or all of
 * them if the text has fewer; 0 for no limit. Stop words of the index's language don't count; a text of nothing else
 * finds nothing
 * @param spoken the vector for memories that have an actor, if it is another one; null if {@code vector} is for all
 * @param without the parts of a search that are left out, of those that the index knows
 */
public record IndexQuery(@Nullable Embedding vector, @Nullable String text, List<Scope> scopes,
    @Nullable Filter filter, int depth, boolean runs, Set<DocumentName> documents, double minSimilarity,
    int minWords, @Nullable Embedding spoken, Set<SearchPart> without) {

  /** The error of a cosine by rounding to floats. */
  private static final double ROUNDING = 1e-6;

  /** Creates a query without limits and without documents to look up. */
  public IndexQuery(@Nullable Embedding vector, @Nullable String text, List<Scope> scopes, @Nullable Filter filter,
      int depth, boolean runs) {
    this(vector, text, scopes, filter, depth, runs, Set.of(), -1, 0, null, Set.of());
  }

  /** Creates a query without limits. */
  public IndexQuery(@Nullable Embedding vector, @Nullable String text, List<Scope> scopes, @Nullable Filter filter,
      int depth, boolean runs, Set<DocumentName> documents) {
    this(vector, text, scopes, filter, depth, runs, documents, -1, 0, null, Set.of());
  }

  /** Creates a query with one vector for all memories. */
  public IndexQuery(@Nullable Embedding vector, @Nullable String text, List<Scope> scopes, @Nullable Filter filter,
      int depth, boolean runs, Set<DocumentName> documents, double minSimilarity, int minWords) {
    this(vector, text, scopes, filter, depth, runs, documents, minSimilarity, minWords, null, Set.of());
  }

  /** Whether {@link #minSimilarity} is a limit. */
  public boolean limitsSimilarity() {
    return minSimilarity > -1;
  }

  /**
   * Whether a document is as near as {@link #minSimilarity} requires.
   *
   * @param score (1 + cosine) / 2, as {@link IndexHits#semantic} has it
   */
  public boolean isNearEnough(double score) {
    return 2 * score - 1 >= minSimilarity - ROUNDING;
  }

  public IndexQuery {
    scopes = List.copyOf(scopes);
    documents = Set.copyOf(documents);
    without = Set.copyOf(without);
    if (spoken != null && vector == null) {
      throw new IllegalArgumentException("a vector for memories with an actor needs one for the others");
    }
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
