package dev.memlane.perf.tests.scenario;

import dev.memlane.perf.tests.Bench;
import dev.memlane.perf.tests.FindingCollector;
import dev.memlane.perf.tests.Verdict.Bar;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Lists of tool calls that compute, wait or read files: in lanes, compared with a loop, a pool and a polling
 * dispatcher.
 */
final class ToolCallLists {

  private static final String LOOP = "a loop";
  private static final String TOOLS = "ToolExecutor";
  private static final String POOL = "invokeAll, 12 threads";
  private static final String TWO_THREADS = "invokeAll, 2 threads";
  private static final String POLLING = "polling every 10 ms";
  private static final String MICROS = "us a list";
  private static final int CORES = 2;
  private static final double FASTER = 1.8;
  private static final double SHARE_OF_TWO = 0.95;

  private ToolCallLists() {}

  /** Measures all lists and judges them. */
  static void measure(Bench bench) throws Exception {
    try (ExecutorService pool = Executors.newFixedThreadPool(ToolCallWays.CONCURRENCY);
        PollingDispatcher polling = new PollingDispatcher()) {
      light(bench, pool, polling);
      waiting(bench, pool, polling);
      computing(bench, pool);
      overhead(bench);
    }
  }

  private static String parameter(ToolWork work, int calls) {
    return calls + (calls == 1 ? " call, " : " calls, ") + work;
  }

  /** Measures quick tools. The loss over a loop counts, so both are measured in turns of a few milliseconds. */
  private static void light(Bench bench, ExecutorService pool, PollingDispatcher polling) throws Exception {
    FindingCollector findings = bench.findings();
    double worst = 0;
    int missed = 0;
    for (int micros : bench.quick() ? new int[]{5} : new int[]{0, 5, 20, 45}) {
      for (int calls : bench.quick() ? new int[]{3, 10} : new int[]{3, 5, 10}) {
        ToolWork work = new ToolWork.Computing(micros * 1_000L);
        String parameter = parameter(work, calls);
        try (ToolCallWays ways = new ToolCallWays(work, calls)) {
          int lists = Math.max(5, 5_000 / (calls * (micros + 1)));
          int turns = bench.size(40, 10);
          for (int i = 0; i < bench.size(60, 30); i++) {
            ways.loop(lists);
            ways.tools(lists);
            ways.pool(pool, lists);
          }
          bench.say(parameter);
          for (int round = 0; round < bench.rounds(); round++) {
            double[] sums = new double[3];
            for (int turn = 0; turn < turns; turn++) {
              // Each comes after the other equally often.
              double first = turn % 2 == 0 ? ways.loop(lists) : ways.tools(lists);
              double second = turn % 2 == 0 ? ways.tools(lists) : ways.loop(lists);
              sums[0] += turn % 2 == 0 ? first : second;
              sums[1] += turn % 2 == 0 ? second : first;
            }
            for (int turn = 0; turn < turns; turn++) {
              sums[2] += ways.pool(pool, lists);
            }
            findings.add(LOOP, parameter, MICROS, sums[0] / turns);
            findings.add(TOOLS, parameter, MICROS, sums[1] / turns);
            findings.add(POOL, parameter, MICROS, sums[2] / turns);
            findings.add(POLLING, parameter, MICROS, ways.polling(polling, 1));
          }
        }
        double ratio = findings.ratio(MICROS, parameter, LOOP, TOOLS);
        double lost = (findings.median(TOOLS, parameter, MICROS) - findings.median(LOOP, parameter, MICROS)) / calls;
        worst = Math.max(worst, lost);
        missed += ratio < 0.97 && lost > 1.5 ? 1 : 0;
      }
    }
    findings.judge("lists of quick calls that lose more than 3 % and more than 1.5 us a call", missed, Bar.atMost(0),
        !bench.quick());
    findings.note(String.format(Locale.ROOT, "Of quick calls the worst list lost %.2f us a call over a loop.", worst));
  }

