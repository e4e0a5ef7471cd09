package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.testing.OwnServer;
import dev.memlane.testing.TestServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Opening reads what has changed since the index's last checkpoint, and compares everything where that can't be relied on
 * (rule R16).
 */
@Tag("programs")
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CheckpointedOpeningTest {

  private static final Scope ADA = Scope.user("ada");

  @TempDir
  Path folder;

  /** What a comparison of everything reported; empty if there was none. */
  private final List<Long> compared = new ArrayList<>();

  private MemoryOrchestrator open(String jdbcUrl, String index, Duration followEvery, InstantSource clock) {
    compared.clear();
    return MemoryOrchestrator.builder().postgres(jdbcUrl, null, null).indexDirectory(folder.resolve(index))
        .embedder(new HashEmbedder()).followEvery(followEvery).clock(clock)
        .progress((done, total) -> compared.add(done)).open();
  }

  private MemoryOrchestrator open(String jdbcUrl, String index) {
    return open(jdbcUrl, index, Duration.ZERO, InstantSource.system());
  }

  private static List<MemoryId> add(MemoryOrchestrator memory, int from, int to) {
    List<MemoryId> added = new ArrayList<>();
    for (int i = from; i < to; i++) {
      added.add(memory.blocking().addMemory(NewMemory.of("Ada knows the number " + i, ADA)).id());
    }
    return added;
  }

  private static void assertAgrees(MemoryOrchestrator memory) {
    assertThat(memory.blocking().verify(false).isClean()).isTrue();
  }

  private static void execute(String jdbcUrl, String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(jdbcUrl);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  @Test
  void open_withoutCheckpoint_comparesEverything() {
    String jdbcUrl = TestServer.freshDatabase();
    try (MemoryOrchestrator memory = open(jdbcUrl, "a")) {
      add(memory, 0, 10);
    }
    try (MemoryOrchestrator memory = open(jdbcUrl, "b")) {
      assertThat(compared).last().isEqualTo(10L);
      assertAgrees(memory);
    }
  }

  @Test
  void open_afterAnOrderlyEnd_comparesNothing() {
    String jdbcUrl = TestServer.freshDatabase();
    try (MemoryOrchestrator memory = open(jdbcUrl, "a")) {
      add(memory, 0, 10);
    }
    for (int times = 0; times < 2; times++) {
      try (MemoryOrchestrator memory = open(jdbcUrl, "a")) {
        assertThat(compared).isEmpty();
        assertAgrees(memory);
      }
    }
  }

  @Test
  void open_afterChangesByAnother_followsThemOnly() {
    String jdbcUrl = TestServer.freshDatabase();
    List<MemoryId> ids;
    try (MemoryOrchestrator memory = open(jdbcUrl, "a")) {
      ids = add(memory, 0, 10);
    }
    try (MemoryOrchestrator other = open(jdbcUrl, "b")) {
      add(other, 10, 20);
      other.blocking().updateMemory(MemoryUpdate.content(ids.get(0), "Ada knows no number"));
      other.blocking().deleteMemory(MemoryDeletion.of(ids.get(1)));
      other.blocking().deleteMemory(MemoryDeletion.of(ids.get(2)).purgingHistory());
    }
    try (MemoryOrchestrator memory = open(jdbcUrl, "a")) {
      assertThat(compared).isEmpty();
      assertAgrees(memory);
    }
  }

  @Test
  void open_onTheFilesOfARunningProcess_followsWhatTheyLack() throws IOException {
    String jdbcUrl = TestServer.freshDatabase();
    try (TestMemory running = TestMemory.following(jdbcUrl, folder.resolve("a"))) {
      List<MemoryId> ids = add(running.memory, 0, 10);
      running.engine.stores.index().commit().join();
      add(running.memory, 10, 20);
      running.blocking.deleteMemory(MemoryDeletion.of(ids.get(0)));
      copy(folder.resolve("a"), folder.resolve("copy"));
    }
    try (MemoryOrchestrator memory = open(jdbcUrl, "copy")) {
      assertThat(compared).isEmpty();
      assertAgrees(memory);
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.toList()) {
        try {
          Files.copy(file, to.resolve(file.getFileName()));
        } catch (NoSuchFileException e) {
          // The index needs it no longer, so it belongs to no commit.
        }
      }
    }
  }

  @Tag("slow")
  @Test
  void open_onADatabaseRestoredToAnEarlierState_comparesEverything() {
    try (OwnServer server = OwnServer.start(folder.resolve("server"), Map.of())) {
      String jdbcUrl = server.freshDatabase();
      Memory updated;
      try (MemoryOrchestrator memory = open(jdbcUrl, "a")) {
        updated = memory.blocking().addMemory(NewMemory.of("Ada plays the oboe", ADA));
        add(memory, 0, 10);
      }
      server.stopImmediately();
      server.copyFiles(folder.resolve("backup"));
      server.startAgain();
      try (MemoryOrchestrator memory = open(jdbcUrl, "a")) {
        assertThat(compared).isEmpty();
        memory.blocking().updateMemory(MemoryUpdate.content(updated.id(), "Ada plays the viola"));
        add(memory, 10, 20);
      }
      server.stopImmediately();
      server.restoreFiles(folder.resolve("backup"));
      server.startAgain();
      try (MemoryOrchestrator memory = open(jdbcUrl, "a")) {
        assertThat(compared).last().isEqualTo(11L);
        assertAgrees(memory);
      }
      try (MemoryOrchestrator memory = open(jdbcUrl, "a")) {
        assertThat(compared).isEmpty();
        assertAgrees(memory);
      }
    }
  }

  @Tag("slow")
  @Test
  void open_afterTheServersCrash_comparesNothing() {
    try (OwnServer server = OwnServer.start(folder.resolve("server"), Map.of())) {
      String jdbcUrl = server.freshDatabase();
      try (MemoryOrchestrator memory = open(jdbcUrl, "a")) {
        add(memory, 0, 10);
      }
      server.kill();
      server.startAgain();
      try (MemoryOrchestrator other = open(jdbcUrl, "b")) {
        add(other, 10, 20);
      }
      try (MemoryOrchestrator memory = open(jdbcUrl, "a")) {
        assertThat(compared).isEmpty();
        assertAgrees(memory);
      }
    }
  }

  @Test
  void open_withoutTheProofInTheDatabase_comparesEverything() throws SQLException {
    String jdbcUrl = TestServer.freshDatabase();
    try (MemoryOrchestrator memory = open(jdbcUrl, "a")) {
      add(memory, 0, 10);
    }
    execute(jdbcUrl, "delete from memlane.proof");
    try (MemoryOrchestrator memory = open(jdbcUrl, "a")) {
      assertThat(compared).last().isEqualTo(10L);
      assertAgrees(memory);
    }
  }

  @Test
  void open_longAfterTheCheckpoint_comparesEverything() {
    String jdbcUrl = TestServer.freshDatabase();
    try (MemoryOrchestrator memory = open(jdbcUrl, "a")) {
      add(memory, 0, 10);
    }
    InstantSource later = InstantSource.offset(InstantSource.system(), Duration.ofDays(16));
    try (MemoryOrchestrator memory = open(jdbcUrl, "a", Duration.ZERO, later)) {
      assertThat(compared).last().isEqualTo(10L);
      assertAgrees(memory);
    }
  }

  @Test
  void commit_whileTheLogCanNotBeRead_hasNoCheckpoint() throws SQLException {
    String jdbcUrl = TestServer.freshDatabase();
    try (MemoryOrchestrator memory = open(jdbcUrl, "a")) {
      add(memory, 0, 10);
      execute(jdbcUrl, "alter table memlane.proof rename to lost");
    }
    execute(jdbcUrl, "alter table memlane.lost rename to proof");
    try (MemoryOrchestrator memory = open(jdbcUrl, "a")) {
      assertThat(compared).last().isEqualTo(10L);
      assertAgrees(memory);
    }
  }
}
