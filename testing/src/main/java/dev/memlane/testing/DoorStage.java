package dev.memlane.testing;

import dev.memlane.model.store.SharedIndex;
import dev.memlane.model.store.VectorIndex;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where a {@link MemoryDoorContract} takes place: a database without rows, a directory, and an index that fails on request.
 * Used by one test, on one thread.
 */
public final class DoorStage {

  private final Path directory;
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private @Nullable FaultInjector<? extends VectorIndex> index;
  /** Where the index has its files. */
  private Path files;
  private @Nullable String databaseUrl;

  DoorStage(Path directory) {
    this.directory = directory;
    this.files = directory;
  }

  /** The JDBC URL of an empty database, with user and password in it. */
  public String databaseUrl() {
    return databaseUrl("");
  }

  /**
   * The JDBC URL of a database without rows, with user and password in it. The first call creates the database.
   *
   * @param tables the SQL that creates its tables; see {@link TestServer#freshDatabase(String)}
   */
  public String databaseUrl(String tables) {
    String url = databaseUrl;
    if (url == null) {
      url = tables.isEmpty() ? TestServer.freshDatabase() : TestServer.freshDatabase(tables);
      databaseUrl = url;
    }
    return url;
  }

  /** An empty directory, for the index. */
  public Path directory() {
    return directory;
  }

  /** Wraps the door's index, so that the contract can make it fail. The memory behind the door must use what this returns. */
  public VectorIndex faulty(VectorIndex real) {
    FaultInjector<VectorIndex> injector = FaultInjector.around(VectorIndex.class, real);
    index = injector;
    return injector.store();
  }

  /**
   * Wraps the door's index, as {@link #faulty(VectorIndex)} does, if it is one that processes share.
   *
   * @param directory where the index has its files
   */
  public SharedIndex faulty(SharedIndex real, Path directory) {
    FaultInjector<SharedIndex> injector = FaultInjector.around(SharedIndex.class, real);
    index = injector;
    files = directory;
    return injector.store();
  }

  /** Closes this resource at the end of the test. What was added last is closed first. */
  public <T extends AutoCloseable> T closing(T resource) {
    opened.push(resource);
    return resource;
  }

  /** The faults of the index. */
  FaultInjector<? extends VectorIndex> index() {
    FaultInjector<? extends VectorIndex> injector = index;
    if (injector == null) {
      throw new IllegalStateException("the door's memory has no faulty index: pass its index through faulty(...), or "
          + "declare which promises this door cannot show");
    }
    return injector;
  }

  /** Whether a table of the database holds this text, in a column of any type. */
  boolean databaseHolds(String text) {
    try (Connection connection = DriverManager.getConnection(Objects.requireNonNull(databaseUrl))) {
      for (String table : tables(connection)) {
        try (PreparedStatement statement = connection
            .prepareStatement("select 1 from " + table + " as each where strpos(each::text, ?) > 0 limit 1")) {
          statement.setString(1, text);
          try (ResultSet found = statement.executeQuery()) {
            if (found.next()) {
              return true;
            }
          }
        }
      }
      return false;
    } catch (SQLException e) {
      throw new IllegalStateException("the database of the test can't be read", e);
    }
  }

  private static List<String> tables(Connection connection) throws SQLException {
    List<String> tables = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet found = statement.executeQuery("select format('%I.%I', table_schema, table_name)"
            + " from information_schema.tables where table_type = 'BASE TABLE'"
            + " and table_schema not in ('pg_catalog', 'information_schema')")) {
      while (found.next()) {
        tables.add(found.getString(1));
      }
    }
    return tables;
  }

  /** Whether a file of the index holds the bytes of this text, in UTF-8. */
  boolean filesHold(String text) {
    String bytes = new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    try (Stream<Path> all = Files.walk(files)) {
      return all.filter(Files::isRegularFile).anyMatch(file -> content(file).contains(bytes));
    } catch (IOException e) {
      throw new UncheckedIOException("the directory of the test can't be read", e);
    }
  }

  /** The file's bytes, one character each. */
  private static String content(Path file) {
    try {
      return Files.readString(file, StandardCharsets.ISO_8859_1);
    } catch (NoSuchFileException e) {
      // A merge has replaced it since the folder was listed.
      return "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void close() throws Exception {
    Exception failure = null;
    while (!opened.isEmpty()) {
      try {
        opened.pop().close();
      } catch (Exception e) {
        // The remaining resources must be closed as well.
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
