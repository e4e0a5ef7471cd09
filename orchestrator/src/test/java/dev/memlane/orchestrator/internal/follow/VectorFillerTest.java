package dev.memlane.orchestrator.internal.follow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.embedding.EmbedderPool;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.MemoryWriter;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.TimeOrderedIds;
import dev.memlane.storage.core.PostgresCoreStore;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.testing.ManualScheduler;
import dev.memlane.testing.TestServer;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** How fast missing vectors are filled in, by a clock that the test moves. */
@Tag("programs")
class VectorFillerTest {

  private static final int MEMORIES = 12;
  private static final int TEXTS_PER_SECOND = 5;
  private static final Duration NEARLY_A_SECOND = Duration.ofMillis(999);
  private static final Duration REST = Duration.ofMillis(1);

  @Test
  void noMoreTextsAreEmbedded_thanTheSecondAllows() {
    String jdbcUrl = TestServer.freshDatabase(new DatabaseSchema("memlane").script(0));
    try (MemoryWriter writer = MemoryOrchestrator.builder().postgres(jdbcUrl, null, null)
        .embedder(new HashEmbedder(64)).openWriter()) {
      writer.addMemories(
          IntStream.range(0, MEMORIES).mapToObj(i -> NewMemory.of("fact " + i, Scope.user("ada"))).toList()).join();
    }
    ManualScheduler timer = new ManualScheduler();
    Instant start = Instant.parse("2026-01-01T00:00:00Z");
    InstantSource clock = () -> start.plusNanos(timer.nanoTime());
    Environment environment = new Environment(task -> Thread.ofVirtual().start(task), timer, clock,
        new TimeOrderedIds(clock));
    AtomicLong embedded = new AtomicLong();
    EmbedderPool pool = EmbedderPool.of(new HashEmbedder(48), 1, Duration.ofMinutes(1));
    try (Database database = Database.builder(jdbcUrl).open();
        BatchingEmbedder embedder = BatchingEmbedder.builder(pool).build()) {
      PostgresCoreStore core = PostgresCoreStore.open(database, embedder.vectorName(), 48);
      VectorFiller filler = new VectorFiller(core, core, embedder, environment, TEXTS_PER_SECOND,
          Long.MAX_VALUE,
          (done, total) -> embedded.set(done));

      CompletableFuture<Void> filled = filler.run();
      for (int second = 1; second * TEXTS_PER_SECOND < MEMORIES; second++) {
        await().until(() -> timer.pending() == 1);
        assertThat(embedded).hasValue(second * (long) TEXTS_PER_SECOND);
        timer.pass(NEARLY_A_SECOND);
        assertThat(timer.pending()).isEqualTo(1);
        timer.pass(REST);
      }
      await().until(() -> embedded.get() == MEMORIES && timer.pending() == 1);
      timer.pass(Duration.ofSeconds(1));

      filled.join();
      assertThat(core.countWithoutVector().join()).isZero();
    }
  }
}
