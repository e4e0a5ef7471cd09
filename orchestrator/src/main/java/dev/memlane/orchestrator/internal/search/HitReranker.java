package dev.memlane.orchestrator.internal.search;

import dev.memlane.model.Reranker;
import dev.memlane.model.RerankingException;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.Futures;
import dev.memlane.orchestrator.internal.search.SearchHandler.Found;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** The re-ranking of a search's hits by the request's re-ranker, if it has one. */
final class HitReranker {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Environment environment;

  HitReranker(Environment environment) {
    this.environment = environment;
  }

  /**
   * Re-ranks hits.
   *
   * @return the hits by the re-ranker's scores, best first, without those below the threshold; the same hits if there is no
   * re-ranker. Fails with a {@link RerankingException}
   */
  CompletableFuture<List<Found>> rerank(SearchRequest request, List<Found> found) {
    Reranker reranker = request.ranking().reranker();
    if (reranker == null || found.isEmpty()) {
      return CompletableFuture.completedFuture(found);
    }
    List<String> texts = found.stream().map(one -> one.memory().searchableText()).toList();
    CompletableFuture<List<Double>> scores;
    try {
      scores = reranker.score(request.query(), texts);
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(failed(e));
    }
    return environment.until(environment.now().plus(PATIENCE), scores).handleAsync((answer, failure) -> {
      if (failure != null) {
        scores.cancel(true);
        throw failed(Futures.unwrap(failure));
      }
      return ranked(request, found, answer);
    }, environment.executor());
  }

  private static RerankingException failed(Throwable cause) {
    return new RerankingException("the re-ranker failed, or took more than " + PATIENCE.toSeconds()
        + " s; search again, or without it: " + cause.getMessage(), cause);
  }

  private static List<Found> ranked(SearchRequest request, List<Found> found, List<Double> scores) {
    if (scores.size() != found.size()) {
      throw new RerankingException(
          "the re-ranker was asked for " + found.size() + " scores and gave " + scores.size(), null);
    }
    List<Found> ranked = new ArrayList<>(found.size());
    for (int i = 0; i < found.size(); i++) {
      double score = scores.get(i);
      if (!(score >= 0 && score <= 1)) {
        throw new RerankingException("the re-ranker gave the score " + score + "; it must be 0 to 1", null);
      }
      if (score >= request.threshold()) {
        Found one = found.get(i);
        ranked.add(new Found(one.memory(), score, one.explanation().withReranked(score)));
      }
    }
    // The sort is stable: hits with equal scores keep their order.
    ranked.sort(Comparator.comparingDouble(Found::score).reversed());
    return ranked;
  }
}
