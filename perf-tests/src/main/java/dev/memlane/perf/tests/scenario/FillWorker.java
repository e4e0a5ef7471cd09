package dev.memlane.perf.tests.scenario;

import dev.memlane.embedded.Memlane;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.perf.tests.JavaProcess;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;

/** A process that stores memories, with vectors from the hash embedder, and is killed when the last one is acknowledged. */
final class FillWorker {

  private static final int BATCH = 5_000;
  private static final String STORED = "stored";

  private FillWorker() {}

  /** {@code DIRECTORY SEED COUNT SCOPES}: stores memories, and waits to be killed. */
  public static void main(String[] arguments) throws IOException {
    Logger.getLogger("").setLevel(Level.SEVERE);
    PrintStream output = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    List<String> texts = Texts.of(Integer.parseInt(arguments[2]), Long.parseLong(arguments[1]));
    int scopes = Integer.parseInt(arguments[3]);
    try (Memlane memlane = Memlane.builder(Path.of(arguments[0])).embedder(new HashEmbedder()).open()) {
      for (int from = 0; from < texts.size(); from += BATCH) {
        List<NewMemory> batch = new ArrayList<>();
        for (int i = from; i < Math.min(texts.size(), from + BATCH); i++) {
          batch.add(NewMemory.of(texts.get(i), Scope.user("user " + i % scopes)));
        }
        memlane.blocking().addMemories(batch).forEach(outcome -> {
          if (!outcome.succeeded()) {
            throw new IllegalStateException(outcome.describe());
          }
        });
      }
      output.println(STORED);
      // Until it is killed, or the other process has gone.
      System.in.readAllBytes();
    }
  }

  /**
   * Stores memories in a process of their own and kills it.
   *
   * @param seed of their texts
   * @param scopes among which they are distributed
   */
  static void storeAndKill(Path directory, long seed, int count, int scopes) throws IOException, InterruptedException {
    Process process = JavaProcess.prepare(List.of("-Xmx512m"), FillWorker.class.getName(), directory.toString(),
        Long.toString(seed), Integer.toString(count), Integer.toString(scopes)).start();
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
}
