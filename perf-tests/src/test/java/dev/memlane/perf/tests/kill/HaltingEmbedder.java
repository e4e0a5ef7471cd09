package dev.memlane.perf.tests.kill;

import dev.memlane.embedding.Embedder;
import dev.memlane.embedding.local.LocalEmbedder;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Embeds by the sentence model, counts the texts, and stops answering after so many. The model takes longer than the stores, so
 * that most of what was embedded is stored by then.
 */
final class HaltingEmbedder implements Embedder {

  private final LocalEmbedder local = new LocalEmbedder();
  private final int most;
  private final Runnable halted;
  private final AtomicInteger texts = new AtomicInteger();

  /**
   * @param most how many texts it embeds
   * @param halted is run when a request is not answered any more
   */
  HaltingEmbedder(int most, Runnable halted) {
    this.most = most;
    this.halted = halted;
  }

  /** How many texts it was given. */
  int texts() {
    return texts.get();
  }

  @Override
  public CompletableFuture<List<float[]>> embed(List<String> given) {
    if (texts.addAndGet(given.size()) > most) {
      halted.run();
      return new CompletableFuture<>();
    }
    return local.embed(given);
  }

  @Override
  public String model() {
    return local.model();
  }

  @Override
  public int dimension() {
    return local.dimension();
  }

  @Override
  public Limits limits() {
    return new Limits(10, 100_000);
  }

  @Override
  public void close() {
    local.close();
  }
}
