package dev.memlane.perf.tests.scenario;

import dev.memlane.embedding.Embedder;
import dev.memlane.model.EmbeddingException;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** The model of vectors that callers give themselves: it embeds nothing, so that only storing is measured. */
final class GivenVectors implements Embedder {

  @Override
  public CompletableFuture<List<float[]>> embed(List<String> texts) {
    return CompletableFuture.failedFuture(new EmbeddingException("vectors should have been given", null));
  }

  @Override
  public String model() {
    return Generated.MODEL;
  }

  @Override
  public int dimension() {
    return Generated.DIMENSION;
  }

  @Override
  public Limits limits() {
    return Limits.standard();
  }
}
