package dev.memlane.perf.tests.report;

import dev.memlane.perf.tests.Results;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** The files of a report: {@code results.json}, for programs, and {@code index.html}, for people. */
public final class Report {

  private Report() {}

  /**
   * Writes both files to a directory, which is created if needed. Each existing file is replaced atomically, so a
   * reader sees either the old file or the new one.
   */
  public static void write(Results results, Path directory) throws IOException {
    String json = Json.of(results);
    String page = Page.of(json);
    Files.createDirectories(directory);
    replace(directory.resolve("results.json"), json);
    replace(directory.resolve("index.html"), page);
  }

  private static void replace(Path file, String text) throws IOException {
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    Files.writeString(fresh, text);
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
