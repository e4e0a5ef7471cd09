package dev.memlane.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.memlane.model.StoreException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("slow")
class EmbeddedServerTest {

  @TempDir
  Path directory;

  @Test
  void start_everyFile_isAccessibleToOwnerOnly() throws Exception {
    try (DirectoryLock lock = DirectoryLock.acquire(directory.resolve("new"));
        EmbeddedServer server = EmbeddedServer.start(lock, List.of(directory.resolve("cache")), true)) {
      assertThat(query(server, "select 1")).isEqualTo("1");
      for (Path root : List.of(lock.directory(), directory.resolve("cache"))) {
        try (Stream<Path> paths = Files.walk(root)) {
          assertThat(paths.filter(path -> !Files.isSymbolicLink(path))).allSatisfy(path -> assertThat(
              Files.getPosixFilePermissions(path)).isSubsetOf(PosixFilePermission.OWNER_READ,
                  PosixFilePermission.OWNER_WRITE, PosixFilePermission.OWNER_EXECUTE));
        }
      }
    }
  }

  @Test
  void start_again_keepsTheData() throws Exception {
    for (int start = 1; start <= 3; start++) {
      try (DirectoryLock lock = DirectoryLock.acquire(directory); EmbeddedServer server = EmbeddedServer.start(lock)) {
        addNote(server);
        assertThat(query(server, "select count(*) from note")).isEqualTo(Integer.toString(start));
      }
    }
  }

  @Test
  void start_processKilled_keepsCommittedData() throws Exception {
    OtherProcess.startAndAwaitReady("serve", directory).kill();
    assertThat(Postmaster.runningOn(data())).as("the server that was left running").isPresent();

    try (DirectoryLock lock = DirectoryLock.acquire(directory); EmbeddedServer server = EmbeddedServer.start(lock)) {
      assertThat(query(server, "select text from note")).isEqualTo("committed");
    }
  }

  @Test
  void start_processAndServerKilled_keepsCommittedData() throws Exception {
    OtherProcess.startAndAwaitReady("serve", directory).kill();
    Postmaster.runningOn(data()).orElseThrow().kill();

    try (DirectoryLock lock = DirectoryLock.acquire(directory); EmbeddedServer server = EmbeddedServer.start(lock)) {
      assertThat(query(server, "select text from note")).isEqualTo("committed");
    }
  }

  @Test
  void exit_withoutClose_stopsTheServer() throws Exception {
    try (OtherProcess other = OtherProcess.startAndAwaitReady("exit", directory)) {
      other.awaitEnd();
    }

    assertThat(data().resolve("postmaster.pid")).doesNotExist();
    assertThat(Files.readString(directory.resolve("postgres/server.log"))).contains("shut down");
  }

  @Test
  void start_processIdOfAnotherProgram_sparesThatProcess() throws Exception {
    try (DirectoryLock lock = DirectoryLock.acquire(directory)) {
      EmbeddedServer.start(lock).close();
      try (OtherProcess bystander = OtherProcess.startAndAwaitReady("lock", directory.resolve("elsewhere"))) {
        Files.writeString(data().resolve("postmaster.pid"),
            bystander.id() + "\n" + data() + "\n1\n5432\n\n\n\nready\n");

        try (EmbeddedServer server = EmbeddedServer.start(lock)) {
          assertThat(query(server, "select 1")).isEqualTo("1");
        }
        assertThat(ProcessHandle.of(bystander.id())).get().matches(ProcessHandle::isAlive);
      }
    }
  }

  @Test
  void start_serverOfAnotherDirectory_sparesThatServer() throws Exception {
    Path elsewhere = directory.resolve("elsewhere");
    try (DirectoryLock lock = DirectoryLock.acquire(directory);
        DirectoryLock otherLock = DirectoryLock.acquire(elsewhere);
        EmbeddedServer other = EmbeddedServer.start(otherLock)) {
      EmbeddedServer.start(lock).close();
      Files.copy(elsewhere.resolve("postgres/data/postmaster.pid"), data().resolve("postmaster.pid"));

      try (EmbeddedServer server = EmbeddedServer.start(lock)) {
        assertThat(query(server, "select 1") + query(other, "select 1")).isEqualTo("11");
      }
    }
  }

  @Test
  void start_leftoversOfCrash_succeeds() throws Exception {
    Files.createDirectories(directory.resolve("postgres/data.unfinished/base"));
    try (DirectoryLock lock = DirectoryLock.acquire(directory)) {
      EmbeddedServer.start(lock).close();
      Files.writeString(data().resolve("postmaster.pid"), "");

      EmbeddedServer.start(lock).close();
    }
  }

  @Test
  void start_dataOfAnotherVersion_isRefusedWithAdvice() throws Exception {
    try (DirectoryLock lock = DirectoryLock.acquire(directory)) {
      EmbeddedServer.start(lock).close();
      Files.writeString(data().resolve("PG_VERSION"), "15\n");

      assertThatExceptionOfType(StoreException.class).isThrownBy(() -> EmbeddedServer.start(lock))
          .withMessageContaining("PostgreSQL 15").withMessageContaining("PostgreSQL 18")
          .withMessageContaining("pg_dump");
    }
  }

