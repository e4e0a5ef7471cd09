package dev.memlane.orchestrator;

import dev.memlane.model.Embedding;
import dev.memlane.model.Filter;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.Scope;
import org.jspecify.annotations.Nullable;

/**
 * What to search for, and where.
 *
 * <pre>{@code
 * SearchRequest.of("where does Ada live?", Scope.user("ada"))
 * SearchRequest.builder("travel plans").scope(Scope.user("ada")).limit(5).filter(Filter.equal("topic", "travel")).build()
 * }</pre>
 *
 * @param query a plain text; nothing in it is an operator
 * @param scope where to search; null for everywhere
 * @param limit how many hits at most, 1 to {@value #MOST}
 * @param filter only memories whose metadata passes, or null
 * @param mode by meaning, by words, or both
 * @param threshold leaves out hits with a lower score; 0 leaves out none
 * @param embedding the query's vector where the caller has it already, or null
 * @param context whether memories that follow one another in a run lend each other of their score
 */
public record SearchRequest(String query, @Nullable Scope scope, int limit, @Nullable Filter filter, Mode mode,
    double threshold, @Nullable Embedding embedding, boolean context) {

  /** The most hits that one search returns. */
  public static final int MOST = 1_000;
  /** The longest query, in characters. */
  public static final int LONGEST_QUERY = Memory.LONGEST_CONTENT;

  /** How to search. */
  public enum Mode {
    /** By meaning and by words, fused. */
    HYBRID,
    /** By meaning: the nearest vectors. */
    SEMANTIC,
    /** By words: BM25. */
    LEXICAL
  }

  /**
   * @throws InvalidInputException if the query is blank or too long, or a number is out of its range
   */
  public SearchRequest {
    if (query.isBlank()) {
      throw new InvalidInputException("the query is empty; say what to search for");
    }
    if (query.length() > LONGEST_QUERY) {
      throw new InvalidInputException(
          "the query has " + query.length() + " characters; the limit is " + LONGEST_QUERY);
    }
    if (limit < 1 || limit > MOST) {
      throw new InvalidInputException("the limit of hits is " + limit + "; it must be 1 to " + MOST);
    }
    if (!(threshold >= 0 && threshold <= 1)) {
      throw new InvalidInputException("the threshold is " + threshold + "; scores lie between 0 and 1");
    }
  }

  public static SearchRequest of(String query, Scope scope) {
    return builder(query).scope(scope).build();
  }

  public static Builder builder(String query) {
    return new Builder(query);
  }

  /** Collects what is optional: 10 hits in hybrid mode unless told otherwise. Not safe for use by several threads. */
  public static final class Builder {

    private final String query;
    private @Nullable Scope scope;
    private boolean everywhere;
    private int limit = 10;
    private @Nullable Filter filter;
    private Mode mode = Mode.HYBRID;
    private double threshold;
    private @Nullable Embedding embedding;
    private boolean context = true;

    private Builder(String query) {
      this.query = query;
    }

    public Builder scope(Scope scope) {
      this.scope = scope;
      return this;
    }

    /** Searches the memories of all scopes. Has to be said, so that nobody does it by forgetting the scope. */
    public Builder everywhere() {
      this.everywhere = true;
      return this;
    }

    public Builder limit(int limit) {
      this.limit = limit;
      return this;
    }

    public Builder filter(@Nullable Filter filter) {
      this.filter = filter;
      return this;
    }

    public Builder mode(Mode mode) {
      this.mode = mode;
      return this;
    }

    public Builder threshold(double threshold) {
      this.threshold = threshold;
      return this;
    }

    /** The query's vector by the store's own model; it is not made again. */
    public Builder embedding(@Nullable Embedding embedding) {
      this.embedding = embedding;
      return this;
    }

    /**
     * Whether memories that follow one another in a run, by when they occurred, lend each other of their score; they do unless
     * set, where something was found by words. Runs of more than a thousand memories are left out.
     */
    public Builder context(boolean context) {
      this.context = context;
      return this;
    }

    /**
     * @throws InvalidInputException also if there is no scope and {@link #everywhere} was not said, or both were
     */
    public SearchRequest build() {
      if (everywhere == (scope != null)) {
        throw new InvalidInputException(everywhere
            ? "the search has a scope and is to go everywhere; choose one"
            : "the search has no scope; name one, or say that it is to go everywhere");
      }
      return new SearchRequest(query, scope, limit, filter, mode, threshold, embedding, context);
    }
  }
}
