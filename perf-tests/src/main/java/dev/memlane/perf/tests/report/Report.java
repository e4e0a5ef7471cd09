package dev.memlane.perf.tests.report;

import dev.memlane.perf.tests.Results;
import java.io.IOException;
import java.nio.file.Path;

/** Writes what a run found as {@code results.json} and {@code index.html}. */
public final class Report {

  private Report() {}

  /** Writes both files into a directory, which is made if it isn't there. */
  public static void write(Results results, Path directory) throws IOException {
    System.err.println("not yet: " + results.quick() + directory);
  }
}
