package dev.memlane.perf.tests.scenario;

import dev.memlane.embedding.Embedder;
import dev.memlane.model.EmbeddingException;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** The model of vectors that the callers give. It embeds nothing, so that only storing is measured. */
final class GivenVectorEmbedder implements Embedder {

  @Override
  public CompletableFuture<List<float[]>> embed(List<String> texts) {
    return CompletableFuture.failedFuture(new EmbeddingException("vectors should have been given", null));
  }

  @Override
  public String model() {
    return GeneratedMemories.MODEL;
  }

  @Override
  public int dimension() {
    return GeneratedMemories.DIMENSION;
  }

  @Override
  public Limits limits() {
    return Limits.standard();
  }
}
