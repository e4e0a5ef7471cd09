package dev.memlane.orchestrator;

import dev.memlane.model.Embedding;
import dev.memlane.model.Filter;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.Reranker;
import dev.memlane.model.Scope;
import dev.memlane.model.TextForm;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What to search for, where, and how to rank what is found.
 *
 * <pre>{@code
 * SearchRequest.of("where does Ada live?", Scope.user("ada"))
 * SearchRequest.builder("travel plans").scope(Scope.user("ada")).limit(5).filter(Filter.equal("topic", "travel")).build()
 * SearchRequest.builder("what was decided?").scopes(List.of(Scope.user("ada"), Scope.agent("planner")))
 *     .filter(Filter.occurredFrom(lastWeek)).recency(Duration.ofDays(2)).include(Include.EXPLANATION).build()
 * }</pre>
 *
 * <p>
 * <b>Scores</b> lie in [0, 1] and say how near a hit comes to the best that there could be in this search: 1 is the nearest by
 * meaning and the best by words. They are comparable within one search only, and no probabilities. By words, a score is the
 * hit's BM25 as a share of the best hit's; by meaning it is (1 + cosine) / 2, and where both count, the weighted sum, with the
 * cosines stretched from the farthest to the nearest candidate. What neighbours lend and recency takes changes it within [0, 1].
 * A re-ranker's score takes its place. {@link Include#EXPLANATION} shows all of it, with cosine and BM25 as they are.
 *
 * <p>
 * <b>Limits.</b> A score says how good a hit is among what there is, so the best has a high one also where nothing answers the
 * question. {@code minSimilarity} and {@code minWords} are limits that mean the same in every search: each that is set holds for every
 * hit, whatever it was found by, so a question about nothing that is known finds nothing. They are asked of the memory itself:
 * what its neighbours lend to it changes its place, and carries it over no limit; and what is below a limit lends nothing. Words are
 * counted as the index has them: forms of one word are one, repeated ones count once, and those on Lucene's list of stop words for
 * its language (in English "the", "of", "is" and thirty others, but not "where" or "who") don't count. If the query has fewer words
 * than {@code minWords}, all of them must be there; if it has none but stop words, nothing is found. Of Chinese, Japanese and Korean
 * each character counts.
 *
 * <p>
 * <b>Filters</b> leave nothing out: there are as many hits as were asked for whenever so many memories pass, in every mode. By
 * words these are the memories that have one of the words.
 *
 * @param query a plain text; nothing in it is an operator
 * @param scopes where to search: in any of these; empty for everywhere
 * @param limit how many hits at most, 1 to {@value #MOST}
 * @param filter only memories that pass, or null
 * @param mode by meaning, by words, or both
 * @param threshold leaves out hits with a lower score; 0 leaves out none
 * @param minSimilarity leaves out memories whose cosine to the query is lower, -1 to 1; -1 leaves out none
 * @param minWords leaves out memories that have fewer of the query's words; 0 leaves out none
 * @param embedding the query's vector where the caller has it already, or null
 * @param ranking how what is found is put in order
 * @param include what hits tell, and which there are, beyond the usual
 */
public record SearchRequest(String query, List<Scope> scopes, int limit, @Nullable Filter filter, Mode mode,
    double threshold, double minSimilarity, int minWords, @Nullable Embedding embedding, Ranking ranking,
    Set<Include> include) {

  /** The most hits that one search returns. */
  public static final int MOST = 1_000;
  /** The longest query, in characters. */
  public static final int LONGEST_QUERY = Memory.LONGEST_CONTENT;
  /** In how many scopes one search looks at most. */
  public static final int MOST_SCOPES = 1_000;

  /** How to search. */
  public enum Mode {
    /** By meaning and by words, fused. */
    HYBRID,
    /** By meaning: the nearest vectors. */
    SEMANTIC,
    /** By words: BM25. */
    LEXICAL
  }

  /** What a search may tell or find besides. */
  public enum Include {
    /** How each hit came to its score. */
    EXPLANATION,
    /** Each hit's vector. */
    EMBEDDING,
    /** Memories that have expired and are not swept yet. */
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
    if (minWords > 0 && mode == Mode.SEMANTIC) {
      throw new InvalidInputException("minWords needs a search by words, and the mode is SEMANTIC");
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

    private Builder(String query) {
      this.query = query;
    }

    public Builder scope(Scope scope) {
      return scopes(List.of(scope));
    }

    /** Searches what is in any of these scopes, at least one. */
    public Builder scopes(Collection<Scope> scopes) {
      this.scopes = List.copyOf(scopes);
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

    /**
     * The least cosine between a hit and the query, -1 to 1; -1 unless set, which leaves out nothing. What separates answers from the
     * rest depends on the model, and is best found out with questions that have no answer. Not for {@link Mode#LEXICAL}.
     */
    public Builder minSimilarity(double minSimilarity) {
      this.minSimilarity = minSimilarity;
      return this;
    }

    /**
     * How many of the query's words a hit has at least, or all of them if the query has fewer; 0 unless set, which leaves out nothing.
     * Not for {@link Mode#SEMANTIC}.
     */
    public Builder minWords(int minWords) {
      this.minWords = minWords;
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

    /** How the two kinds of hits are joined; {@link FusionMethod#WEIGHTED_SCORES} unless set. */
    public Builder fusion(FusionMethod fusion) {
      this.fusion = fusion;
      return this;
    }

    /** The share of meaning where both kinds found something, 0 to 1; {@value Ranking#SEMANTIC_WEIGHT} unless set. */
    public Builder semanticWeight(double semanticWeight) {
      this.semanticWeight = semanticWeight;
      return this;
    }

    /** Prefers what happened lately: see {@link Recency}, with its usual weight. */
    public Builder recency(Duration halfLife) {
      return recency(new Recency(halfLife, Recency.WEIGHT));
    }

    /** Prefers what happened lately; null for no difference, as unless set. */
    public Builder recency(@Nullable Recency recency) {
      this.recency = recency;
      return this;
    }

    /**
     * How much a hit loses by being like those before it, 0 to below 1; 0 unless set. Hits are picked one by one (maximal marginal
     * relevance, Carbonell and Goldstein, 1998), each with the best {@code (1 - diversity) * score - diversity * cosine} to the
     * most similar before it; they keep their scores, which then need not fall.
     */
    public Builder diversity(double diversity) {
      this.diversity = diversity;
      return this;
    }

    /** Has the best {@value Ranking#RERANKED} hits, or all that are to be returned if they are more, looked at again. */
    public Builder reranker(@Nullable Reranker reranker) {
      return reranker(reranker, Math.max(Ranking.RERANKED, limit));
    }

    /** Has the best hits looked at again, so many of them. The threshold then is one of the re-ranker's scores. */
    public Builder reranker(@Nullable Reranker reranker, int hits) {
      this.reranker = reranker;
      this.reranked = hits;
      return this;
    }

    public Builder include(Include... include) {
      this.include = Set.of(include);
      return this;
    }

    /**
     * @throws InvalidInputException also if there is no scope and {@link #everywhere} was not said, or both were
     */
    public SearchRequest build() {
      if (everywhere == !scopes.isEmpty()) {
        throw new InvalidInputException(everywhere
            ? "the search has a scope and is to go everywhere; choose one"
            : "the search has no scope; name one, or say that it is to go everywhere");
      }
      return new SearchRequest(query, scopes, limit, filter, mode, threshold, minSimilarity, minWords, embedding,
          new Ranking(fusion, semanticWeight, context, recency, diversity, reranker, reranked), include);
    }
  }
}
