package dev.memlane.langchain4j;

import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.exception.AuthenticationException;
import dev.langchain4j.model.scoring.ScoringModel;
import dev.memlane.embedding.BlockingCall;
import dev.memlane.model.Reranker;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.DoubleUnaryOperator;

/**
 * A re-ranker that uses a scoring model of LangChain4j, such as a cross-encoder or a re-ranking service.
 *
 * <pre>{@code
 * ScoringModel model = CohereScoringModel.builder().modelName("rerank-v3.5")...build();
 * SearchRequest.builder("where does Ada live?").scope(ada).reranker(LangChain4jReranker.of(model)).build();
 * }</pre>
 *
 * <p>
 * Each search is one call of the model, on its own virtual thread, which is interrupted if the call is cancelled. Safe
 * for use by several threads if the model is.
 */
public final class LangChain4jReranker implements Reranker {

  private final ScoringModel model;
  private final DoubleUnaryOperator scale;

  private LangChain4jReranker(ScoringModel model, DoubleUnaryOperator scale) {
    this.model = model;
    this.scale = scale;
  }

  /** Creates a re-ranker from a model whose scores lie in [0, 1], as those of services do. */
  public static LangChain4jReranker of(ScoringModel model) {
    return new LangChain4jReranker(model, score -> score);
  }

  /**
   * Creates a re-ranker from a model with unbounded scores, such as a cross-encoder. The logistic function maps them to
   * [0, 1].
   */
  public static LangChain4jReranker ofLogits(ScoringModel model) {
    return new LangChain4jReranker(model, score -> 1 / (1 + Math.exp(-score)));
  }

  @Override
  public CompletableFuture<List<Double>> score(String query, List<String> texts) {
    List<TextSegment> segments = texts.stream().map(TextSegment::from).toList();
    return BlockingCall.start("memlane-langchain4j",
        () -> model.scoreAll(segments, query).content().stream().map(scale::applyAsDouble).toList(),
        LangChain4jReranker::translate);
  }

  private static Throwable translate(Throwable thrown) {
    // Without the exception's message: it is the provider's answer, in which some repeat the key.
    return thrown instanceof AuthenticationException
        ? new IllegalStateException("the scoring model was denied; check its key")
        : thrown;
  }

  @Override
  public String toString() {
    return "LangChain4jReranker[" + model + "]";
  }
}
