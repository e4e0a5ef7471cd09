package dev.memlane.testing;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * A real PostgreSQL server of one test. It can be stopped as by a power failure and started again on the same data and
 * port, or configured in ways that would disturb other tests. It syncs to disk.
 */
public final class OwnServer implements AutoCloseable {

  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  private final EmbeddedPostgres first;
  private final Path data;
  private final Path log;
  private final String programs;
  private final String options;

  private OwnServer(Path directory, Map<String, String> settings) throws IOException {
    TestNeeds.program("PostgreSQL");
    this.data = directory.resolve("data");
    this.log = directory.resolve("log");
    EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder().setDataDirectory(data)
        .setCleanDataDirectory(false);
    StringBuilder collected = new StringBuilder();
    Map<String, String> durable = Map.of("fsync", "on", "synchronous_commit", "on", "full_page_writes", "on");
    for (Map<String, String> some : List.of(durable, settings)) {
      some.forEach((name, value) -> {
        builder.setServerConfig(name, value);
        collected.append(" -c ").append(name).append('=').append(value);
      });
    }
    this.first = builder.start();
    this.options = "-p " + first.getPort() + collected;
    this.programs = single(first.getJdbcUrl("postgres", "postgres"),
        "select setting from pg_config where name = 'BINDIR'");
  }

  /**
   * Starts a server.
   *
   * @param directory an empty directory for all its files
   */
  public static OwnServer start(Path directory, Map<String, String> settings) {
    try {
      return new OwnServer(directory, settings);
    } catch (IOException e) {
      throw new UncheckedIOException("the test's own server did not start", e);
    }
  }

  /** Creates an empty database and returns its JDBC URL, with user and password in it. */
  public String freshDatabase() {
    String name = "test_" + UUID.randomUUID().toString().replace("-", "");
    try (Connection connection = DriverManager.getConnection(first.getJdbcUrl("postgres", "postgres"));
        Statement statement = connection.createStatement()) {
      statement.execute("create database " + name);
    } catch (SQLException e) {
      throw new IllegalStateException("no database for the test", e);
    }
    return first.getJdbcUrl("postgres", name);
  }

  /** Stops the server immediately: it writes nothing more, and the next start recovers from its write-ahead log. */
  public void stopImmediately() {
    run("stop", "--mode=immediate");
  }

  /**
   * Copies the stopped server's files, as a backup of a file system does.
   *
   * @param to does not exist yet
   */
  public void copyFiles(Path to) {
    copy(data, to);
  }

  /** Replaces the stopped server's files by a copy. */
  public void restoreFiles(Path from) {
    deleteAll(data);
    copy(from, data);
  }

  private static void copy(Path from, Path to) {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file)), StandardCopyOption.COPY_ATTRIBUTES);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the server's files could not be copied to " + to, e);
    }
  }

  private static void deleteAll(Path directory) {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the server's files could not be deleted", e);
    }
  }

  /** Kills the server's first process, and waits until the others have noticed and ended. */
  public void kill() {
    long id;
    try {
      id = Long.parseLong(Files.readAllLines(data.resolve("postmaster.pid")).getFirst().strip());
    } catch (IOException e) {
      throw new UncheckedIOException("the test's own server does not run", e);
    }
    ProcessHandle server = ProcessHandle.of(id).orElseThrow();
    List<ProcessHandle> all = Stream.concat(Stream.of(server), server.descendants()).toList();
    server.destroyForcibly();
    all.forEach(process -> process.onExit().join());
  }

  /**
   * Kills the process of one connection. The server ends all its other processes, recovers, and reports an unchanged start
   * time. Returns when it accepts connections again.
   *
   * @param jdbcUrl one of this server's databases
   */
  public void crashOneProcess(String jdbcUrl) throws SQLException {
    try (Connection connection = DriverManager.getConnection(jdbcUrl);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("select pg_backend_pid()")) {
      rows.next();
      ProcessHandle process = ProcessHandle.of(rows.getLong(1)).orElseThrow();
      process.destroyForcibly();
      process.onExit().join();
    }
    while (!accepts(jdbcUrl)) {
      // It is still recovering.
      LockSupport.parkNanos(POLL_NANOS);
    }
  }

  private static boolean accepts(String jdbcUrl) {
    try (Connection connection = DriverManager.getConnection(jdbcUrl)) {
      return connection.isValid(5);
    } catch (SQLException e) {
      return false;
    }
  }

  /** Starts the server again, and returns when it accepts connections. */
  public void startAgain() {
    run("start", "--log=" + log, "--options=" + options);
  }

  @Override
  public void close() {
    try {
      first.close();
    } catch (IOException e) {
      throw new UncheckedIOException("the test's own server did not stop", e);
    }
  }

  private void run(String verb, String... more) {
    List<String> command = new ArrayList<>();
    if ("root".equals(System.getProperty("user.name"))) {
      // The server refuses to run as root.
      command.addAll(List.of("unshare", "-U"));
    }
    command.addAll(List.of(programs + "/pg_ctl", verb, "--wait", "--timeout=60", "--pgdata=" + data));
    command.addAll(List.of(more));
    try {
      Path output = Files.createTempFile(data.getParent(), "pg_ctl", ".txt");
      Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile()).start();
      if (!process.waitFor(90, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new IllegalStateException(command + " failed: " + Files.readString(output)
            + (Files.exists(log) ? Files.readString(log) : ""));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(command + " could not be run", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while running " + command, e);
    }
  }

  private static String single(String jdbcUrl, String sql) {
    try (Connection connection = DriverManager.getConnection(jdbcUrl);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getString(1);
    } catch (SQLException e) {
      throw new IllegalStateException("the test's own server does not answer", e);
    }
  }
}
