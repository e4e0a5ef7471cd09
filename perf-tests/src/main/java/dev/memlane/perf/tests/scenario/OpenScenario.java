package dev.memlane.perf.tests.scenario;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.orchestrator.VerifyReport;
import dev.memlane.perf.tests.Bench;
import dev.memlane.perf.tests.Directories;
import dev.memlane.perf.tests.FindingCollector;
import dev.memlane.perf.tests.Sample;
import dev.memlane.perf.tests.Scenario;
import dev.memlane.perf.tests.Verdict;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * The time to open, by number of memories: after a kill, after an orderly end, and without the index folder, which is
 * then rebuilt from core; compared with Lucene's writer alone, given the same texts and vectors.
 *
 * <p>
 * A process stores the memories and is killed as soon as the last one is acknowledged. No opening may embed a text, and
 * at the end the stores must agree.
 */
public final class OpenScenario implements Scenario {

  private static final int SMALLEST = 1_000;
  private static final int MIDDLE = 10_000;
  private static final int LARGEST = 100_000;
  private static final int SCOPES = 1_000;
  private static final long SEED = 11;

  /** The least time that rebuilding counts as, in seconds: two openings may take equally long. */
  private static final double SHORTEST = 0.01;
  private static final String KILLED = "after a kill";
  private static final String ORDERLY = "after an orderly end";
  private static final String REBUILT = "index folder gone";
  private static final String RAW = "Lucene's writer alone";
  private static final String SECONDS = "opening s";

  /** The content of the memories, generated once. */
  private record Material(List<String> texts, List<float[]> vectors, List<UUID> ids) {

    static Material of(int count) throws IOException {
      List<String> texts = Texts.of(count, SEED);
      List<UUID> ids = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        ids.add(UUID.randomUUID());
      }
      return new Material(texts, new HashEmbedder().embed(texts).join(), ids);
    }
  }

  @Override
  public String name() {
    return "open";
  }

  @Override
  public String title() {
    return "opening after a kill and with the index folder gone, by memories, against Lucene's writer alone";
  }

  @Override
  public void run(Bench bench) throws Exception {
    List<Integer> counts = bench.quick() ? List.of(SMALLEST, MIDDLE) : List.of(SMALLEST, MIDDLE, LARGEST);
    int most = counts.getLast();
    Material material = Material.of(most);
    bench.say("warming up with " + MIDDLE);
    round(bench, new FindingCollector(), material, MIDDLE, false);
    for (int i = 0; i < bench.rounds(); i++) {
      for (int count : counts) {
        bench.say("round " + (i + 1) + " of " + bench.rounds() + ", " + count + " memories");
        round(bench, bench.findings(), material, count, i % 2 == 1);
      }
    }
    FindingCollector findings = bench.findings();
    findings.judge("opening " + most + " after a kill, seconds more than " + SMALLEST,
        findings.median(KILLED, memories(most), SECONDS) - findings.median(KILLED, memories(SMALLEST), SECONDS),
        Verdict.Bar.atMost(3), most == LARGEST);
    findings.judge("rebuilding " + most + " over Lucene's writer alone",
        findings.ratio(Sample.PER_SECOND, memories(most), REBUILT, RAW), Verdict.Bar.atLeast(0.5), most == LARGEST);
    findings.plotOver("Opening", "memories", SECONDS, List.of(KILLED, ORDERLY, REBUILT), counts, "memories");
    findings.note("No opening embedded a text, and the stores agreed after each. Opening includes the server's start; "
        + "the rebuilding's speed is that of the"
        + " time which an orderly opening does not take.");
  }

  private static String memories(int count) {
    return count + " memories";
  }

  private static void round(Bench bench, FindingCollector findings, Material material, int count, boolean rawFirst)
      throws IOException, InterruptedException {
    Path directory = bench.directory("data");
    FillWorker.storeAndKill(directory, SEED, count, SCOPES);
    String parameter = memories(count);
    findings.add(KILLED, parameter, SECONDS, open(directory, count));
    double orderly = open(directory, count);
    findings.add(ORDERLY, parameter, SECONDS, orderly);
    if (rawFirst) {
      findings.add(RAW, parameter, Sample.PER_SECOND, raw(bench.directory("raw"), material, count));
    }
    Directories.delete(directory.resolve("vectors"));
    double rebuilt = open(directory, count);
    findings.add(REBUILT, parameter, SECONDS, rebuilt);
    findings.add(REBUILT, parameter, Sample.PER_SECOND, count / Math.max(SHORTEST, rebuilt - orderly));
    if (!rawFirst) {
      findings.add(RAW, parameter, Sample.PER_SECOND, raw(bench.directory("raw"), material, count));
    }
  }

  private static double open(Path directory, int count) {
    return Opening.seconds(directory, memlane -> {
      VerifyReport found = memlane.blocking().verify(false);
      if (!found.isClean() || found.core() != count || found.vector() != count) {
        throw new IllegalStateException("opening found " + found);
      }
    });
  }

  /** Memories per second until all of them can be searched. */
  private static double raw(Path folder, Material material, int count) throws IOException {
    try (RawLucene index = RawLucene.create(folder)) {
      long begun = System.nanoTime();
      index.addAll(count, (lucene, i) -> lucene.add(material.ids.get(i), material.ids.get(i), user(i),
          material.texts.get(i), material.vectors.get(i)));
      if (index.refresh() != count) {
        throw new IllegalStateException("not all of " + count + " documents are there");
      }
      return count / ((System.nanoTime() - begun) / 1e9);
    }
  }

  private static String user(int number) {
    return "user " + number % SCOPES;
  }
}
