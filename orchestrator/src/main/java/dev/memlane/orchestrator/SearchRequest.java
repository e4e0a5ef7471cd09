package dev.memlane.orchestrator;

import dev.memlane.model.Embedding;
import dev.memlane.model.Filter;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.Reranker;
import dev.memlane.model.Scope;
import dev.memlane.model.SearchPart;
import dev.memlane.model.TextForm;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A search: what to search for, where, and how to rank the hits.
 *
 * <pre>{@code
 * SearchRequest.of("where does Ada live?", Scope.user("ada"))
 * SearchRequest.builder("travel plans").scope(Scope.user("ada")).limit(5).filter(Filter.equal("topic", "travel")).build()
 * SearchRequest.builder("what was decided?").scopes(List.of(Scope.user("ada"), Scope.agent("planner")))
 *     .filter(Filter.occurredFrom(lastWeek)).recency(Duration.ofDays(2)).include(Include.EXPLANATION).build()
 * }</pre>
 *
 * <p>
 * <b>Scores</b> lie in [0, 1] and say how near a hit comes to the best possible hit of this search: 1 is the nearest by meaning
 * and the best by words. They are comparable within one search only, and are no probabilities. By words, a score is the hit's
 * BM25 as a share of the best hit's. By meaning, it is (1 + cosine) / 2. If both count, it is the weighted sum, with the cosines
 * scaled from the farthest to the nearest candidate. Scores lent by its run, and factors for what a memory is and for recency,
 * change it within [0, 1]; in mode {@link Mode#SEMANTIC} only recency does. The score of a re-ranker replaces it.
 * {@link Include#EXPLANATION} shows all parts, with the plain cosine and BM25.
 *
 * <p>
 * <b>Limits.</b> A score says how good a hit is among the others, so the best hit has a high score even if nothing answers the
 * question. {@code minSimilarity} and {@code minWords} are limits that mean the same in every search. Each limit that is set
 * applies to every hit, however it was found, so a question about something unknown finds nothing. A limit applies to the memory
 * itself: a score lent by neighbours changes the memory's place but does not lift it over a limit, and a memory below a limit
 * lends nothing. Words are counted as the index holds them: forms of one word are one word, repeated words count once, and
 * words on Lucene's list of stop words for the language (in English "the", "of", "is" and thirty others, but not "where" or
 * "who") do not count. If the query has fewer words than {@code minWords}, a hit must have all of them. If it has only stop
 * words, nothing is found. In Chinese, Japanese and Korean each character counts as a word.
 *
 * <p>
 * <b>Filters</b> do not reduce the number of hits: in every mode, a search returns as many hits as requested if so many memories
 * match. For a search by words, only memories with one of the words match.
 *
 * @param query a plain text; nothing in it is an operator
 * @param scopes where to search: in any of these scopes; empty for all scopes
 * @param limit how many hits at most, 1 to {@value #MOST}
 * @param filter only memories that match; null for no filter
 * @param mode by meaning, by words, or both
 * @param threshold leaves out hits with a lower score; 0 leaves out none
 * @param minSimilarity leaves out memories with a lower cosine to the query, -1 to 1; -1 leaves out none
 * @param minWords leaves out memories that have fewer of the query's words; 0 leaves out none
 * @param embedding the query's vector if the caller has it already; null to embed the query
 * @param ranking the order of the hits
 * @param include which parts hits have, and which memories are found, in addition to the usual
 * @param now what "last week" in the query, and a memory's age, are relative to; null for {@code asOf}, or the time of the
 * search
 * @param asOf searches the memories as they were at this time; null for the present
 */
public record SearchRequest(String query, List<Scope> scopes, int limit, @Nullable Filter filter, Mode mode,
    double threshold, double minSimilarity, int minWords, @Nullable Embedding embedding, Ranking ranking,
    Set<Include> include, @Nullable Instant now, @Nullable Instant asOf) {

  /** The most memories that the scopes of a search as of a time may have had. */
  public static final int MOST_PAST = 10_000;

  /** The most hits that one search returns. */
  public static final int MOST = 1_000;
  /** The longest query, in characters. */
  public static final int LONGEST_QUERY = Memory.LONGEST_CONTENT;
  /** The most scopes of one search. */
  public static final int MOST_SCOPES = 1_000;

  /** The kinds of search. */
  public enum Mode {
    /** By meaning and by words, fused. */
    HYBRID,
    /** By meaning: the nearest vectors. */
    SEMANTIC,
    /** By words: BM25. */
    LEXICAL
  }

  /** Optional parts of a search's hits. */
  public enum Include {
    /** The explanation of each hit's score. */
    EXPLANATION,
    /** Each hit's vector. */
    EMBEDDING,
    /** Memories that have expired and have not been swept yet. */
    EXPIRED
  }

  /**
   * @throws InvalidInputException if the query is blank or too long, or a number is out of its range
   */
  public SearchRequest {
    scopes = List.copyOf(scopes);
    include = Set.copyOf(include);
    if (scopes.size() > MOST_SCOPES) {
      throw new InvalidInputException(
          "the search names " + scopes.size() + " scopes; the limit is " + MOST_SCOPES);
    }
    if (TextForm.isBlank(query)) {
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
    if (!(minSimilarity >= -1 && minSimilarity <= 1)) {
      throw new InvalidInputException("minSimilarity is " + minSimilarity + "; cosines lie between -1 and 1");
    }
    if (minWords < 0) {
      throw new InvalidInputException("minWords is " + minWords + "; it can't be less than zero");
    }
    if (minSimilarity > -1 && mode == Mode.LEXICAL) {
      throw new InvalidInputException("minSimilarity needs a search by meaning, and the mode is LEXICAL");
    }
    if (asOf != null && scopes.isEmpty()) {
      throw new InvalidInputException(
          "a search as of a time reads whole scopes, and this one goes everywhere; name a scope");
    }
    if (minWords > 0 && mode == Mode.SEMANTIC) {
      throw new InvalidInputException("minWords needs a search by words, and the mode is SEMANTIC");
    }
  }

  /** A search at the present time. */
  public SearchRequest(String query, List<Scope> scopes, int limit, @Nullable Filter filter, Mode mode,
      double threshold,
      double minSimilarity, int minWords, @Nullable Embedding embedding, Ranking ranking, Set<Include> include) {
    this(query, scopes, limit, filter, mode, threshold, minSimilarity, minWords, embedding, ranking, include, null,
        null);
  }

  public static SearchRequest of(String query, Scope scope) {
    return builder(query).scope(scope).build();
  }

  public static Builder builder(String query) {
    return new Builder(query);
  }

  /** A builder of searches: by default 10 hits in hybrid mode. Not safe for use by several threads. */
  public static final class Builder {

    private final String query;
    private List<Scope> scopes = List.of();
    private boolean everywhere;
    private int limit = 10;
    private @Nullable Filter filter;
    private Mode mode = Mode.HYBRID;
    private double threshold;
    private double minSimilarity = -1;
    private int minWords;
    private @Nullable Embedding embedding;
    private FusionMethod fusion = Ranking.DEFAULT.fusion();
    private double semanticWeight = Ranking.DEFAULT.semanticWeight();
    private boolean context = Ranking.DEFAULT.context();
    private @Nullable Recency recency;
    private double diversity;
    private @Nullable Reranker reranker;
    private int reranked = Ranking.DEFAULT.reranked();
    private Set<Include> include = Set.of();
    private Set<SearchPart> without = Set.of();
    private @Nullable Instant now;
    private @Nullable Instant asOf;

    private Builder(String query) {
      this.query = query;
    }

    public Builder scope(Scope scope) {
      return scopes(List.of(scope));
    }

    /** Searches the memories of any of these scopes; at least one. */
    public Builder scopes(Collection<Scope> scopes) {
      this.scopes = List.copyOf(scopes);
      return this;
    }

    /** Searches the memories of all scopes. It has to be requested, so that it can't happen by a forgotten scope. */
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

    /**
     * Sets the least cosine between a hit and the query, -1 to 1. The default, -1, leaves out nothing. A good limit depends on
     * the model, and is best found with questions that have no answer. Not for {@link Mode#LEXICAL}.
     */
    public Builder minSimilarity(double minSimilarity) {
      this.minSimilarity = minSimilarity;
      return this;
    }

    /**
     * Sets how many of the query's words a hit must have at least, or all of them if the query has fewer. The default, 0, leaves
     * out nothing. Not for {@link Mode#SEMANTIC}.
     */
    public Builder minWords(int minWords) {
      this.minWords = minWords;
      return this;
    }

    /** Sets the query's vector by the store's own model, so that the query is not embedded. */
    public Builder embedding(@Nullable Embedding embedding) {
      this.embedding = embedding;
      return this;
    }

    /**
     * Sets whether memories that follow one another in a run, in order of time, lend each other of their score. By default they
     * do, if something was found by words. Runs of more than a thousand memories are left out.
     */
    public Builder context(boolean context) {
      this.context = context;
      return this;
    }

    /** Sets how hits by meaning and by words are combined; {@link FusionMethod#WEIGHTED_SCORES} by default. */
    public Builder fusion(FusionMethod fusion) {
      this.fusion = fusion;
      return this;
    }

    /** Sets the weight of meaning if both kinds found something, 0 to 1; {@value Ranking#SEMANTIC_WEIGHT} by default. */
    public Builder semanticWeight(double semanticWeight) {
      this.semanticWeight = semanticWeight;
      return this;
    }

    /** Prefers recent memories, with the default weight of {@link Recency}. */
    public Builder recency(Duration halfLife) {
      return recency(new Recency(halfLife, Recency.WEIGHT));
    }

    /** Prefers recent memories; null, the default, for no preference. */
    public Builder recency(@Nullable Recency recency) {
      this.recency = recency;
      return this;
    }

    /**
     * Sets how much a hit loses for similarity to the hits before it, 0 to below 1; 0 by default. Hits are picked one by one
     * (maximal marginal relevance, Carbonell and Goldstein, 1998): each time the one with the best
     * {@code (1 - diversity) * score - diversity * cosine}, where the cosine is that to the most similar hit before. Hits keep their
     * scores, which then need not fall from hit to hit.
     */
    public Builder diversity(double diversity) {
      this.diversity = diversity;
      return this;
    }

    /** Re-ranks the best {@value Ranking#RERANKED} hits, or all that are to be returned if those are more. */
    public Builder reranker(@Nullable Reranker reranker) {
      return reranker(reranker, Math.max(Ranking.RERANKED, limit));
    }

    /** Re-ranks this number of the best hits. The threshold then applies to the re-ranker's scores. */
    public Builder reranker(@Nullable Reranker reranker, int hits) {
      this.reranker = reranker;
      this.reranked = hits;
      return this;
    }

    public Builder include(Include... include) {
      this.include = Set.of(include);
      return this;
    }

    /** Leaves out parts of what a search does; none by default. To measure what each brings, or where one is not wanted. */
    public Builder without(SearchPart... parts) {
      this.without = Set.of(parts);
      return this;
    }

    /** Sets what "last week" in the query, and a memory's age, are relative to; {@link #asOf}, or the time of the search, by default. */
    public Builder now(@Nullable Instant now) {
      this.now = now;
      return this;
    }

    /**
     * Searches the memories as they were at this time, rebuilt from their histories; null, the default, for the present. Finds
     * what was changed or deleted since, until deleted memories are swept after the retention time, and nothing that was erased.
     * Hits show the states of that time. What is not known any more is absent: a memory that was deleted since has no key, and
     * usually no actor and no time of its event.
     *
     * <p>
     * Such a search reads all memories of its scopes, also those that came later, and embeds the texts that were changed or
     * deleted since. It needs a scope, and fails if the scopes had more than {@value SearchRequest#MOST_PAST} memories then.
     */
    public Builder asOf(@Nullable Instant asOf) {
      this.asOf = asOf;
      return this;
    }

    /**
     * Builds the search.
     *
     * @throws InvalidInputException if a value is out of its range, or if there is neither a scope nor {@link #everywhere}, or both
     */
    public SearchRequest build() {
      if (everywhere == !scopes.isEmpty()) {
        throw new InvalidInputException(everywhere
            ? "the search has a scope and is to go everywhere; choose one"
            : "the search has no scope; name one, or say that it is to go everywhere");
      }
      return new SearchRequest(query, scopes, limit, filter, mode, threshold, minSimilarity, minWords, embedding,
          new Ranking(fusion, semanticWeight, context, recency, diversity, reranker, reranked, without), include,
          now, asOf);
    }
  }
}
