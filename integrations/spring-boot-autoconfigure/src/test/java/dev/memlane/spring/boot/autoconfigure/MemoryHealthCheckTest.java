package dev.memlane.spring.boot.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.embedding.EmbedderPool;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.storage.core.PostgresCoreStore;
import dev.memlane.storage.history.PostgresHistoryStore;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.storage.vector.LuceneVectorIndex;
import dev.memlane.testing.FaultyWire;
import dev.memlane.testing.TestServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("programs")
class MemoryHealthCheckTest {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);

  @TempDir
  @SuppressWarnings("NullAway.Init") // set by JUnit
  private Path directory;

  private MemoryOrchestrator open(String url) {
    return MemoryOrchestrator.builder().postgres(url, null, null).indexDirectory(directory)
        .embedders(EmbedderPool.builder().endpoint("east", new HashEmbedder()).build()).open();
  }

  @Test
  void check_ofMemoryThatWorks_isUp_withWhatItHolds() {
    try (MemoryOrchestrator memory = open(TestServer.freshDatabase(TABLES))) {
      memory.addMemory(NewMemory.of("Ada plays the oboe", Scope.user("ada"))).join();

      MemoryHealth health = new MemoryHealthCheck(memory).check();

      assertThat(health.up()).isTrue();
      assertThat(health.details()).containsExactly(Map.entry("database", "answers"), Map.entry("index", "answers"),
          Map.entry("documents", 1L), Map.entry("unsettled", 0), Map.entry("unindexed", 0),
          Map.entry("writesInFlight", 0), Map.entry("endpoints", Map.of("east", "serving")));
    }
  }

  @Tag("slow")
  @Test
  void check_withoutDatabase_isDown_andUpAgainWithIt() {
    try (FaultyWire wire = FaultyWire.to(TestServer.freshDatabase(TABLES));
        MemoryOrchestrator memory = open(wire.jdbcUrl())) {
      wire.refuse();
      wire.cut();
      MemoryHealth without = new MemoryHealthCheck(memory, Duration.ofMillis(500)).check();
      assertThat(without.up()).isFalse();
      assertThat(without.details().get("database")).asString().matches("(fails|doesn't answer).*");
      assertThat(without.details()).containsEntry("index", "answers");

      wire.release();
      assertThat(new MemoryHealthCheck(memory).check().details()).containsEntry("database", "answers");
    }
  }

  @Test
  void check_withIndexThatFailed_isDown() {
    HashEmbedder embedder = new HashEmbedder();
    try (Database database = Database.builder(TestServer.freshDatabase(TABLES)).open()) {
      PostgresCoreStore core = PostgresCoreStore.open(database, embedder.model(), embedder.dimension());
      LuceneVectorIndex index = LuceneVectorIndex.builder(directory).model(embedder.model())
          .dimension(embedder.dimension()).open();
      try (MemoryOrchestrator memory = MemoryOrchestrator.builder()
          .stores(database.units(), core, new PostgresHistoryStore(database), index).embedder(embedder).open()) {
        index.close();

        MemoryHealth health = new MemoryHealthCheck(memory).check();

        assertThat(health.up()).isFalse();
        assertThat(health.details()).containsEntry("database", "answers");
        assertThat(health.details().get("index")).asString().startsWith("fails: ");
      }
    }
  }

  @Test
  void check_ofClosedMemory_isDown() {
    MemoryOrchestrator memory = open(TestServer.freshDatabase(TABLES));
    memory.close();

    MemoryHealth health = new MemoryHealthCheck(memory).check();

    assertThat(health.up()).isFalse();
    assertThat(health.details().get("database")).asString().contains("the memory is closed");
  }
}
