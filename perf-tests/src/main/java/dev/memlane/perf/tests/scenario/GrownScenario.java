package dev.memlane.perf.tests.scenario;

import static dev.memlane.perf.tests.Verdict.Bar.atLeast;
import static dev.memlane.perf.tests.Verdict.Bar.atMost;

import dev.memlane.perf.tests.Bench;
import dev.memlane.perf.tests.FindingCollector;
import dev.memlane.perf.tests.JavaProcess;
import dev.memlane.perf.tests.Scenario;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * A million memories in a process with a heap of 1 GB: ingestion over time, the time until the graphs are built,
 * searches, adds, verification and opening. {@link GrownWorker} is that process.
 */
public final class GrownScenario implements Scenario {

  private static final int COUNT = 1_000_000;
  private static final int SMALL = 20_000;
  private static final List<String> OPTIONS = List.of("-Xmx1g", JavaProcess.VECTOR_MODULE);

  @Override
  public String name() {
    return "grown";
  }

  @Override
  public String title() {
    return "a million memories in 10,000 scopes, in a heap of 1 GB: ingestion's last tenth against its first, searches,"
        + " adds, verification, opening";
  }

  @Override
  public boolean takesLong() {
    return true;
  }

  @Override
  public void run(Bench bench) throws Exception {
    int count = bench.size(COUNT, SMALL);
    Path directory = bench.directory("memories");
    Process process = JavaProcess.prepare(OPTIONS, GrownWorker.class.getName(), directory.toString(),
        Integer.toString(count), Integer.toString(bench.rounds())).start();
    try (BufferedReader answers = process.inputReader(StandardCharsets.UTF_8)) {
      String line = answers.readLine();
      for (; line != null && !line.equals(GrownWorker.DONE); line = answers.readLine()) {
        String[] words = line.split("\t", -1);
        if (words.length == 2) {
          bench.findings().add("a million memories", "", words[0], Double.parseDouble(words[1]));
        } else {
          bench.say(line);
        }
      }
      if (line == null) {
        throw new IOException("the process with the memories ended too early");
      }
    } finally {
      process.destroyForcibly();
    }
    judge(bench.findings(), !bench.quick());
  }

  private static void judge(FindingCollector findings, boolean counts) {
    findings.judge("adds a second in ingestion's last tenth over its first",
        median(findings, GrownWorker.LAST_TENTH) / median(findings, GrownWorker.FIRST_TENTH), atLeast(0.9), counts);
    findings.judge(GrownWorker.IN_SCOPE, median(findings, GrownWorker.IN_SCOPE), atMost(1), counts);
    findings.judge(GrownWorker.EVERYWHERE, median(findings, GrownWorker.EVERYWHERE), atMost(10), counts);
    findings.judge(GrownWorker.RECALL, median(findings, GrownWorker.RECALL), atLeast(0.95), counts);
  }

  private static double median(FindingCollector findings, String metric) {
    return findings.median("a million memories", "", metric);
  }
}
