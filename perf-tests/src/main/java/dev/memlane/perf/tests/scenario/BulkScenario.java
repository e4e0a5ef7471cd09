package dev.memlane.perf.tests.scenario;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.NewMemory;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.perf.tests.Bench;
import dev.memlane.perf.tests.Findings;
import dev.memlane.perf.tests.JavaProcess;
import dev.memlane.perf.tests.Plot;
import dev.memlane.perf.tests.Sample;
import dev.memlane.perf.tests.Scenario;
import dev.memlane.perf.tests.Verdict.Bar;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Many memories at once, through {@code addMemories} and through {@code memlane ingest}, vectors from the hash embedder, in
 * a heap of 512 MB: each in a process of its own.
 */
public final class BulkScenario implements Scenario {

  private static final String BATCH = "addMemories";
  private static final String INGEST = "ingest";
  private static final String RAW = "raw limit";
  private static final List<String> OPTIONS = List.of("-Xmx512m", JavaProcess.VECTOR_MODULE);
  private static final int PAGE = 5_000;

  @Override
  public String name() {
    return "bulk";
  }

  @Override
  public String title() {
    return "100,000 memories through addMemories and ingest, vectors from the hash embedder, in a heap of 512 MB: against"
        + " COPY and Lucene's writer at the same time";
  }

  @Override
  public void run(Bench bench) throws Exception {
    int count = bench.size(100_000, 10_000);
    Generated generated = new Generated();
    Findings findings = bench.findings();
    List<Plot.Line> heaps = new ArrayList<>();
    Path file = bench.directory("lines").resolve("memories.jsonl");
    writeLines(file, generated, count);
    for (int round = 0; round < bench.rounds(); round++) {
      bench.say("round " + (round + 1) + " of " + bench.rounds());
      try (Server server = Server.start(bench.directory("data"))) {
        findings.add(RAW, "", RawLimit.prepare(server, generated, count).round());
        Worker worker = add(server, count);
        findings.add(BATCH, "", Sample.of(Sample.PER_SECOND, worker.perSecond()));
        findings.add(BATCH, "", "heap growth", worker.growth());
        heaps.add(worker.heapLine("round " + (round + 1)));
      }
      findings.add(INGEST, "", Sample.of(Sample.PER_SECOND, ingest(bench.directory("ingested"), file, count)));
    }
    findings.plot(new Plot("Heap in use after collection, addMemories", "memories stored", "megabytes", false, false,
        heaps));
    for (String name : List.of(BATCH, INGEST)) {
      findings.judge(name + " over the raw limit", findings.ratio(Sample.PER_SECOND, "", name, RAW), Bar.atLeast(0.5),
          !bench.quick());
    }
    findings.judge("heap in use at the end over that after a fifth", findings.median(BATCH, "", "heap growth"),
        Bar.atMost(1.5), !bench.quick());
  }

  private static void writeLines(Path file, Generated generated, int count) throws IOException {
    Files.createDirectories(file.toAbsolutePath().getParent());
    ObjectMapper mapper = new ObjectMapper();
    try (BufferedWriter lines = Files.newBufferedWriter(file)) {
      for (int i = 0; i < count; i++) {
        lines.write(mapper.createObjectNode().put("user", generated.scope(i).user())
            .put("content", generated.content(i)).toString());
        lines.newLine();
      }
    }
  }

  /** What the process that stores told: when how many were stored, and what the heap held after a collection. */
  private record Worker(List<Double> seconds, List<Double> stored, List<Double> megabytes) {

    double perSecond() {
      return stored.getLast() / seconds.getLast();
    }

    double growth() {
      return megabytes.getLast() / megabytes.get(megabytes.size() / 5);
    }

    Plot.Line heapLine(String name) {
      return new Plot.Line(name, stored, megabytes);
    }
  }

  private static Worker add(Server server, int count) throws IOException, InterruptedException {
    Worker worker = new Worker(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    Process process = JavaProcess
        .prepare(OPTIONS, BulkScenario.class.getName(), server.jdbcUrl(), server.folder("index-bulk").toString(),
            Integer.toString(count))
        .start();
    try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = output.readLine(); line != null; line = output.readLine()) {
        String[] told = line.split(" ", -1);
        worker.seconds.add(Double.valueOf(told[0]));
        worker.stored.add(Double.valueOf(told[1]));
        worker.megabytes.add(Double.valueOf(told[2]));
      }
      process.waitFor(1, TimeUnit.MINUTES);
    } finally {
      process.destroyForcibly();
    }
    if (worker.stored.isEmpty() || worker.stored.getLast() != count) {
      throw new IllegalStateException("the process that stores told of " + worker.stored + " memories only");
    }
    return worker;
  }

  private static double ingest(Path data, Path file, int count) throws IOException, InterruptedException {
    Process process = JavaProcess
        .prepare(OPTIONS, "dev.memlane.cli.Main", "--data", data.toString(), "--embedder", "hash", "--json", "ingest",
            file.toString())
        .start();
    try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
      JsonNode report = new ObjectMapper().readTree(output);
      process.waitFor(1, TimeUnit.MINUTES);
      if (report.path("stored").asInt() != count) {
        throw new IllegalStateException("ingest says " + report);
      }
      return count / report.path("seconds").asDouble();
    } finally {
      process.destroyForcibly();
    }
  }

  /** The process that stores: a database's address, a directory for the index, how many. */
  public static void main(String[] arguments) {
    Logger.getLogger("").setLevel(Level.SEVERE);
    int count = Integer.parseInt(arguments[2]);
    Generated generated = new Generated();
    try (MemoryOrchestrator memory = MemoryOrchestrator.builder().postgres(arguments[0], null, null).schema("bulk")
        .indexDirectory(Path.of(arguments[1])).embedder(new HashEmbedder()).followEvery(Duration.ZERO).open()) {
      store(memory.blocking(), generated, count);
    }
  }

  private static void store(BlockingMemory memory, Generated generated, int count) {
    long spent = 0;
    for (int from = 0; from < count; from += PAGE) {
      List<NewMemory> page = new ArrayList<>();
      for (int i = from; i < Math.min(count, from + PAGE); i++) {
        page.add(NewMemory.of(generated.content(i), generated.scope(i)));
      }
      long begun = System.nanoTime();
      for (WriteOutcome outcome : memory.addMemories(page)) {
        if (!outcome.succeeded()) {
          throw new IllegalStateException(outcome.describe());
        }
      }
      spent += System.nanoTime() - begun;
      System.out.printf("%.3f %d %.1f%n", spent / 1e9, from + page.size(), heapAfterCollection());
    }
  }

  private static double heapAfterCollection() {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return (runtime.totalMemory() - runtime.freeMemory()) / 1e6;
  }
}
