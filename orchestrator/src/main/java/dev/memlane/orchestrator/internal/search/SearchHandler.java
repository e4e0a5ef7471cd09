package dev.memlane.orchestrator.internal.search;

import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.model.ContentHash;
import dev.memlane.model.Embedding;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.listen.Activity;
import dev.memlane.model.listen.StepType;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.IndexQuery;
import dev.memlane.orchestrator.Explanation;
import dev.memlane.orchestrator.Ranking;
import dev.memlane.orchestrator.SearchHit;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.Stores;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The handler of searches: candidates come from the index, everything else from core (rule R10).
 *
 * <p>
 * A candidate is dropped if its row is not live, has expired or does not match the filter. Two documents of one memory count
 * once. Rows are read for the best candidates first, and for more only if some were dropped: the first few nearly always
 * suffice, and reading rows is the most expensive part of a search. If all candidates leave too few hits, the index is asked
 * for more, until there are enough or it has no more.
 *
 * <p>
 * <b>Memories that change meanwhile.</b> The index is read before core, and another process's index lags behind it. So a
 * candidate may show another state than the row. Such a memory must not be lost, and it must not be found by a text that it
 * no longer has if the index knows better. In this case the index is searched again and asked, in the same view, whether it
 * holds the document of the row's state. If so, only that document counts. If not, the memory is found by the state that the
 * index holds, and the hit shows the row. After {@value #MOST_LOOKS} searches, a memory that has changed again each time
 * counts as one that the index does not hold.
 *
 * <p>
 * Safe for use by several threads.
 */
public final class SearchHandler {

  /** The least number of candidates per kind of search. */
  private static final int LEAST_DEPTH = 200;
  /** A diverse result is picked from this many times as many hits. */
  private static final int DIVERSITY_FACTOR = 4;
  /** The least number of hits from which a diverse result is picked. */
  private static final int LEAST_FOR_DIVERSITY = 50;
  /** How many more rows than needed are read from core, in case some are dropped. */
  private static final int SPARE = 5;
  /** How often the index is searched at most with the same depth. */
  private static final int MOST_LOOKS = 3;

  private final SearchSource present;
  private final PastReader pastReader;
  private final Environment environment;
  private final Preparation preparation;
  private final HitReranker hitReranker;

  /** A hit before the request's options are applied to it. */
  record Found(Memory memory, double score, Explanation explanation) {}

  /** @param language the language in which questions are asked */
  public SearchHandler(Stores stores, Environment environment, BatchingEmbedder embedder, Locale language) {
    this.present = new PresentSource(stores);
    this.pastReader = new PastReader(stores, environment, embedder);
    this.environment = environment;
    this.preparation = new Preparation(embedder, FirstPerson.of(language));
    this.hitReranker = new HitReranker(environment);
  }

  /**
   * Searches.
   *
   * @param activity the caller's operation; null if nobody listens
   * @return the hits, best first; fails with a {@link dev.memlane.model.MemlaneException}
   */
  public CompletableFuture<List<SearchHit>> search(SearchRequest request, @Nullable Activity activity) {
    int wanted = wanted(request);
    Instant asOf = request.asOf();
    Instant time = asOf == null ? environment.now() : asOf;
    Instant given = request.now();
    Instant now = given == null ? time : given;
    CompletableFuture<SearchSource> read = asOf == null
        ? CompletableFuture.completedFuture(present)
        : pastReader.read(request, asOf);
    return read.thenCompose(source -> preparation.prepare(request, source.index(), now, activity)
        .thenComposeAsync(question -> search(new Search(request, source, activity, question, wanted),
            Math.max(LEAST_DEPTH, 4 * wanted), Set.of(), 1), environment.executor())
        .thenCompose(found -> rerank(request, activity, found))
        .thenCompose(found -> finish(request, source, activity, found)));
  }

  /** A search whose question is prepared. */
  private record Search(SearchRequest request, SearchSource source, @Nullable Activity activity,
      Preparation.Prepared question, int wanted) {}

  private CompletableFuture<List<Found>> rerank(SearchRequest request, @Nullable Activity activity,
      List<Found> found) {
    Activity step = request.ranking().reranker() == null ? null : Activity.step(activity, StepType.RERANKING);
    return Activity.ending(step, hitReranker.rerank(request, found));
  }

  /** How many hits to find: more than are returned if they are reordered afterwards. */
  private static int wanted(SearchRequest request) {
    Ranking ranking = request.ranking();
    int wanted = ranking.reranker() != null
        ? Math.max(request.limit(), ranking.reranked())
        : ranking.diversity() > 0
            ? Math.max(LEAST_FOR_DIVERSITY, DIVERSITY_FACTOR * request.limit())
            : request.limit();
    return Math.min(wanted, SearchRequest.MOST);
  }

  /** Picks diverse hits if requested, and adds the parts that the request includes. */
  private CompletableFuture<List<SearchHit>> finish(SearchRequest request, SearchSource source,
      @Nullable Activity activity, List<Found> found) {
    double diversity = request.ranking().diversity();
    if (diversity > 0) {
      return vectors(source, activity, found).thenApplyAsync(
          vectors -> hits(request, Diversity.pick(found, vectors, request.limit(), diversity), vectors),
          environment.executor());
    }
    List<Found> best = found.subList(0, Math.min(request.limit(), found.size()));
    return request.include().contains(SearchRequest.Include.EMBEDDING)
        ? vectors(source, activity, best).thenApply(vectors -> hits(request, best, vectors))
        : CompletableFuture.completedFuture(hits(request, best, Map.of()));
  }

  private static List<SearchHit> hits(SearchRequest request, List<Found> picked, Map<MemoryId, Embedding> vectors) {
    boolean embedded = request.include().contains(SearchRequest.Include.EMBEDDING);
    boolean explained = request.include().contains(SearchRequest.Include.EXPLANATION);
    return picked.stream().map(one -> new SearchHit(one.memory(), one.score(),
        embedded ? vectors.get(one.memory().id()) : null, explained ? one.explanation() : null)).toList();
  }

  private static CompletableFuture<Map<MemoryId, Embedding>> vectors(SearchSource source, @Nullable Activity activity,
      List<Found> found) {
    Activity step = Activity.step(activity, StepType.DATABASE_READ);
    return Activity.ending(step, source.vectors(found.stream().map(one -> one.memory().id()).toList()));
  }

  /**
   * @param asked the documents of rows whose state no candidate showed; the index is asked whether it holds them
   * @param look the number of this search among those with the same depth, from 1
   */
  private CompletableFuture<List<Found>> search(Search search, int depth, Set<DocumentName> asked, int look) {
    SearchRequest request = search.request;
    Preparation.Prepared question = search.question;
    int wanted = search.wanted;
    String text = request.mode() == SearchRequest.Mode.SEMANTIC ? null : request.query();
    IndexQuery query = new IndexQuery(question.plain(), text, request.scopes(), request.filter(), depth,
        request.ranking().context(), asked, request.minSimilarity(), request.minWords(), question.spoken(),
        request.ranking().without());
    Instant now = environment.now();
    Activity step = Activity.step(search.activity, StepType.INDEX_SEARCH);
    return Activity.ending(step, search.source.index().search(query)).thenComposeAsync(hits -> {
      TraitFactors factors = new TraitFactors(question.names(), hits.medianWords(), request.ranking().without());
      List<Fusion.Candidate> candidates = Fusion.fuse(hits, request.ranking(), factors, question.now());
      Set<DocumentName> missing = new HashSet<>(asked);
      missing.removeAll(hits.held());
      Selection selection = new Selection(search, candidates, hits.held(), look < MOST_LOOKS ? missing : null, now);
      return selection.read(0, wanted + SPARE).thenComposeAsync(kept -> {
        if (!selection.unexplained.isEmpty()) {
          Set<DocumentName> more = new HashSet<>(asked);
          more.addAll(selection.unexplained);
          return search(search, depth, more, look + 1);
        }
        // Deeper candidates have lower own scores, and nothing is lent to them; so reaching the threshold ends the search.
        boolean enough = kept.size() == wanted || hits.exhausted()
            || candidates.stream().anyMatch(candidate -> candidate.explanation().own() < selection.threshold);
        return enough
            ? CompletableFuture.completedFuture(kept)
            : search(search, (int) Math.min(Integer.MAX_VALUE / 2, depth * 4L), asked, 1);
      }, environment.executor());
    }, environment.executor());
  }

  /** The selection of hits from candidates, whose rows are read from core. Used by one thread after the other. */
  private final class Selection {

    private final Search search;
    private final List<Fusion.Candidate> candidates;
    /** Those documents of rows that the index holds. */
    private final Set<DocumentName> held;
    /** Those documents of rows that the index does not hold; null if every document not asked for counts as one. */
    private final @Nullable Set<DocumentName> missing;
    private final double threshold;
    private final @Nullable Instant unexpiredAt;
    private final List<Found> kept = new ArrayList<>();
    private final Set<MemoryId> seen = new HashSet<>();
    /** Documents of rows whose memory was found by another state; whether the index holds them is not known yet. */
    private final Set<DocumentName> unexplained = new HashSet<>();
    /** The states that the candidates show. Made when a row's state is not the candidate's. */
    private @Nullable Set<State> states;

    private record State(MemoryId memory, ContentHash content) {}

    Selection(Search search, List<Fusion.Candidate> candidates, Set<DocumentName> held,
        @Nullable Set<DocumentName> missing, Instant now) {
      SearchRequest request = search.request;
      this.search = search;
      this.candidates = candidates;
      this.held = held;
      this.missing = missing;
      // With a re-ranker, the threshold applies to the re-ranker's scores.
      this.threshold = request.ranking().reranker() == null ? request.threshold() : 0;
      this.unexpiredAt = request.include().contains(SearchRequest.Include.EXPIRED) ? null : now;
    }

    /**
     * Reads rows page by page, best candidates first, until there are enough hits or no more candidates.
     *
     * @param from the index of the next candidate
     * @param length how many rows to read now; the next page is twice as long
     */
    CompletableFuture<List<Found>> read(int from, int length) {
      int to = from;
      Set<MemoryId> ids = new LinkedHashSet<>();
      for (; to < candidates.size() && ids.size() < length
          && candidates.get(to).score() >= threshold; to++) {
        ids.add(candidates.get(to).memory());
      }
      if (kept.size() == search.wanted || ids.isEmpty()) {
        return CompletableFuture.completedFuture(kept);
      }
      List<Fusion.Candidate> page = candidates.subList(from, to);
      int next = to;
      Activity step = Activity.step(search.activity, StepType.DATABASE_READ);
      return Activity.ending(step, search.source.find(ids, search.request, unexpiredAt))
          .thenComposeAsync(found -> {
            keep(page, found);
            return read(next, 2 * length);
          }, environment.executor());
    }

    private void keep(List<Fusion.Candidate> page, Map<MemoryId, Memory> found) {
      for (Fusion.Candidate candidate : page) {
        if (kept.size() == search.wanted) {
          break;
        }
        Memory memory = found.get(candidate.memory());
        if (memory != null && counts(candidate, memory) && seen.add(candidate.memory())) {
          kept.add(new Found(memory, candidate.score(), candidate.explanation()));
        }
      }
    }

    /** Whether this candidate counts for the memory. */
    private boolean counts(Fusion.Candidate candidate, Memory memory) {
      if (memory.contentHash().equals(candidate.contentHash())) {
        return true;
      }
      DocumentName present = new DocumentName(memory.id(), memory.op());
      if (held.contains(present) || isCandidate(memory)) {
        return false;
      }
      if (missing == null || missing.contains(present)) {
        return true;
      }
      unexplained.add(present);
      return false;
    }

    private boolean isCandidate(Memory memory) {
      Set<State> known = states;
      if (known == null) {
        known = candidates.stream().map(candidate -> new State(candidate.memory(), candidate.contentHash()))
            .collect(Collectors.toSet());
        states = known;
      }
      return known.contains(new State(memory.id(), memory.contentHash()));
    }
  }
}
