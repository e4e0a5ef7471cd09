package dev.memlane.orchestrator;

import dev.memlane.embedding.Embedder;
import dev.memlane.embedding.HashEmbedder;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/** An embedder that knows how often it was closed. */
final class CountedEmbedder implements Embedder {
  private final HashEmbedder hash = new HashEmbedder();
  final AtomicInteger closed = new AtomicInteger();

  @Override
  public CompletableFuture<List<float[]>> embed(List<String> texts) {
    return hash.embed(texts);
  }

  @Override
  public String model() {
    return hash.model();
  }

  @Override
  public int dimension() {
    return hash.dimension();
  }

  @Override
  public Limits limits() {
    return hash.limits();
  }

  @Override
  public void close() {
    closed.incrementAndGet();
  }
}