  /** Measures tools that wait, against the ideal in which as many wait at the same time as is allowed. */
  private static void waiting(Bench bench, ExecutorService pool, PollingDispatcher polling) throws Exception {
    double medium = waiting(bench, pool, polling, 5, bench.size(20, 5));
    double heavy = Math.min(waiting(bench, pool, polling, 50, bench.size(3, 1)),
        bench.quick() ? Double.MAX_VALUE : waiting(bench, pool, polling, 200, 1));
    bench.findings().judge("calls that wait for 5 ms, at the worst number of them: share of the ideal", medium,
        Bar.atLeast(0.9), !bench.quick());
    bench.findings().judge("calls that wait for 50 and 200 ms, at the worst number of them: share of the ideal", heavy,
        Bar.atLeast(0.95), !bench.quick());
  }

  private static double waiting(Bench bench, ExecutorService pool, PollingDispatcher polling, int millis, int lists)
      throws Exception {
    FindingCollector findings = bench.findings();
    ToolWork work = new ToolWork.Waiting(millis);
    double worst = Double.MAX_VALUE;
    for (int calls : bench.quick() ? new int[]{4, 16} : new int[]{2, 4, 8, 16, 32, 64}) {
      String parameter = parameter(work, calls);
      bench.say(parameter);
      List<Double> shares = new ArrayList<>();
      try (ToolCallWays one = new ToolCallWays(work, 1); ToolCallWays ways = new ToolCallWays(work, calls)) {
        ways.tools(2);
        for (int round = 0; round < bench.rounds(); round++) {
          // A loop takes the time of one call for each call, so it need not be measured in full.
          double loop = calls * one.loop(Math.max(2, lists));
          double tools = ways.tools(lists);
          findings.add(LOOP, parameter, MICROS, loop);
          findings.add(TOOLS, parameter, MICROS, tools);
          findings.add(POOL, parameter, MICROS, ways.pool(pool, lists));
          if (calls <= ToolCallWays.PERMITS) {
            findings.add(POLLING, parameter, MICROS, ways.polling(polling, 1));
          }
          double ideal = calls / Math.ceil((double) calls / ToolCallWays.CONCURRENCY);
          shares.add(loop / tools / ideal);
        }
      }
      shares.sort(null);
      worst = Math.min(worst, shares.get(shares.size() / 2));
    }
    return worst;
  }

  /**
   * Measures tools that compute, and tools that read files which the system has cached. All ways take turns with single
   * lists, and the quickest tenth counts, because other programs on the machine slow two processors down more than one.
   */
  private static void computing(Bench bench, ExecutorService pool) throws Exception {
    Map<String, ToolWork> works = new LinkedHashMap<>();
    works.put("that compute", new ToolWork.Mixing(4_000_000));
    works.put("that read cached files", new ToolWork.Reading(trees(bench.directory("trees")), new AtomicInteger()));
    try (ExecutorService two = Executors.newFixedThreadPool(CORES)) {
      for (Map.Entry<String, ToolWork> work : works.entrySet()) {
        computing(bench, work.getKey(), work.getValue(), pool, two);
      }
    }
  }

