package dev.memlane.perf.tests.scenario;

import dev.memlane.lanes.Access;
import dev.memlane.lanes.Lane;
import dev.memlane.lanes.LaneExecutor;
import dev.memlane.lanes.Task;
import dev.memlane.lanes.Tool;
import dev.memlane.lanes.ToolCall;
import dev.memlane.lanes.ToolExecutor;
import dev.memlane.lanes.ToolResult;
import dev.memlane.perf.tests.Bench;
import dev.memlane.perf.tests.Contestant;
import dev.memlane.perf.tests.FindingCollector;
import dev.memlane.perf.tests.Load;
import dev.memlane.perf.tests.Sample;
import dev.memlane.perf.tests.Scenario;
import dev.memlane.perf.tests.Verdict.Bar;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
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
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/**
 * Tasks and tool calls in lanes: no-op tasks against bare virtual threads, and lists of tool calls against a loop, a
 * fixed pool and a polling dispatcher.
 */
public final class LanesScenario implements Scenario {

  private static final String SUBMIT = "LaneExecutor.submit";
  private static final String SUBMIT_ALL = "LaneExecutor.submitAll, 100 each";
  private static final String BARE = "virtual threads, semaphore in each";
  private static final String BARE_OUTSIDE = "virtual threads, semaphore before each";
  private static final String PLAIN = "virtual threads, a queue and a counter";
  private static final String HALF_LOAD = "LaneExecutor, half load";
  private static final String TO_START = "p99 to start ms";

  private static final String LOOP = "a loop";
  private static final String TOOLS = "ToolExecutor";
  private static final String POOL = "invokeAll, 12 threads";
  private static final String TWO_THREADS = "invokeAll, 2 threads";
  private static final String POLLING = "polling every 10 ms";
  private static final String MICROS = "us a list";

  private static final int PLACES = 16;
  private static final int CONCURRENCY = 12;
  private static final int EACH = 100;
  /** The no-op tasks that are submitted and then awaited: half of the waiting tasks that a lane accepts by default. */
  private static final int OUTSTANDING = 5_000;
  private static final long PORTION_NANOS = 50_000;
  /**
   * The rate of half load: half of what one thread can submit in small portions while it measures (1,040,000 per second
   * on two cores).
   */
  private static final double MOST_LOAD = 520_000;
  private static final int CORES = 2;
  private static final double FASTER = 1.8;
  private static final double SHARE_OF_TWO = 0.95;

  @Override
  public String name() {
    return "lanes";
  }

  @Override
  public String title() {
    return "no-op tasks against bare virtual threads; lists of tool calls against a loop, a fixed pool, and a dispatcher"
        + " that polls";
  }

  @Override
  public void run(Bench bench) throws Exception {
    noOpTasks(bench);
    try (ExecutorService pool = Executors.newFixedThreadPool(CONCURRENCY);
        PollingDispatcher polling = new PollingDispatcher()) {
      light(bench, pool, polling);
      waiting(bench, pool, polling);
      computing(bench, pool);
      overhead(bench);
    }
  }

  // No-op tasks

  private void noOpTasks(Bench bench) throws Exception {
    int count = bench.size(400_000, 100_000);
    List<Contestant> contestants = List.of(new Contestant(SUBMIT, "", () -> submit(count)),
        new Contestant(SUBMIT_ALL, "", () -> submitAll(count)), new Contestant(BARE, "", () -> bare(count)),
        new Contestant(BARE_OUTSIDE, "", () -> bareOutside(count)),
        new Contestant(PLAIN, "", () -> plain(count)));
    for (int i = 0; i < bench.size(4, 1); i++) {
      for (Contestant contestant : contestants) {
        var unused = contestant.round().call();
      }
    }
    bench.race(contestants);
    FindingCollector findings = bench.findings();
    double half = Math.min(findings.median(SUBMIT, "", Sample.PER_SECOND) / 2, MOST_LOAD);
    bench.say("half load: " + Math.round(half) + " tasks a second");
    halfLoad(half, bench.slice(1));
    for (int round = 0; round < bench.rounds(); round++) {
      findings.add(HALF_LOAD, "", TO_START, halfLoad(half, bench.slice(2)).getValueAtPercentile(99) / 1e6);
    }
    boolean fullSize = !bench.quick();
    findings.judge("no-op tasks a second", findings.median(SUBMIT, "", Sample.PER_SECOND), Bar.atLeast(200_000),
        fullSize);
    findings.judge("no-op tasks over bare virtual threads with a semaphore",
        findings.ratio(Sample.PER_SECOND, "", SUBMIT, BARE), Bar.atLeast(0.5), fullSize);
    findings.judge("the same, where the semaphore bounds the threads",
        findings.ratio(Sample.PER_SECOND, "", SUBMIT, BARE_OUTSIDE), Bar.atLeast(0.5), fullSize);
    findings.note(String.format(Locale.ROOT,
        "A queue and a counter that bound virtual threads reach %.2f times what bare ones do.",
        findings.ratio(Sample.PER_SECOND, "", PLAIN, BARE)));
    findings.judge("from submission to start at half load: p99 ms", findings.median(HALF_LOAD, "", TO_START),
        Bar.atMost(1), fullSize);
  }

