package dev.memlane.perf.tests.scenario;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.memlane.perf.tests.Bench;
import dev.memlane.perf.tests.Contestant;
import dev.memlane.perf.tests.FindingCollector;
import dev.memlane.perf.tests.Plot;
import dev.memlane.perf.tests.Sample;
import dev.memlane.perf.tests.Scenario;
import dev.memlane.perf.tests.Verdict.Bar;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Bulk writes through {@code addMemories} and through {@code memlane ingest}, vectors from the hash embedder, in
 * processes with a heap of 512 MB. Each way has a process that has stored as many memories before. Ingestion is also
 * measured in a new process, which spends much of its time on compiling.
 */
public final class BulkScenario implements Scenario {

  private static final String BATCH = "addMemories";
  private static final String INGEST = "ingest";
  private static final String NEW_PROCESS = "ingest, new process";
  private static final String RAW = "raw limit";

  @Override
  public String name() {
    return "bulk";
  }

  @Override
  public String title() {
    return "100,000 memories at a time through addMemories and ingest, vectors from the hash embedder, in a heap of"
        + " 512 MB: against COPY and Lucene's writer at the same time";
  }

  @Override
  public void run(Bench bench) throws Exception {
    int count = bench.size(100_000, 10_000);
    GeneratedMemories generated = new GeneratedMemories();
    Path file = bench.directory("lines").resolve("memories.jsonl");
    writeLines(file, generated, count);
    List<Double> stored = new ArrayList<>();
    List<Double> megabytes = new ArrayList<>();
    try (Server server = Server.start(bench.directory("data"));
        BulkWorker adding = BulkWorker.start();
        BulkWorker ingesting = BulkWorker.start()) {
      RawLimit raw = RawLimit.prepare(server, generated, count);
      List<Contestant> contestants = new ArrayList<>(List.of(new Contestant(RAW, "", raw::round),
          new Contestant(BATCH, "", () -> {
            adding.open(server.jdbcUrl(), server.folder("index-bulk"));
            double seconds = adding.add(count);
            stored.add(stored.size() * (double) count + count);
            megabytes.add(adding.heapMegabytes());
            adding.closeMemory();
            return Sample.of(Sample.PER_SECOND, count / seconds);
          }), new Contestant(INGEST, "",
              () -> Sample.of(Sample.PER_SECOND, count / ingesting.ingest(bench.directory("ingested"), file, count)))));
      if (!bench.quick()) {
        contestants.add(new Contestant(NEW_PROCESS, "", () -> {
          try (BulkWorker fresh = BulkWorker.start()) {
            return Sample.of(Sample.PER_SECOND, count / fresh.ingest(bench.directory("ingested-new"), file, count));
          }
        }));
      }
      bench.race(contestants);
    }
    FindingCollector findings = bench.findings();
    findings.plot(new Plot("Heap in use after collection, addMemories", "memories stored", "megabytes", false, false,
        List.of(new Plot.Line(BATCH, stored, megabytes))));
    for (String name : List.of(BATCH, INGEST)) {
      findings.judge(name + " over the raw limit", findings.ratio(Sample.PER_SECOND, "", name, RAW), Bar.atLeast(0.5),
          !bench.quick());
    }
    findings.judge("heap in use after the last round over that after the first",
        megabytes.getLast() / megabytes.getFirst(),
        Bar.atMost(1.5), !bench.quick());
  }

  /** Writes generated memories as lines that {@code memlane ingest} reads. */
  static void writeLines(Path file, GeneratedMemories generated, int count) throws IOException {
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
}
