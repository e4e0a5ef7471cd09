package dev.memlane.orchestrator;

import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.model.ContentHash;
import dev.memlane.model.Embedding;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.IndexQuery;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Searches: candidates from the index, everything else from core.
 *
 * <p>
 * A candidate whose row is not live, has expired or does not pass the filter is dropped, and two documents of one memory
 * count once. Rows are read for the best candidates first, and for more of them only where some were dropped: nearly
 * always the first few are enough, and reading is what a search costs most. If all candidates leave too few, the index is
 * asked for more, until there are enough or it has no more.
 *
 * <p>
 * <b>Memories that change meanwhile.</b> The index is looked at before core, and another process's index lags behind it.
 * So a candidate may be of another state than the row. Such a memory must not be lost, and it must not be found by what
 * it no longer says if the index knows better. If one comes up, the index is searched again and asked, in the same view,
 * whether it holds the document of the row's state. If it does, that document counts and no other. If it does not, the
 * memory is found by the state that the index holds, and the hit shows the row's. After {@value #MOST_LOOKS} looks a
 * memory that has changed again each time counts as one that the index does not hold.
 */
final class SearchHandler {

  /** Keeps queries apart from what is stored, where a pool of endpoints is used by classes of work. */
  private static final String WORK_CLASS = "search";
  private static final int SHALLOWEST = 200;
  /** Among how many times as many hits as are wanted the different ones are picked, and among how many at least. */
  private static final int DIVERSE_AMONG = 4;
  private static final int DIVERSE_AMONG_AT_LEAST = 50;
  /** How many rows are read from core beyond those that are wanted, in case some are to be dropped. */
  private static final int SPARE = 5;
  /** How often the index is looked at for one depth. */
  private static final int MOST_LOOKS = 3;

  private final Stores stores;
  private final Environment environment;
  private final BatchingEmbedder embedder;
  private final HitReranker hitReranker;

  /** A hit before it is told. */
  record Found(Memory memory, double score, Explanation explanation) {}

  SearchHandler(Stores stores, Environment environment, BatchingEmbedder embedder) {
    this.stores = stores;
    this.environment = environment;
    this.embedder = embedder;
    this.hitReranker = new HitReranker(environment);
  }

  /**
   * @return the hits, best first; fails with a {@link dev.memlane.model.MemlaneException}
   */
  CompletableFuture<List<SearchHit>> search(SearchRequest request) {
    int wanted = wanted(request);
    return embed(request)
        .thenComposeAsync(vector -> search(request, vector, wanted, Math.max(SHALLOWEST, 4 * wanted), Set.of(), 1),
            environment.executor())
        .thenCompose(found -> hitReranker.rerank(request, found))
        .thenCompose(found -> finish(request, found));
  }

  /** How many hits are to be read: more than are returned where they are put in another order afterwards. */
  private static int wanted(SearchRequest request) {
    Ranking ranking = request.ranking();
    int wanted = ranking.reranker() != null
        ? Math.max(request.limit(), ranking.reranked())
        : ranking.diversity() > 0
            ? Math.max(DIVERSE_AMONG_AT_LEAST, DIVERSE_AMONG * request.limit())
            : request.limit();
    return Math.min(wanted, SearchRequest.MOST);
  }

  /** Picks different ones, if that was asked for, and tells of the hits what was asked for. */
  private CompletableFuture<List<SearchHit>> finish(SearchRequest request, List<Found> found) {
    double diversity = request.ranking().diversity();
    if (diversity > 0) {
      return vectors(found).thenApplyAsync(
          vectors -> told(request, Diversity.pick(found, vectors, request.limit(), diversity), vectors),
          environment.executor());
    }
    List<Found> best = found.subList(0, Math.min(request.limit(), found.size()));
    return request.include().contains(SearchRequest.Include.EMBEDDING)
        ? vectors(best).thenApply(vectors -> told(request, best, vectors))
        : CompletableFuture.completedFuture(told(request, best, Map.of()));
  }

  private static List<SearchHit> told(SearchRequest request, List<Found> picked, Map<MemoryId, Embedding> vectors) {
    boolean embedded = request.include().contains(SearchRequest.Include.EMBEDDING);
    boolean explained = request.include().contains(SearchRequest.Include.EXPLANATION);
    return picked.stream().map(one -> new SearchHit(one.memory(), one.score(),
        embedded ? vectors.get(one.memory().id()) : null, explained ? one.explanation() : null)).toList();
  }

  private CompletableFuture<Map<MemoryId, Embedding>> vectors(List<Found> found) {
    return stores.core().read(found.stream().map(one -> one.memory().id()).toList(), true).thenApply(rows -> {
      Map<MemoryId, Embedding> vectors = new HashMap<>();
      rows.forEach((id, row) -> {
        Embedding vector = row.embedding();
        if (vector != null) {
          vectors.put(id, vector);
        }
      });
      return vectors;
    });
  }