  private static void computing(Bench bench, String name, ToolWork work, ExecutorService pool, ExecutorService two)
      throws Exception {
    FindingCollector findings = bench.findings();
    double worst = Double.MAX_VALUE;
    double worstOfTwo = Double.MAX_VALUE;
    double worstShare = Double.MAX_VALUE;
    for (int calls : bench.quick() ? new int[]{16} : new int[]{4, 16}) {
      String parameter = parameter(work, calls);
      bench.say(parameter);
      try (ToolCallWays ways = new ToolCallWays(work, calls)) {
        Map<String, Callable<Double>> all = Map.of(LOOP, () -> ways.loop(1), TOOLS, () -> ways.tools(1), POOL,
            () -> ways.pool(pool, 1), TWO_THREADS, () -> ways.pool(two, 1));
        List<String> order = new ArrayList<>(List.of(LOOP, TOOLS, POOL, TWO_THREADS));
        int turns = bench.size(160 / calls, 2);
        quickest(all, order, turns);
        for (int round = 0; round < bench.rounds(); round++) {
          quickest(all, order, turns).forEach((way, micros) -> findings.add(way, parameter, MICROS, micros));
        }
      }
      worst = Math.min(worst, findings.ratio(MICROS, parameter, LOOP, TOOLS));
      worstOfTwo = Math.min(worstOfTwo, findings.ratio(MICROS, parameter, LOOP, TWO_THREADS));
      worstShare = Math.min(worstShare, findings.ratio(MICROS, parameter, TWO_THREADS, TOOLS));
    }
    // Two plain threads need no executor. Where the machine does not let them be this fast, nothing else is.
    findings.judge("calls " + name + ", on " + CORES + " cores: times as fast as a loop", worst,
        Bar.atLeast(Math.min(FASTER, SHARE_OF_TWO * worstOfTwo)),
        !bench.quick() && Runtime.getRuntime().availableProcessors() == CORES);
    findings.judge("calls " + name + ": share of what two plain threads reach", worstShare, Bar.atLeast(SHARE_OF_TWO),
        !bench.quick());
    findings.note(String.format(Locale.ROOT,
        "Two plain threads are %.2f times as fast as a loop with calls %s; the bar is %.1f, or %.2f of that if it is less.",
        worstOfTwo, name, FASTER, SHARE_OF_TWO));
  }

  /** Returns the time of a list in each way: the upper limit of its quickest tenth, over this many turns. */
  private static Map<String, Double> quickest(Map<String, Callable<Double>> ways, List<String> order, int turns)
      throws Exception {
    Map<String, List<Double>> micros = new LinkedHashMap<>();
    for (int turn = 0; turn < turns; turn++) {
      // The order changes, so that none always comes after the same other.
      Collections.shuffle(order, new Random(turn));
      for (String way : order) {
        micros.computeIfAbsent(way, unused -> new ArrayList<>()).add(Objects.requireNonNull(ways.get(way)).call());
      }
    }
    Map<String, Double> quickest = new LinkedHashMap<>();
    micros.forEach((way, all) -> quickest.put(way, all.stream().sorted().toList().get(turns / 10)));
    return quickest;
  }

  /** Creates sixteen times some two hundred files in folders, 4 MB in all. */
  private static List<Path> trees(Path directory) throws IOException {
    byte[] text = "a line of a file that is read by a tool\n".repeat(500).getBytes(StandardCharsets.US_ASCII);
    List<Path> trees = new ArrayList<>();
    for (int tree = 0; tree < 16; tree++) {
      Path path = directory.resolve("tree " + tree);
      trees.add(path);
      for (int folder = 0; folder < 10; folder++) {
        Path below = Files.createDirectories(path.resolve("folder " + folder));
        for (int file = 0; file < 20; file++) {
          Files.write(below.resolve("file " + file), text);
        }
      }
    }
    return trees;
  }

  /** Measures the executor's overhead for calls of 5 ms. */
  private static void overhead(Bench bench) throws Exception {
    ToolWork work = new ToolWork.Computing(5_000_000);
    String parameter = parameter(work, 1);
    bench.say(parameter);
    try (ToolCallWays ways = new ToolCallWays(work, 1)) {
      int lists = bench.size(50, 10);
      ways.tools(lists);
      for (int round = 0; round < bench.rounds(); round++) {
        bench.findings().add(LOOP, parameter, MICROS, ways.loop(lists));
        bench.findings().add(TOOLS, parameter, MICROS, ways.tools(lists));
      }
    }
    bench.findings().judge("a single call of 5 ms: time over that of a loop",
        bench.findings().ratio(MICROS, parameter, TOOLS, LOOP), Bar.atMost(1.02), !bench.quick());
  }
}
