package dev.memlane.orchestrator;

import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.model.Embedding;
import dev.memlane.model.IndexQuery;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Searches: candidates from the index, everything else from core.
 *
 * <p>
 * A candidate whose row is not live, has another content, has expired or no longer passes the filter is dropped, and two
 * documents of one memory count once. Rows are read for the best candidates first, and for more of them only where some
 * were dropped: nearly always the first few are enough, and reading is what a search costs most. If all candidates leave
 * too few, the index is asked for more, until there are enough or it has no more.
 */
final class Searching {

  /** Keeps queries apart from what is stored, where a pool of endpoints is used by classes of work. */
  private static final String WORK_CLASS = "search";
  private static final int SHALLOWEST = 200;
  /** How many rows are read from core beyond those that are wanted, in case some are to be dropped. */
  private static final int SPARE = 5;

  private final Stores stores;
  private final Environment environment;
  private final BatchingEmbedder embedder;

  Searching(Stores stores, Environment environment, BatchingEmbedder embedder) {
    this.stores = stores;
    this.environment = environment;
    this.embedder = embedder;
  }

  /**
   * @return the hits, best first; fails with a {@link dev.memlane.model.MemlaneException}
   */
  CompletableFuture<List<SearchHit>> search(SearchRequest request) {
    return embed(request).thenComposeAsync(
        vector -> search(request, vector, Math.max(SHALLOWEST, 4 * request.limit())), environment.executor());
  }

  private CompletableFuture<@Nullable Embedding> embed(SearchRequest request) {
    if (request.mode() == SearchRequest.Mode.LEXICAL) {
      return CompletableFuture.completedFuture(null);
    }
    Embedding given = request.embedding();
    return given != null
        ? CompletableFuture.completedFuture(given)
        : embedder.embed(request.query(), WORK_CLASS).thenApply(embedding -> embedding);
  }

  private CompletableFuture<List<SearchHit>> search(SearchRequest request, @Nullable Embedding vector, int depth) {
    String text = request.mode() == SearchRequest.Mode.SEMANTIC ? null : request.query();
    IndexQuery query = new IndexQuery(vector, text, request.scope(), request.filter(), depth,
        request.context());
    return stores.index().search(query).thenComposeAsync(hits -> {
      List<Fusion.Candidate> candidates = Fusion.fuse(hits);
      return new Hits(request, candidates).read(0, request.limit() + SPARE).thenComposeAsync(kept -> {
        // Deeper candidates score lower by themselves, and nothing is lent to them; so a threshold ends the search as well.
        boolean enough = kept.size() == request.limit() || hits.exhausted()
            || candidates.stream().anyMatch(candidate -> candidate.own() < request.threshold());
        return enough
            ? CompletableFuture.completedFuture(kept)
            : search(request, vector, (int) Math.min(Integer.MAX_VALUE / 2, depth * 4L));
      }, environment.executor());
    }, environment.executor());
  }

  /** The hits among candidates, whose rows are read from core. Used by one thread after the other. */
  private final class Hits {

    private final SearchRequest request;
    private final List<Fusion.Candidate> candidates;
    private final List<SearchHit> kept = new ArrayList<>();
    private final Set<MemoryId> seen = new HashSet<>();

    Hits(SearchRequest request, List<Fusion.Candidate> candidates) {
      this.request = request;
      this.candidates = candidates;
    }

    /**
     * Reads page after page, best first, until there are enough or no more.
     *
     * @param from the first candidate that has not been looked at
     * @param length how many to read now; the next page is twice as long
     */
    CompletableFuture<List<SearchHit>> read(int from, int length) {
      int to = from;
      Set<MemoryId> ids = new LinkedHashSet<>();
      for (; to < candidates.size() && ids.size() < length
          && candidates.get(to).score() >= request.threshold(); to++) {
        ids.add(candidates.get(to).memory());
      }
      if (kept.size() == request.limit() || ids.isEmpty()) {
        return CompletableFuture.completedFuture(kept);
      }
      List<Fusion.Candidate> page = candidates.subList(from, to);
      int next = to;
      return stores.core().find(ids, request.scope(), request.filter(), environment.now())
          .thenComposeAsync(found -> {
            keep(page, found);
            return read(next, 2 * length);
          }, environment.executor());
    }

    private void keep(List<Fusion.Candidate> page, Map<MemoryId, Memory> found) {
      for (Fusion.Candidate candidate : page) {
        if (kept.size() == request.limit()) {
          break;
        }
        Memory memory = found.get(candidate.memory());
        if (memory != null && memory.contentHash().equals(candidate.contentHash()) && seen.add(candidate.memory())) {
          kept.add(new SearchHit(memory, candidate.score()));
        }
      }
    }
  }
}
