package dev.memlane.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.Memory;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.orchestrator.SearchHit;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.testing.TestServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A memory in one directory, from its first opening to its last. */
class MemlaneTest {

  private static final Scope ADA = Scope.user("ada");

  @TempDir
  Path directory;

  @Test
  void open_twiceOneAfterTheOther_keepsEverything() {
    Memory added;
    try (Memlane memlane = hashed().open()) {
      added = memlane.blocking().addMemory(NewMemory.of("Ada plays the oboe", ADA));
    }
    try (Memlane memlane = hashed().open()) {
      assertThat(memlane.blocking().search(SearchRequest.of("oboe", ADA))).extracting(SearchHit::memory)
          .containsExactly(added);
      assertThat(memlane.blocking().verify(false).isClean()).isTrue();
    }
  }

  @Test
  void open_whileItIsOpen_saysWhoHasIt() {
    try (Memlane memlane = hashed().open()) {
      assertThat(memlane.directory()).exists();
      assertThatThrownBy(() -> hashed().open()).isInstanceOf(DirectoryInUseException.class)
          .hasMessageContaining(directory.getFileName().toString());
    }
  }

  @Test
  void open_withAnotherModel_namesReindexAndReindexingEmbedsAgain() {
    Memory added;
    try (Memlane memlane = hashed().open()) {
      added = memlane.blocking().addMemory(NewMemory.of("Ada plays the oboe", ADA));
    }
    Memlane.Builder other = Memlane.builder(directory).embedder(new HashEmbedder(64));
    assertThatThrownBy(other::open).isInstanceOf(StoreException.class).hasMessageContaining("memlane reindex");

    List<Long> progress = new ArrayList<>();
    try (Memlane memlane = Memlane.builder(directory).embedder(new HashEmbedder(64)).rebuildIndex(true)
        .progress((done, total) -> progress.add(done)).open()) {
      assertThat(memlane.blocking().search(SearchRequest.of("oboe", ADA))).extracting(SearchHit::memory)
          .containsExactly(added);
      assertThat(memlane.blocking().verify(false).isClean()).isTrue();
    }
    assertThat(progress).last().isEqualTo(1L);
  }

  @Test
  void open_withADamagedIndex_saysSoAndRebuildingBringsItBack() throws Exception {
    Memory added;
    try (Memlane memlane = hashed().open()) {
      added = memlane.blocking().addMemory(NewMemory.of("Ada plays the oboe", ADA));
    }
    try (var files = Files.list(directory.resolve("vectors"))) {
      for (Path file : files.filter(each -> each.getFileName().toString().startsWith("segments_")).toList()) {
        Files.writeString(file, "damaged");
      }
    }
    assertThatThrownBy(() -> hashed().open()).isInstanceOf(StoreException.class)
        .hasMessageContaining("memlane reindex");

    try (Memlane memlane = hashed().rebuildIndex(true).open()) {
      assertThat(memlane.blocking().search(SearchRequest.of("oboe", ADA))).extracting(SearchHit::memory)
          .containsExactly(added);
    }
  }

  @Test
  void open_onAnotherServer_keepsOnlyTheIndexInTheDirectory() {
    String jdbcUrl = TestServer.freshDatabase();
    try (Memlane memlane = hashed().postgres(jdbcUrl, null, null).open()) {
      memlane.blocking().addMemory(NewMemory.of("Ada plays the oboe", ADA));
      assertThat(memlane.blocking().count(ADA, null)).isEqualTo(1);
    }
    assertThat(directory.resolve("postgres")).doesNotExist();
    assertThat(directory.resolve("vectors")).exists();
  }

  @Test
  void open_onAServerThatCannotBeUsed_saysWhyAndLeavesTheDirectoryFree() {
    assertThatThrownBy(() -> hashed().postgres("jdbc:postgresql://127.0.0.1:1/none", "x", "y").open())
        .isInstanceOf(StoreException.class).hasMessageContaining("cannot be reached");
    String jdbcUrl = TestServer.freshDatabase();
    assertThatThrownBy(() -> hashed().postgres(jdbcUrl.replaceAll("/test_[0-9a-f]+", "/nonesuch"), null, null).open())
        .isInstanceOf(StoreException.class).hasMessageContaining("no such database");
    try (Memlane memlane = hashed().postgres(jdbcUrl, null, null).open()) {
      assertThat(memlane.blocking().count(null, null)).isZero();
    }
  }

  @Test
  void open_withTheLocalModel_loadsItInTheBackground() {
    try (Memlane memlane = Memlane.builder(directory).postgres(TestServer.freshDatabase(), null, null).open()) {
      assertThat(modelThreads()).isNotEmpty();
      assertThat(memlane.blocking().addMemory(NewMemory.of("Ada plays the oboe", ADA)).version()).isEqualTo(1);
    }
    assertThat(modelThreads()).isEmpty();
  }

  @Test
  void open_withAnotherEmbedderOrWithoutWarmingUp_loadsNoModel() {
    String database = TestServer.freshDatabase();
    try (Memlane memlane = hashed().postgres(database, null, null).open()) {
      assertThat(modelThreads()).isEmpty();
    }
    try (Memlane memlane = Memlane.builder(directory).postgres(database, null, null).rebuildIndex(true)
        .settings(settings -> settings.embedder(new HashEmbedder())).open()) {
      assertThat(modelThreads()).isEmpty();
    }
    try (Memlane memlane = Memlane.builder(directory).postgres(database, null, null).rebuildIndex(true).warmUp(false)
        .open()) {
      assertThat(modelThreads()).isEmpty();
    }
  }

  private static List<String> modelThreads() {
    return Thread.getAllStackTraces().keySet().stream().filter(Thread::isAlive).map(Thread::getName)
        .filter(name -> name.startsWith("memlane-sentence-model")).toList();
  }

  private Memlane.Builder hashed() {
    return Memlane.builder(directory).embedder(new HashEmbedder());
  }
}