  @Test
  void start_passwordLost_isRefusedWithAdvice() throws Exception {
    try (DirectoryLock lock = DirectoryLock.acquire(directory)) {
      EmbeddedServer.start(lock).close();
      Files.delete(directory.resolve("postgres/password"));

      assertThatExceptionOfType(StoreException.class).isThrownBy(() -> EmbeddedServer.start(lock))
          .withMessageContaining("password").withMessageContaining("Restore");
    }
  }

  @Test
  void start_damagedData_failsWithTheEndOfTheLog() throws Exception {
    try (DirectoryLock lock = DirectoryLock.acquire(directory)) {
      EmbeddedServer.start(lock).close();
      Files.delete(data().resolve("global/pg_control"));

      assertThatExceptionOfType(StoreException.class).isThrownBy(() -> EmbeddedServer.start(lock))
          .withMessageContaining("server.log").withMessageContaining("pg_control");
    }
  }

  @Test
  void start_directoryNameWithShellCharacters_succeeds() throws Exception {
    // Without a locale, as in many containers, Java can't name a file with other letters than those of ASCII.
    boolean letters = Charset.forName(System.getProperty("native.encoding")).newEncoder().canEncode('ö');
    Path odd = directory.resolve("it's $HOME `of` \"all\" things; \\ (" + (letters ? "ö" : "o") + ")");
    try (DirectoryLock lock = DirectoryLock.acquire(odd)) {
      EmbeddedServer.start(lock).close();
      try (EmbeddedServer server = EmbeddedServer.start(lock)) {
        assertThat(query(server, "select 1")).isEqualTo("1");
      }
    }
  }

  @Test
  void close_twice_endsConnectionsAndAddress() throws Exception {
    try (DirectoryLock lock = DirectoryLock.acquire(directory)) {
      EmbeddedServer server = EmbeddedServer.start(lock);
      try (Connection connection = connect(server)) {
        server.close();
        server.close();

        assertThat(connection.isValid(1)).isFalse();
      }
      assertThatIllegalStateException().isThrownBy(server::address);
    }
  }

  @Test
  void close_interrupted_stillStopsTheServer() throws Exception {
    try (DirectoryLock lock = DirectoryLock.acquire(directory)) {
      EmbeddedServer server = EmbeddedServer.start(lock);
      Thread.currentThread().interrupt();
      server.close();

      assertThat(Thread.interrupted()).isTrue();
      assertThat(data().resolve("postmaster.pid")).doesNotExist();
    }
  }

  @Test
  void start_cacheWritableByOthers_isSkipped() throws Exception {
    Path open = Files.createDirectory(directory.resolve("open"));
    Files.setPosixFilePermissions(open, java.util.EnumSet.allOf(PosixFilePermission.class));
    Path own = directory.resolve("own");
    try (DirectoryLock lock = DirectoryLock.acquire(directory.resolve("data"))) {
      EmbeddedServer.start(lock, List.of(open.resolve("cache"), own), true).close();

      assertThat(open.resolve("cache")).isEmptyDirectory();
      assertThat(own).isNotEmptyDirectory();
    }
  }

  @Test
  void start_noUsableCache_saysWhy() throws Exception {
    Path file = Files.createFile(directory.resolve("file"));
    try (DirectoryLock lock = DirectoryLock.acquire(directory.resolve("data"))) {
      assertThatExceptionOfType(StoreException.class)
          .isThrownBy(() -> EmbeddedServer.start(lock, List.of(file.resolve("cache")), true))
          .withMessageContaining(file.toString()).withMessageContaining("writable");
    }
  }

  @Test
  void unpack_twoAtOnce_leavesOneCopy() throws Exception {
    Path cache = directory.resolve("cache");
    int user = OwnerOnly.owner(directory);
    Thread other = new Thread(() -> PostgresBinaries.in(List.of(cache), user));
    other.start();
    PostgresBinaries binaries = PostgresBinaries.in(List.of(cache), user);
    other.join();

    assertThat(binaries.program("postgres")).isExecutable();
    assertThat(cache.toFile().list()).hasSize(1);
  }

  @Test
  void caches_environment_determinesTheOrder() {
    Path fallback = directory.resolve("binaries");

    assertThat(PostgresBinaries.caches(Map.of("XDG_CACHE_HOME", "/x"), "/home/ada", directory))
        .containsExactly(Path.of("/x/memlane/postgres"), fallback);
    assertThat(PostgresBinaries.caches(Map.of("XDG_CACHE_HOME", "not/absolute"), "/home/ada", directory))
        .containsExactly(Path.of("/home/ada/.cache/memlane/postgres"), fallback);
    assertThat(PostgresBinaries.caches(Map.of(), "?", directory)).containsExactly(fallback);
  }

  private Path data() {
    return directory.resolve("postgres/data");
  }

  private static Connection connect(EmbeddedServer server) throws SQLException {
    ServerAddress address = server.address();
    return DriverManager.getConnection(address.jdbcUrl(), address.user(), address.password());
  }

  private static String query(EmbeddedServer server, String sql) throws SQLException {
    try (Connection connection = connect(server);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getString(1);
    }
  }

  private static void addNote(EmbeddedServer server) throws SQLException {
    try (Connection connection = connect(server); Statement statement = connection.createStatement()) {
      statement.execute("create table if not exists note (text text)");
      statement.execute("insert into note values ('committed')");
    }
  }
}
