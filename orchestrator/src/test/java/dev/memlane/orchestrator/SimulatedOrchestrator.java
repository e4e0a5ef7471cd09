package dev.memlane.orchestrator;

import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.MemoryLocks;
import dev.memlane.orchestrator.internal.OpenedStores;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;

/** A real orchestrator on simulated stores and a simulated environment, for tests in other packages. */
public final class SimulatedOrchestrator {

  private final Engine engine;
  private final MemoryOrchestrator memory;

  /**
   * @param followEvery the interval between two polls for the writes of other processes
   * @param followerLocks makes the followers' locks from those of the writes
   */
  public SimulatedOrchestrator(OpenedStores stores, Environment environment, BatchingEmbedder embedder,
      Duration followEvery, UnaryOperator<MemoryLocks> followerLocks) {
    this.engine = new Engine(stores, anew -> stores.index(), environment, embedder,
        new Engine.Settings(Duration.ofSeconds(10), 100, 100, followEvery, Duration.ofDays(30), Duration.ZERO,
            scope -> false),
        followerLocks, () -> {});
    this.memory = new MemoryOrchestrator(engine);
  }

  /** Makes the index agree with core, as opening does. */
  public CompletableFuture<Long> start() {
    return engine.start(Progress.NONE);
  }

  public MemoryOrchestrator memory() {
    return memory;
  }

  /** Begins without an index, as the opening of a writer does. */
  public CompletableFuture<Long> startDetached() {
    return engine.startDetached();
  }

  /** The memories that the index could not follow yet. Asks no store. */
  public List<Unindexed> unindexed() {
    return engine.backgroundFollower.unindexed();
  }
}
