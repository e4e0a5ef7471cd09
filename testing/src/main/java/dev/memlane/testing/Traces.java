package dev.memlane.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Looks for a word where stores keep their data, past the stores themselves. */
public final class Traces {

  private Traces() {}

  /** The rows of all tables that hold the word, in upper or lower case and in a column of any type, each with its table. */
  public static List<String> inTables(String jdbcUrl, String word) throws SQLException {
    List<String> found = new ArrayList<>();
    try (Connection connection = DriverManager.getConnection(jdbcUrl)) {
      for (String table : tables(connection)) {
        try (PreparedStatement statement = connection.prepareStatement("select each::text from " + table
            + " as each where strpos(lower(each::text), lower(?)) > 0")) {
          statement.setString(1, word);
          try (ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
              found.add(table + " " + rows.getString(1));
            }
          }
        }
      }
    }
    return found;
  }

  private static List<String> tables(Connection connection) throws SQLException {
    List<String> tables = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement("select format('%I.%I', schemaname, tablename)"
        + " from pg_tables where schemaname not in ('pg_catalog', 'information_schema')");
        ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        tables.add(rows.getString(1));
      }
    }
    return tables;
  }

  /** The files below a folder whose bytes hold the word, in UTF-8. Files may go while it looks. */
  public static List<Path> inFiles(Path folder, String word) {
    String bytes = new String(word.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    List<Path> found = new ArrayList<>();
    try {
      Files.walkFileTree(folder, new SimpleFileVisitor<>() {
        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
          try {
            // One character for each byte.
            if (Files.readString(file, StandardCharsets.ISO_8859_1).contains(bytes)) {
              found.add(file);
            }
          } catch (NoSuchFileException e) {
            return visitFileFailed(file, e);
          }
          return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
          if (e instanceof NoSuchFileException) {
            // It was deleted after its folder was listed.
            return FileVisitResult.CONTINUE;
          }
          throw e;
        }

        @Override
        public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException e) throws IOException {
          return e == null ? FileVisitResult.CONTINUE : visitFileFailed(directory, e);
        }
      });
    } catch (IOException e) {
      throw new UncheckedIOException(folder + " can't be read", e);
    }
    return found;
  }
}
