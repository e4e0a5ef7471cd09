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
 * documents of one memory count once. If that leaves too few, the index is asked for more, until there are enough or it
 * has no more.
 */
final class Searching {

  private static final int SHALLOWEST = 100;

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
        : embedder.embed(request.query()).thenApply(embedding -> embedding);
  }

  private CompletableFuture<List<SearchHit>> search(SearchRequest request, @Nullable Embedding vector, int depth) {
    String text = request.mode() == SearchRequest.Mode.SEMANTIC ? null : request.query();
    IndexQuery query = new IndexQuery(vector, text, request.scope(), request.filter(), depth);
    return stores.index().search(query).thenComposeAsync(hits -> {
      List<Fusion.Candidate> candidates = Fusion.fuse(hits);
      Set<MemoryId> ids = new LinkedHashSet<>();
      candidates.forEach(candidate -> ids.add(candidate.memory()));
      return stores.core().find(ids, request.scope(), request.filter(), environment.now())
          .thenComposeAsync(found -> {
            List<SearchHit> kept = keep(request, candidates, found);
            // Deeper candidates score lower than these, so a threshold that drops some ends the search as well.
            boolean enough = kept.size() == request.limit() || hits.exhausted()
                || !candidates.isEmpty() && candidates.getLast().score() < request.threshold();
            return enough
                ? CompletableFuture.completedFuture(kept)
                : search(request, vector, (int) Math.min(Integer.MAX_VALUE / 2, depth * 4L));
          }, environment.executor());
    }, environment.executor());
  }

  private static List<SearchHit> keep(
      SearchRequest request, List<Fusion.Candidate> candidates, Map<MemoryId, Memory> found) {
    List<SearchHit> kept = new ArrayList<>();
    Set<MemoryId> seen = new HashSet<>();
    for (Fusion.Candidate candidate : candidates) {
      if (kept.size() == request.limit()) {
        break;
      }
      Memory memory = found.get(candidate.memory());
      if (memory != null && memory.contentHash().equals(candidate.contentHash()) && seen.add(candidate.memory())
          && candidate.score() >= request.threshold()) {
        kept.add(new SearchHit(memory, candidate.score()));
      }
    }
    return kept;
  }
}