  private CompletableFuture<@Nullable Embedding> embed(SearchRequest request) {
    if (request.mode() == SearchRequest.Mode.LEXICAL) {
      return CompletableFuture.completedFuture(null);
    }
    Embedding given = request.embedding();
    if (given == null) {
      return embedder.embed(request.query(), WORK_CLASS).thenApply(embedding -> embedding);
    }
    try {
      embedder.requireCompatible(given);
    } catch (InvalidInputException e) {
      return CompletableFuture.failedFuture(e);
    }
    return CompletableFuture.completedFuture(given);
  }

  /**
   * @param asked the documents of rows that no candidate belonged to
   * @param look how many looks at this depth this is the last of
   */
  private CompletableFuture<List<Found>> search(SearchRequest request, @Nullable Embedding vector, int wanted,
      int depth, Set<DocumentName> asked, int look) {
    String text = request.mode() == SearchRequest.Mode.SEMANTIC ? null : request.query();
    IndexQuery query = new IndexQuery(vector, text, request.scopes(), request.filter(), depth,
        request.ranking().context(), asked, request.minSimilarity(), request.minWords());
    Instant now = environment.now();
    return stores.index().search(query).thenComposeAsync(hits -> {
      List<Fusion.Candidate> candidates = Fusion.fuse(hits, request.ranking(), now);
      Set<DocumentName> missing = new HashSet<>(asked);
      missing.removeAll(hits.held());
      Hits reading = new Hits(request, candidates, hits.held(), look < MOST_LOOKS ? missing : null, wanted, now);
      return reading.read(0, wanted + SPARE).thenComposeAsync(kept -> {
        if (!reading.unexplained.isEmpty()) {
          Set<DocumentName> more = new HashSet<>(asked);
          more.addAll(reading.unexplained);
          return search(request, vector, wanted, depth, more, look + 1);
        }
        // Deeper candidates score lower by themselves, and nothing is lent to them; so a threshold ends the search as well.
        boolean enough = kept.size() == wanted || hits.exhausted()
            || candidates.stream().anyMatch(candidate -> candidate.explanation().own() < reading.threshold);
        return enough
            ? CompletableFuture.completedFuture(kept)
            : search(request, vector, wanted, (int) Math.min(Integer.MAX_VALUE / 2, depth * 4L), asked, 1);
      }, environment.executor());
    }, environment.executor());
  }

  /** The hits among candidates, whose rows are read from core. Used by one thread after the other. */
  private final class Hits {

    private final SearchRequest request;
    private final List<Fusion.Candidate> candidates;
    /** Documents of rows that the index holds. */
    private final Set<DocumentName> held;
    /** Documents of rows that the index does not hold; null if all that it was not asked for count as such. */
    private final @Nullable Set<DocumentName> missing;
    private final int wanted;
    private final double threshold;
    private final @Nullable Instant unexpiredAt;
    private final List<Found> kept = new ArrayList<>();
    private final Set<MemoryId> seen = new HashSet<>();
    /** Documents of rows whose memory was found by another state, and of which it is not known whether the index holds them. */
    private final Set<DocumentName> unexplained = new HashSet<>();
    /** What the candidates are states of. Made when a row is of none of its memory's candidates. */
    private @Nullable Set<State> states;

    private record State(MemoryId memory, ContentHash content) {}

    Hits(SearchRequest request, List<Fusion.Candidate> candidates, Set<DocumentName> held,
        @Nullable Set<DocumentName> missing, int wanted, Instant now) {
      this.request = request;
      this.candidates = candidates;
      this.held = held;
      this.missing = missing;
      this.wanted = wanted;
      // A re-ranker's scores are others.
      this.threshold = request.ranking().reranker() == null ? request.threshold() : 0;
      this.unexpiredAt = request.include().contains(SearchRequest.Include.EXPIRED) ? null : now;
    }

    /**
     * Reads page after page, best first, until there are enough or no more.
     *
     * @param from the first candidate that has not been looked at
     * @param length how many to read now; the next page is twice as long
     */
    CompletableFuture<List<Found>> read(int from, int length) {
      int to = from;
      Set<MemoryId> ids = new LinkedHashSet<>();
      for (; to < candidates.size() && ids.size() < length
          && candidates.get(to).score() >= threshold; to++) {
        ids.add(candidates.get(to).memory());
      }
      if (kept.size() == wanted || ids.isEmpty()) {
        return CompletableFuture.completedFuture(kept);
      }
      List<Fusion.Candidate> page = candidates.subList(from, to);
      int next = to;
      return stores.core().find(ids, request.scopes(), request.filter(), unexpiredAt)
          .thenComposeAsync(found -> {
            keep(page, found);
            return read(next, 2 * length);
          }, environment.executor());
    }

    private void keep(List<Fusion.Candidate> page, Map<MemoryId, Memory> found) {
      for (Fusion.Candidate candidate : page) {
        if (kept.size() == wanted) {
          break;
        }
        Memory memory = found.get(candidate.memory());
        if (memory != null && counts(candidate, memory) && seen.add(candidate.memory())) {
          kept.add(new Found(memory, candidate.score(), candidate.explanation()));
        }
      }
    }

    /** Whether the memory is found by this candidate. */
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
