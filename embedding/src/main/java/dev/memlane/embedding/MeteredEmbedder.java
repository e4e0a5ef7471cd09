package dev.memlane.embedding;

import dev.memlane.endpoints.Allowance;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** An embedder whose provider says what a request used, and what it would still take. */
public interface MeteredEmbedder extends Embedder {

  /** As {@link #embed}, with what the provider says besides. */
  CompletableFuture<Answer> embedMetered(List<String> texts);

  @Override
  default CompletableFuture<List<float[]>> embed(List<String> texts) {
    return embedMetered(texts).thenApply(Answer::vectors);
  }

  /**
   * What came back.
   *
   * @param vectors one for each text, in their order
   * @param tokens how many tokens the provider has counted; less than 0 if it doesn't say
   * @param allowance what it would still take; null if it doesn't say
   */
  record Answer(List<float[]> vectors, long tokens, @Nullable Allowance allowance) {}
}
