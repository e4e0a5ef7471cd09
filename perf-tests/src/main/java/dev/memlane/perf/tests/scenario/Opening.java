package dev.memlane.perf.tests.scenario;

import dev.memlane.embedded.Memlane;
import dev.memlane.embedding.HashEmbedder;
import java.nio.file.Path;
import java.util.function.Consumer;

/** Openings of a directory that are timed. None may embed anything. */
final class Opening {

  private static final double NANOS_A_SECOND = 1e9;

  private Opening() {}

  /**
   * Opens a directory and closes it in order.
   *
   * @param check what is checked after the opening
   * @return the seconds until it was open, including the server's start
   */
  static double seconds(Path directory, Consumer<Memlane> check) {
    long begun = System.nanoTime();
    try (Memlane memlane = Memlane.builder(directory).embedder(new HashEmbedder()).open()) {
      long opened = System.nanoTime();
      check.accept(memlane);
      long embedded = memlane.memory().embeddingStatistics().embedded();
      if (embedded != 0) {
        throw new IllegalStateException("opening embedded " + embedded + " texts");
      }
      return (opened - begun) / NANOS_A_SECOND;
    }
  }
}
