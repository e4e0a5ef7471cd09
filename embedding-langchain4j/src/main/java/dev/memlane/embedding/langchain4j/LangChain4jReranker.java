package dev.memlane.embedding.langchain4j;

import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.exception.AuthenticationException;
import dev.langchain4j.model.scoring.ScoringModel;
import dev.memlane.model.Reranker;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.DoubleUnaryOperator;

/**
 * A scoring model of LangChain4j, such as a cross-encoder or a service that re-ranks, as a re-ranker.
 *
 * <pre>{@code
 * ScoringModel model = CohereScoringModel.builder().modelName("rerank-v3.5")...build();
 * SearchRequest.builder("where does Ada live?").scope(ada).reranker(LangChain4jReranker.of(model)).build();
 * }</pre>
 *
 * <p>
 * Each search is one call of the model, in a virtual thread of its own, which is interrupted if it is given up. As safe for use
 * by several threads as the model.
 */
public final class LangChain4jReranker implements Reranker {

  private final ScoringModel model;
  private final DoubleUnaryOperator scale;

  private LangChain4jReranker(ScoringModel model, DoubleUnaryOperator scale) {
    this.model = model;
    this.scale = scale;
  }

  /** A model whose scores lie in [0, 1], as those of services do. */
  public static LangChain4jReranker of(ScoringModel model) {
    return new LangChain4jReranker(model, score -> score);
  }

  /** A model whose scores are any numbers, as those of cross-encoders are: the logistic function brings them to [0, 1]. */
  public static LangChain4jReranker ofLogits(ScoringModel model) {
    return new LangChain4jReranker(model, score -> 1 / (1 + Math.exp(-score)));
  }

  @Override
  public CompletableFuture<List<Double>> score(String query, List<String> texts) {
    List<TextSegment> segments = texts.stream().map(TextSegment::from).toList();
    CompletableFuture<List<Double>> scores = new CompletableFuture<>();
    Thread thread = Thread.ofVirtual().name("memlane-langchain4j").unstarted(() -> {
      try {
        scores.complete(model.scoreAll(segments, query).content().stream().map(scale::applyAsDouble).toList());
      } catch (AuthenticationException e) {
        // Some providers repeat the key in their answer, which is the message of what was thrown.
        scores.completeExceptionally(new IllegalStateException("the scoring model was denied; check its key"));
      } catch (Throwable e) {
        // Also errors: whoever waits has to be told.
        scores.completeExceptionally(e);
      }
    });
    var unused = scores.whenComplete((value, failure) -> {
      if (scores.isCancelled()) {
        thread.interrupt();
      }
    });
    thread.start();
    return scores;
  }

  @Override
  public String toString() {
    return "LangChain4jReranker[" + model + "]";
  }
}
