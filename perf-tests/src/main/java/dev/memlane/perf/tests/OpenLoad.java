package dev.memlane.perf.tests;

import dev.memlane.embedded.Memlane;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.VerifyReport;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * How long opening takes, by the number of memories: after an orderly end, after a kill, and with the index folder gone.
 *
 * <p>
 * The memories are stored by a process of their own, which is killed as soon as the last one is acknowledged. Vectors are
 * counted, so that a rebuilding that embeds would be seen.
 */
public final class OpenLoad {

  private static final int BATCH = 5_000;
  private static final String STORED = "stored";

  private OpenLoad() {}

  /** Measures for each count; or, as {@code fill DIRECTORY COUNT}, stores and waits to be killed. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    Logger.getLogger("").setLevel(Level.SEVERE);
    if (arguments.length == 3 && arguments[0].equals("fill")) {
      fill(Path.of(arguments[1]), Integer.parseInt(arguments[2]));
      return;
    }
    List<Integer> counts = new ArrayList<>();
    for (String argument : arguments) {
      counts.add(Integer.valueOf(argument));
    }
    if (counts.isEmpty()) {
      counts = List.of(1_000, 10_000, 100_000);
    }
    System.out.printf(Locale.ROOT, "%10s %12s %15s %13s %17s  %s%n", "memories", "after a kill", "after orderly",
        "index deleted", "texts embedded by", "verify");
    System.out.printf(Locale.ROOT, "%10s %12s %15s %13s %17s%n", "", "s", "end s", "s", "the openings");
    for (int count : counts) {
      measure(count);
    }
  }

  private static void measure(int count) throws IOException, InterruptedException {
    Path directory = Path.of("perf-tests", "target", "open");
    Directories.delete(directory);
    fillAndKill(directory, count);
    AtomicLong embedded = new AtomicLong();
    double killed = open(directory, embedded, memlane -> {});
    double orderly = open(directory, embedded, memlane -> {});
    Directories.delete(directory.resolve("vectors"));
    StringBuilder verdict = new StringBuilder();
    double rebuilt = open(directory, embedded, memlane -> {
      VerifyReport found = memlane.blocking().verify(false);
      boolean whole = found.isClean() && found.core() == count && found.vector() == count;
      verdict.append(whole ? "clean" : "NOT CLEAN: " + found);
    });
    System.out.printf(Locale.ROOT, "%,10d %12.2f %15.2f %13.2f %17d  %s%n", count, killed, orderly, rebuilt,
        embedded.get(), verdict);
  }

  /** Opens, and returns how many seconds that took. */
  private static double open(Path directory, AtomicLong embedded, Consumer<Memlane> use) {
    long begun = System.nanoTime();
    try (Memlane memlane = Memlane.builder(directory).embedder(new HashEmbedder()).open()) {
      double seconds = (System.nanoTime() - begun) / 1e9;
      embedded.addAndGet(memlane.memory().embeddingStatistics().embedded());
      use.accept(memlane);
      return seconds;
    }
  }

  private static void fillAndKill(Path directory, int count) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx512m",
        "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"), OpenLoad.class.getName(),
        "fill", directory.toString(), Integer.toString(count)).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
      String line = output.readLine();
      if (!STORED.equals(line)) {
        throw new IllegalStateException("the process that stores the memories ended with: " + line);
      }
      process.toHandle().destroyForcibly();
      process.waitFor(1, TimeUnit.MINUTES);
    } finally {
      process.destroyForcibly();
    }
  }

  private static void fill(Path directory, int count) throws IOException {
    try (Memlane memlane = Memlane.builder(directory).embedder(new HashEmbedder()).open()) {
      for (int from = 0; from < count; from += BATCH) {
        List<NewMemory> batch = new ArrayList<>();
        for (int i = from; i < Math.min(count, from + BATCH); i++) {
          batch.add(NewMemory.of("memory number " + i + " of somebody who remembers", Scope.user("user " + i % 1_000)));
        }
        memlane.blocking().addMemories(batch).forEach(outcome -> {
          if (!outcome.succeeded()) {
            throw new IllegalStateException(outcome.describe());
          }
        });
      }
      System.out.println(STORED);
      System.out.flush();
      // Until it is killed; or the other process has gone.
      System.in.readAllBytes();
    }
  }
}
