package dev.memlane.orchestrator.internal.write;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Looks for a word where stores keep their data, past the stores themselves. */
public final class Traces {

  private Traces() {}

  /** The rows of all tables that hold the word, as text. */
  public static List<String> inTables(String jdbcUrl, String word) throws SQLException {
    List<String> found = new ArrayList<>();
    try (Connection connection = DriverManager.getConnection(jdbcUrl);
        Statement statement = connection.createStatement()) {
      for (String table : texts(statement, "select format('%I.%I', schemaname, tablename) from pg_tables "
          + "where schemaname not in ('pg_catalog', 'information_schema')")) {
        found.addAll(texts(statement,
            "select '" + table + ' ' + "' || t::text from " + table + " t where t::text ilike '%" + word + "%'"));
      }
    }
    return found;
  }

  private static List<String> texts(Statement statement, String sql) throws SQLException {
    List<String> texts = new ArrayList<>();
    try (ResultSet rows = statement.executeQuery(sql)) {
      while (rows.next()) {
        texts.add(rows.getString(1));
      }
    }
    return texts;
  }

  /** The files below a folder whose bytes hold the word. */
  public static List<Path> inFiles(Path folder, String word) {
    byte[] wanted = word.getBytes(StandardCharsets.UTF_8);
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).filter(file -> holds(file, wanted)).toList();
    } catch (IOException | UncheckedIOException e) {
      // A file went while the folder was read.
      return inFiles(folder, word);
    }
  }

  private static boolean holds(Path file, byte[] wanted) {
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      return false;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    for (int at = 0; at + wanted.length <= bytes.length; at++) {
      int same = 0;
      while (same < wanted.length && bytes[at + same] == wanted[same]) {
        same++;
      }
      if (same == wanted.length) {
        return true;
      }
    }
    return false;
  }
}
