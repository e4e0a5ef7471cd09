package dev.memlane.embedding;

import dev.memlane.endpoints.Allowance;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * An embedder whose provider reports how many tokens a request used, and how much it would still accept. Of questions, if
 * it distinguishes them, it reports nothing.
 */
public interface MeteredEmbedder extends Embedder {

  /** As {@link #embed}, with the provider's report. */
  CompletableFuture<Answer> embedMetered(List<String> texts);

  @Override
  default CompletableFuture<List<float[]>> embed(List<String> texts) {
    return embedMetered(texts).thenApply(Answer::vectors);
  }

  /**
   * The answer to a request.
   *
   * @param vectors one for each text, in their order
   * @param tokens how many tokens the provider counted; negative if it doesn't say
   * @param allowance how much the provider would still accept; null if it doesn't say
   */
  record Answer(List<float[]> vectors, long tokens, @Nullable Allowance allowance) {}
}
