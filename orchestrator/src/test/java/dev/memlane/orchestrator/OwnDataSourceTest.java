package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import dev.memlane.testing.PgBouncer;
import dev.memlane.testing.TestServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.ds.PGSimpleDataSource;

/** A memory over connections of the application's, and through a pooler in transaction mode. */
@Tag("programs")
class OwnDataSourceTest {

  private static final Scope ADA = Scope.user("ada");

  @TempDir
  private Path folder;

  @Test
  void everyCall_overADataSource_worksAndOthersAreFollowed() {
    PGSimpleDataSource source = source(TestServer.freshDatabase());
    try (MemoryOrchestrator one = builder("one").postgres(source).open();
        MemoryOrchestrator other = builder("other").postgres(source).open()) {
      callAll(one.blocking(), other.blocking());
    }
  }

  @Test
  void everyCall_throughPgBouncer_worksAndOthersAreFollowed() {
    PgBouncer.require();
    try (PgBouncer bouncer = PgBouncer.start(TestServer.freshDatabase(), folder);
        MemoryOrchestrator one = builder("one").postgres(bouncer.jdbcUrl() + "&pgbouncer=true", null, null).open();
        MemoryOrchestrator other = builder("other").postgres(source(bouncer.jdbcUrl())).transactionPooling(true)
            .open()) {
      callAll(one.blocking(), other.blocking());
    }
  }

  @Test
  void open_schemaUnlikeTheUrls_isRefused() {
    OrchestratorBuilder builder = builder("one").schema("agents")
        .postgres(TestServer.freshDatabase() + "&currentSchema=others", null, null);

    assertThatThrownBy(builder::open).isInstanceOf(InvalidInputException.class).hasMessageContaining("agents")
        .hasMessageContaining("others");
  }

  private static void callAll(BlockingMemory one, BlockingMemory other) {
    List<WriteOutcome> outcomes = one.addMemories(IntStream.range(0, 200)
        .mapToObj(i -> NewMemory.of("Ada counts to " + i, ADA)).toList());
    assertThat(outcomes).allMatch(WriteOutcome.Stored.class::isInstance);
    Memory oboe = one.addMemory(NewMemory.of("Ada plays the oboe", ADA));
    Memory bassoon = one.updateMemory(MemoryUpdate.content(oboe.id(), "Ada plays the bassoon").expecting(oboe.op()));
    Until.isTrue("the other finds it", () -> other.search(SearchRequest.of("bassoon", ADA)).stream()
        .anyMatch(hit -> hit.memory().equals(bassoon)));
    other.deleteMemory(MemoryDeletion.of(oboe.id()).purgingHistory());
    Until.isTrue("it is found no more", () -> one.search(SearchRequest.of("bassoon", ADA)).stream()
        .noneMatch(hit -> hit.memory().id().equals(oboe.id())));
    assertThat(one.count(ADA, null)).isEqualTo(200);
    assertThat(one.verify(false).isClean()).isTrue();
  }

  private OrchestratorBuilder builder(String name) {
    return MemoryOrchestrator.builder().indexDirectory(folder.resolve(name)).embedder(new HashEmbedder())
        .followEvery(Duration.ofMillis(50));
  }

  private static PGSimpleDataSource source(String url) {
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setURL(url);
    return source;
  }
}
