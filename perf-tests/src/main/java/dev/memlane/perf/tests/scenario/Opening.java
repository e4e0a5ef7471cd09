package dev.memlane.perf.tests.scenario;

import dev.memlane.embedded.Memlane;
import dev.memlane.embedding.HashEmbedder;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * The time of an opening, which must not embed anything.
 *
 * @param whole in seconds, including the server's start
 * @param stores in seconds, from when the server runs
 */
record Opening(double whole, double stores) {

  private static final double NANOS_A_SECOND = 1e9;

  /**
   * Opens a directory and closes it in order.
   *
   * @param check what is checked after the opening
   */
  static Opening of(Path directory, Consumer<Memlane> check) {
    long begun = System.nanoTime();
    AtomicLong served = new AtomicLong();
    try (Memlane memlane = Memlane.builder(directory).embedder(new HashEmbedder())
        .settings(settings -> served.set(System.nanoTime())).open()) {
      long opened = System.nanoTime();
      check.accept(memlane);
      long embedded = memlane.memory().embeddingStatistics().embedded();
      if (embedded != 0) {
        throw new IllegalStateException("opening embedded " + embedded + " texts");
      }
      return new Opening((opened - begun) / NANOS_A_SECOND, (opened - served.get()) / NANOS_A_SECOND);
    }
  }
}
