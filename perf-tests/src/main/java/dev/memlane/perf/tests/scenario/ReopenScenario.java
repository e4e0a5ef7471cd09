package dev.memlane.perf.tests.scenario;

import static dev.memlane.perf.tests.Verdict.Bar.atMost;

import dev.memlane.embedded.Memlane;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.orchestrator.VerifyReport;
import dev.memlane.perf.tests.Bench;
import dev.memlane.perf.tests.FindingCollector;
import dev.memlane.perf.tests.Scenario;
import java.nio.file.Path;
import java.util.List;

/**
 * The time to open a directory of a million memories again, after a kill under load and after an orderly end, compared
 * with that of a thousand.
 *
 * <p>
 * In each round a process adds memories to both directories, as fast as it can, and is killed as soon as the last one is
 * acknowledged. No opening may embed a text, and at the end the stores must agree.
 */
public final class ReopenScenario implements Scenario {

  private static final int LARGE = 1_000_000;
  private static final int QUICK = 20_000;
  private static final int SMALL = 1_000;
  private static final int PORTION = 50_000;
  /** More than an index commits at once, and no multiple of it. */
  private static final int ADDED = 33_000;
  private static final int SCOPES = 10_000;
  private static final long SEED = 23;
  private static final String KILLED = "after a kill";
  private static final String ORDERLY = "after an orderly end";
  private static final String SECONDS = "opening s";

  @Override
  public String name() {
    return "reopen";
  }

  @Override
  public String title() {
    return "opening a million memories after a kill under load and after an orderly end: against a thousand";
  }

  @Override
  public boolean takesLong() {
    return true;
  }

  @Override
  public void run(Bench bench) throws Exception {
    int large = bench.size(LARGE, QUICK);
    Path small = bench.directory("small");
    Path grown = bench.directory("grown");
    FillWorker.storeAndKill(small, SEED, SMALL, SCOPES);
    for (int first = 0; first < large; first += PORTION) {
      bench.say("storing, " + first + " of " + large);
      FillWorker.storeAndKill(grown, SEED + first, Math.min(PORTION, large - first), SCOPES);
    }
    // What the portions have left to merge is not part of an opening after some time.
    bench.say("opened in " + Opening.seconds(grown, memlane -> {}) + " s");
    FindingCollector findings = bench.findings();
    for (int round = 0; round < bench.rounds(); round++) {
      bench.say("round " + (round + 1) + " of " + bench.rounds());
      long seed = SEED + large + round;
      FillWorker.storeAndKill(small, seed, SMALL, SCOPES);
      measure(findings, small, SMALL);
      FillWorker.storeAndKill(grown, seed, ADDED, SCOPES);
      measure(findings, grown, large);
    }
    for (Path directory : List.of(small, grown)) {
      verify(directory);
    }
    findings.judge("opening " + large + " after a kill, seconds more than " + SMALL,
        more(findings, KILLED, large), atMost(2), !bench.quick());
    findings.judge("opening " + large + " after an orderly end, seconds more than " + SMALL,
        more(findings, ORDERLY, large), atMost(0.5), !bench.quick());
    findings.note("No opening embedded a text, and the stores agreed at the end. Opening includes the server's start.");
  }

  private static double more(FindingCollector findings, String how, int large) {
    return findings.median(how, memories(large), SECONDS) - findings.median(how, memories(SMALL), SECONDS);
  }

  private static String memories(int count) {
    return count + " memories";
  }

  private static void measure(FindingCollector findings, Path directory, int count) {
    for (String how : List.of(KILLED, ORDERLY)) {
      findings.add(how, memories(count), SECONDS, Opening.seconds(directory, memlane -> {}));
    }
  }

  private static void verify(Path directory) {
    try (Memlane memlane = Memlane.builder(directory).embedder(new HashEmbedder()).open()) {
      VerifyReport found = memlane.blocking().verify(false);
      if (!found.isClean()) {
        throw new IllegalStateException("the stores do not agree: " + found);
      }
    }
  }
}