  private static LaneExecutor oneLane(int queueBound) {
    return LaneExecutor.builder().concurrency(PLACES)
        .lane(Lane.of("tasks").concurrency(PLACES).queueBound(queueBound)).build();
  }

  private static Sample submit(int count) throws Exception {
    try (LaneExecutor executor = oneLane(OUTSTANDING)) {
      return timed(count, (first, futures) -> {
        for (int i = first; i < first + OUTSTANDING; i++) {
          int number = i;
          futures.add(executor.submit("tasks", Task.of(() -> number)).future());
        }
      });
    }
  }

  private static Sample submitAll(int count) throws Exception {
    try (LaneExecutor executor = oneLane(OUTSTANDING)) {
      return timed(count, (first, futures) -> {
        for (int i = first; i < first + OUTSTANDING; i += EACH) {
          List<Task<Integer>> tasks = new ArrayList<>(EACH);
          for (int j = 0; j < EACH; j++) {
            int number = i + j;
            tasks.add(Task.of(() -> number));
          }
          executor.submitAll("tasks", tasks).jobs().forEach(job -> futures.add(job.future()));
        }
      });
    }
  }

  private static Sample bare(int count) throws Exception {
    Semaphore places = new Semaphore(PLACES);
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      return timed(count, (first, futures) -> {
        for (int i = first; i < first + OUTSTANDING; i++) {
          int number = i;
          futures.add(executor.submit(() -> {
            places.acquire();
            try {
              return number;
            } finally {
              places.release();
            }
          }));
        }
      });
    }
  }

  private static Sample bareOutside(int count) throws Exception {
    Semaphore places = new Semaphore(PLACES);
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      return timed(count, (first, futures) -> {
        for (int i = first; i < first + OUTSTANDING; i++) {
          int number = i;
          places.acquire();
          futures.add(executor.submit(() -> {
            try {
              return number;
            } finally {
              places.release();
            }
          }));
        }
      });
    }
  }

  private static Sample plain(int count) throws Exception {
    PlainExecutor executor = new PlainExecutor(PLACES);
    return timed(count, (first, futures) -> {
      for (int i = first; i < first + OUTSTANDING; i++) {
        int number = i;
        futures.add(executor.submit(() -> number));
      }
    });
  }

  private interface Submitting {
    /** Submits as many tasks as may be outstanding. Each returns its number. */
    void submit(int first, List<Future<Integer>> futures) throws Exception;
  }

  private static Sample timed(int count, Submitting submitting) throws Exception {
    List<Future<Integer>> futures = new ArrayList<>(OUTSTANDING);
    long begun = System.nanoTime();
    for (int first = 0; first < count; first += OUTSTANDING) {
      futures.clear();
      submitting.submit(first, futures);
      for (int i = 0; i < OUTSTANDING; i++) {
        if (futures.get(i).get() != first + i) {
          throw new IllegalStateException("task " + (first + i) + " answered for another");
        }
      }
    }
    return Sample.of(Sample.PER_SECOND, count * 1e9 / (System.nanoTime() - begun));
  }

  /** Measures the time from submission to start of tasks that are submitted at a fixed rate, in small portions. */
  private static Histogram halfLoad(double perSecond, Duration duration) throws Exception {
    Histogram toStart = Load.histogram();
    try (LaneExecutor executor = oneLane(1_000_000)) {
      long begun = System.nanoTime();
      long count = (long) (perSecond * duration.toNanos() / 1e9);
      for (long i = 0; i < count;) {
        LockSupport.parkNanos(PORTION_NANOS);
        long due = Math.min(count, (long) ((System.nanoTime() - begun) * perSecond / 1e9));
        for (; i < due; i++) {
          long submitted = System.nanoTime();
          var unused = executor.submit("tasks", Task.of(() -> {
            toStart.recordValue(System.nanoTime() - submitted);
            return 0;
          }));
        }
      }
      executor.drain().get();
      double reached = count * 1e9 / (System.nanoTime() - begun);
      if (toStart.getTotalCount() != count || reached < 0.9 * perSecond) {
        throw new IllegalStateException(
            count + " tasks, " + toStart.getTotalCount() + " began, " + reached + " a second");
      }
    }
    return toStart;
  }

  // Lists of tool calls

  private static LaneExecutor lanes() {
    return LaneExecutor.builder().concurrency(PLACES).lane(Lane.of("query").concurrency(CONCURRENCY)).build();
  }

  /** Measures the same list of calls in all ways, in microseconds per list. */
  private static final class Ways implements AutoCloseable {

    private final LaneExecutor lanes = lanes();
    private final ToolExecutor<Integer, String> tools;
    private final List<ToolCall<Integer>> calls = new ArrayList<>();
    private final List<Callable<String>> tasks;
    private final ToolWork work;

    Ways(ToolWork work, int calls) {
      this.work = work;
      this.tools = ToolExecutor.of(lanes, List.of(Tool.<Integer, String>of("work", number -> work.call()).lane("query")
          .accessing(number -> Access.nothing())));
      for (int i = 0; i < calls; i++) {
        this.calls.add(new ToolCall<>(Integer.toString(i), "work", i));
      }
      this.tasks = Collections.nCopies(calls, work::call);
    }

    double loop(int lists) throws Exception {
      long begun = System.nanoTime();
      for (int i = 0; i < lists; i++) {
        List<String> results = new ArrayList<>(calls.size());
        for (int call = 0; call < calls.size(); call++) {
          results.add(work.call());
        }
        require(results.size());
      }
      return micros(begun, lists);
    }

    double tools(int lists) throws Exception {
      long begun = System.nanoTime();
      for (int i = 0; i < lists; i++) {
        List<ToolResult<String>> results = tools.run(calls);
        for (ToolResult<String> result : results) {
          if (!(result instanceof ToolResult.Success)) {
            throw new IllegalStateException(result.toString());
          }
        }
        require(results.size());
      }
      return micros(begun, lists);
    }

    double pool(ExecutorService pool, int lists) throws Exception {
      long begun = System.nanoTime();
      for (int i = 0; i < lists; i++) {
        require(pool.invokeAll(tasks).size());
      }
      return micros(begun, lists);
    }

    double polling(PollingDispatcher polling, int lists) {
      long begun = System.nanoTime();
      for (int i = 0; i < lists; i++) {
        polling.runAll(tasks);
      }
      return micros(begun, lists);
    }

    private void require(int results) {
      if (results != calls.size()) {
        throw new IllegalStateException(calls.size() + " calls, " + results + " results");
      }
    }

    private static double micros(long begun, int lists) {
      return (System.nanoTime() - begun) / 1e3 / lists;
    }

    @Override
    public void close() {
      lanes.close();
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
        try (Ways ways = new Ways(work, calls)) {
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
      try (Ways one = new Ways(work, 1); Ways ways = new Ways(work, calls)) {
        ways.tools(2);
        for (int round = 0; round < bench.rounds(); round++) {
          // A loop takes the time of one call for each call, so it need not be measured in full.
          double loop = calls * one.loop(Math.max(2, lists));
          double tools = ways.tools(lists);
          findings.add(LOOP, parameter, MICROS, loop);
          findings.add(TOOLS, parameter, MICROS, tools);
          findings.add(POOL, parameter, MICROS, ways.pool(pool, lists));
          if (calls <= PLACES) {
            findings.add(POLLING, parameter, MICROS, ways.polling(polling, 1));
          }
          double ideal = calls / Math.ceil((double) calls / CONCURRENCY);
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
      try (Ways ways = new Ways(work, calls)) {
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
    findings.judge(
        ": share of what two plain threads reach" + name + ": share of what two plain threads reach, whatever that is",
        worstShare,
        Bar.atLeast(SHARE_OF_TWO), !bench.quick());
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
    try (Ways ways = new Ways(work, 1)) {
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
