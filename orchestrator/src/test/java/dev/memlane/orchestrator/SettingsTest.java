package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.embedding.BatchingEmbedderBuilder;
import dev.memlane.embedding.Embedder;
import dev.memlane.embedding.EmbedderPool;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.endpoints.EndpointLimits;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Whatever is set, a value out of its range is refused at once, by the same exception, which names it. */
class SettingsTest {

  private static OrchestratorBuilder memory() {
    return MemoryOrchestrator.builder();
  }

  private static SearchRequest.Builder search() {
    return SearchRequest.builder("oboe").scope(Scope.user("ada"));
  }

  private static BatchingEmbedderBuilder embedding() {
    return BatchingEmbedder.builder(new HashEmbedder());
  }

  private static NewMemory.Builder addHandler() {
    return NewMemory.builder("oboe", Scope.user("ada"));
  }

  private static DynamicTest refused(String named, ThrowingCallable setting) {
    return DynamicTest.dynamicTest(named, () -> assertThatExceptionOfType(InvalidInputException.class)
        .isThrownBy(setting).withMessageContaining(named));
  }

  @TestFactory
  Stream<DynamicTest> memory_setWhereItIsSet() {
    return Stream.of(refused("poolSize", () -> memory().poolSize(3)),
        refused("commitQueueBound", () -> memory().commitQueueBound(0)),
        refused("embeddingCacheBytes", () -> memory().embeddingCacheBytes(-1)),
        refused("embeddingConcurrency", () -> memory().embeddingConcurrency(0)),
        refused("embeddingDeadline", () -> memory().embeddingDeadline(Duration.ZERO)),
        refused("writeDeadline", () -> memory().writeDeadline(Duration.ofSeconds(-1))),
        refused("statementTimeout", () -> memory().statementTimeout(Duration.ofNanos(1))),
        refused("lockTimeout", () -> memory().lockTimeout(Duration.ZERO)),
        refused("indexCommitInterval", () -> memory().indexCommitInterval(Duration.ZERO)),
        refused("mostInFlight", () -> memory().mostInFlight(0)),
        refused("mostUnsettled", () -> memory().mostUnsettled(0)),
        refused("followEvery", () -> memory().followEvery(Duration.ofMillis(-1))),
        refused("retention", () -> memory().retention(Duration.ofMinutes(59))),
        refused("expiredGrace", () -> memory().expiredGrace(Duration.ofMillis(-1))));
  }

  @TestFactory
  Stream<DynamicTest> search_whenItIsBuilt() {
    return Stream.of(refused("limit of hits", () -> search().limit(0).build()),
        refused("limit of hits", () -> search().limit(1_001).build()),
        refused("threshold", () -> search().threshold(1.5).build()),
        refused("threshold", () -> search().threshold(Double.NaN).build()),
        refused("minSimilarity", () -> search().minSimilarity(-2).build()),
        refused("minWords", () -> search().minWords(-1).build()),
        refused("weight of meaning", () -> search().semanticWeight(1.1).build()),
        refused("diversity", () -> search().diversity(1).build()),
        refused("half-life", () -> search().recency(Duration.ZERO)),
        refused("weight of recency", () -> search().recency(new Recency(Duration.ofDays(1), 2))),
        refused("re-ranker",
            () -> search().reranker((query, texts) -> CompletableFuture.completedFuture(List.of()), 0).build()),
        refused("query", () -> SearchRequest.builder(" ").everywhere().build()),
        refused("scope", () -> SearchRequest.builder("oboe").build()));
  }

  @TestFactory
  Stream<DynamicTest> embedding_whereItIsSet() {
    return Stream.of(refused("cacheBytes", () -> embedding().cacheBytes(-1)),
        refused("concurrency", () -> embedding().concurrency(0)),
        refused("maxWaiting", () -> embedding().maxWaiting(0)),
        refused("deadline", () -> embedding().deadline(Duration.ZERO)),
        refused("0 texts", () -> new Embedder.Limits(0, 1)),
        refused("dimension", () -> new HashEmbedder(0)),
        refused("attempts", () -> EmbedderPool.builder().attempts(0)),
        refused("firstPause", () -> EmbedderPool.builder().firstPause(Duration.ZERO)),
        refused("concurrency", () -> EndpointLimits.none().concurrency(-1)));
  }

  @TestFactory
  Stream<DynamicTest> memory_toBeStored() {
    return Stream.of(refused("the key", () -> addHandler().key("\u200B").build()),
        refused("the actor", () -> addHandler().actor(" ").build()),
        refused("occurredAt", () -> addHandler().occurredAt(Instant.MAX).build()),
        refused("expiresAt", () -> addHandler().expiresAt(Instant.MIN).build()),
        refused("metadata", () -> addHandler().metadata("n", Double.NaN).build()),
        refused("the content", () -> NewMemory.of("\u00AD", Scope.user("ada"))));
  }
}
