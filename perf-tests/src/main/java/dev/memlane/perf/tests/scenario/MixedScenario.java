package dev.memlane.perf.tests.scenario;

import static dev.memlane.perf.tests.Verdict.Bar.atLeast;
import static dev.memlane.perf.tests.Verdict.Bar.atMost;

import dev.memlane.model.Memory;
import dev.memlane.model.NewMemory;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.SearchHit;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.perf.tests.Bench;
import dev.memlane.perf.tests.Contestant;
import dev.memlane.perf.tests.FindingCollector;
import dev.memlane.perf.tests.Load;
import dev.memlane.perf.tests.Plot;
import dev.memlane.perf.tests.Sample;
import dev.memlane.perf.tests.Scenario;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Histogram;

/**
 * Callers that search four times for each memory that they add: hybrid, in a scope, vectors given. The search after an
 * add is for the added memory and must find it; making the write visible is the extra cost of such a search.
 *
 * <p>
 * In turns with that, the parts are measured alone: the same kinds of searches without adds, and adds without searches,
 * which go to a memory of their own on the same server. If mixing cost nothing, S searches and A adds a second alone
 * would make {@code 1 / (0.8 / S + 0.2 / A)} calls a second.
 */
public final class MixedScenario implements Scenario {

  private static final long SEED = 8;
  private static final int COUNT = 100_000;
  private static final int SMALL = 10_000;
  private static final int SCOPES = 1_000;
  /** The searches after an add and its search: four searches for one add. */
  private static final int OTHER_SEARCHES = 3;
  private static final int[] CALLERS = {1, 8, 64, 256};
  private static final int[] CALLERS_IF_QUICK = {1, 8};
  private static final int FEW_CALLERS = 8;
  private static final int MANY_CALLERS = 64;
  /** The warm-up. Before it is over, the compiler has as much to do as the load. */
  private static final double WARM_UP_SECONDS = 15;
  private static final double ROUND_SECONDS = 2;
  private static final double TIME_LINE_SECONDS = 30;
  private static final double NANOS_A_SECOND = 1e9;
  private static final double NANOS_A_MILLI = 1e6;
  /** Spreads the searches for memories over all of them. */
  private static final long A_PRIME = 7_919;
  private static final double SHARE_OF_SEARCHES = 0.8;
  private static final String LOAD = "80 % search, 20 % add";
  private static final String SEARCHES = "searches alone";
  private static final String ADDS = "adds alone";
  private static final String OF_THE_PARTS = "of what the parts allow";
  private static final String SEARCH = "search";
  private static final String PROCESSOR = "processor ms a call";
  private static final String P50 = " " + Sample.P50;
  private static final String P99 = " " + Sample.P99;

  @Override
  public String name() {
    return "mixed";
  }

  @Override
  public String title() {
    return "80 % searches and 20 % adds in 1,000 scopes, each add found by its caller's next search: against searches and adds alone";
  }

  @Override
  public void run(Bench bench) throws Exception {
    int count = bench.size(COUNT, SMALL);
    Corpus corpus = new Corpus(SEED, SCOPES);
    try (FilledMemory filled = FilledMemory.open(bench, "memories", corpus, count);
        MemoryOrchestrator alone = filled.another("alone")) {
      bench.findings()
          .note(String.format(Locale.ROOT, "%,d memories before the first add; %s.", count, filled.index()));
      bench.findings().note(
          "Searches are hybrid, in a scope, vectors given. The one after an add looks for what was added; had one not "
              + "found it, the scenario would have failed.");
      new Run(bench, corpus, filled, alone.blocking(), count).run();
    }
  }

  /** The kinds of calls. */
  private enum Kind {
    ADD("add"), SEARCH_AFTER_ADD("search after an add"), OTHER_SEARCH("other search");

    private final String words;

    Kind(String words) {
      this.words = words;
    }
  }

  /** The latencies of each kind of call, in nanoseconds. Safe for use by several threads. */
  private static final class Latencies {

    private final EnumMap<Kind, Histogram> histograms = new EnumMap<>(Kind.class);

    Latencies() {
      for (Kind kind : Kind.values()) {
        histograms.put(kind, Load.histogram());
      }
    }

    Histogram of(Kind kind) {
      Histogram histogram = histograms.get(kind);
      if (histogram == null) {
        throw new IllegalStateException("there is one for each kind, also for " + kind);
      }
      return histogram;
    }

    void add(Latencies more) {
      for (Kind kind : Kind.values()) {
        of(kind).add(more.of(kind));
      }
    }
  }

  /** Receives each call. */
  private interface Watch {
    void ended(Kind kind, long beganNanos, long endedNanos);
  }

  /** The measurement of one memory. */
  private static final class Run {

    private final Bench bench;
    private final FindingCollector findings;
    private final Corpus corpus;
    private final FilledMemory filled;
    private final BlockingMemory alone;
    private final int count;
    private final ProcessorTime processors;
    private final AtomicLong written;
    private final AtomicLong asked = new AtomicLong();
    private final Map<Integer, Latencies> byCallers = new LinkedHashMap<>();

    Run(Bench bench, Corpus corpus, FilledMemory filled, BlockingMemory alone, int count) throws IOException {
      this.bench = bench;
      this.findings = bench.findings();
      this.corpus = corpus;
      this.filled = filled;
      this.alone = alone;
      this.count = count;
      this.processors = ProcessorTime.with(filled.server());
      this.written = new AtomicLong(count);
    }

    void run() throws Exception {
      int[] callers = bench.quick() ? CALLERS_IF_QUICK : CALLERS;
      List<Contestant> contestants = new ArrayList<>();
      for (int number : callers) {
        contestants.add(new Contestant(SEARCHES, parameter(number), () -> searchesAlone(number)));
        contestants.add(new Contestant(ADDS, parameter(number), () -> addsAlone(number)));
        contestants.add(new Contestant(LOAD, parameter(number), () -> round(number)));
      }
      bench.say("warming up");
      load(FEW_CALLERS, bench.slice(WARM_UP_SECONDS), (kind, began, ended) -> {});
      bench.race(contestants);
      for (int number : callers) {
        sharesOfTheParts(parameter(number));
      }
      judge(callers);
      byCallers.forEach((number, latencies) -> {
        Map<String, Histogram> byName = new LinkedHashMap<>();
        for (Kind kind : Kind.values()) {
          byName.put(kind.words, latencies.of(kind));
        }
        findings.plotLatencies("Mixed load, " + parameter(number), byName);
      });
      timeLine();
    }

    private void sharesOfTheParts(String callers) {
      List<Double> searches = findings.rounds(SEARCHES, callers, Sample.PER_SECOND);
      List<Double> adds = findings.rounds(ADDS, callers, Sample.PER_SECOND);
      List<Double> mixed = findings.rounds(LOAD, callers, Sample.PER_SECOND);
      for (int i = 0; i < mixed.size(); i++) {
        double allowed = 1 / (SHARE_OF_SEARCHES / searches.get(i) + (1 - SHARE_OF_SEARCHES) / adds.get(i));
        findings.add(LOAD, callers, OF_THE_PARTS, mixed.get(i) / allowed);
      }
    }

    private void judge(int[] callers) {
      boolean counts = !bench.quick();
      for (int number : callers) {
        if (number == FEW_CALLERS || number == MANY_CALLERS) {
          findings.judge("calls a second " + OF_THE_PARTS + ", " + parameter(number),
              findings.median(LOAD, parameter(number), OF_THE_PARTS), atLeast(0.8), counts);
        }
      }
      String few = parameter(FEW_CALLERS);
      findings.judge("p50 of a search with adds over that without, " + few,
          FindingCollector.ratio(findings.rounds(LOAD, few, SEARCH + P50),
              findings.rounds(SEARCHES, few, SEARCH + P50)),
          atMost(2), counts);
      String one = parameter(1);
      findings.judge(Kind.SEARCH_AFTER_ADD.words + ", " + one + ": p50 ms",
          findings.median(LOAD, one, Kind.SEARCH_AFTER_ADD.words + P50), atMost(3), counts);
      findings.judge(Kind.SEARCH_AFTER_ADD.words + ", " + one + ": p99 ms",
          findings.median(LOAD, one, Kind.SEARCH_AFTER_ADD.words + P99), atMost(10), counts);
    }

    private static String parameter(int callers) {
      return callers == 1 ? "1 caller" : callers + " callers";
    }

    /** The searches of the mixed load, where the one after an add looks for a memory that was there before. */
    private Sample searchesAlone(int callers) throws Exception {
      Histogram latencies = Load.histogram();
      Duration before = processors.spent();
      double seconds = Load.closed(callers, bench.slice(ROUND_SECONDS), ignored -> {
        List<Corpus.Item> items = new ArrayList<>();
        items.add(corpus.memory(Math.floorMod(asked.get() * A_PRIME, (long) count)));
        items.addAll(otherQueries());
        for (Corpus.Item item : items) {
          long began = System.nanoTime();
          search(item);
          latencies.recordValue(System.nanoTime() - began);
        }
      }).seconds();
      Map<String, Double> values = new LinkedHashMap<>();
      put(values, SEARCH, latencies);
      put(values, latencies.getTotalCount(), seconds, before);
      return new Sample(values);
    }

    private Sample addsAlone(int callers) throws Exception {
      Histogram latencies = Load.histogram();
      Duration before = processors.spent();
      double seconds = Load.closed(callers, bench.slice(ROUND_SECONDS), ignored -> {
        NewMemory memory = corpus.memory(written.getAndIncrement()).toNewMemory();
        long began = System.nanoTime();
        alone.addMemory(memory);
        latencies.recordValue(System.nanoTime() - began);
      }).seconds();
      Map<String, Double> values = new LinkedHashMap<>();
      put(values, Kind.ADD.words, latencies);
      put(values, latencies.getTotalCount(), seconds, before);
      return new Sample(values);
    }

    private static void put(Map<String, Double> values, String what, Histogram latencies) {
      values.put(what + P50, latencies.getValueAtPercentile(50) / NANOS_A_MILLI);
      values.put(what + P99, latencies.getValueAtPercentile(99) / NANOS_A_MILLI);
    }

    private void put(Map<String, Double> values, long calls, double seconds, Duration spentBefore) {
      values.put(Sample.PER_SECOND, calls / seconds);
      values.put(PROCESSOR, processors.spent().minus(spentBefore).toNanos() / NANOS_A_MILLI / calls);
    }

    private Sample round(int callers) throws Exception {
      Latencies latencies = new Latencies();
      Duration before = processors.spent();
      double seconds = load(callers, bench.slice(ROUND_SECONDS),
          (kind, began, ended) -> latencies.of(kind).recordValue(ended - began));
      Latencies all = byCallers.get(callers);
      if (all == null) {
        // The first round is the warm-up.
        byCallers.put(callers, new Latencies());
      } else {
        all.add(latencies);
      }
      Map<String, Double> values = new LinkedHashMap<>();
      long calls = 0;
      for (Kind kind : Kind.values()) {
        calls += latencies.of(kind).getTotalCount();
        put(values, kind.words, latencies.of(kind));
      }
      Histogram searches = latencies.of(Kind.SEARCH_AFTER_ADD).copy();
      searches.add(latencies.of(Kind.OTHER_SEARCH));
      put(values, SEARCH, searches);
      put(values, calls, seconds, before);
      return new Sample(values);
    }

    /** Runs one long round, second by second. */
    private void timeLine() throws Exception {
      Duration duration = bench.slice(TIME_LINE_SECONDS);
      bench.say("a time line of " + duration.toSeconds() + " seconds");
      int seconds = (int) duration.toSeconds();
      List<Latencies> bySecond = new ArrayList<>();
      for (int i = 0; i < seconds; i++) {
        bySecond.add(new Latencies());
      }
      long start = System.nanoTime();
      load(FEW_CALLERS, duration, (kind, began, ended) -> {
        int second = (int) ((ended - start) / NANOS_A_SECOND);
        // Calls that end after the time is over belong to no whole second.
        if (second < seconds) {
          bySecond.get(second).of(kind).recordValue(ended - began);
        }
      });
      List<Double> time = new ArrayList<>();
      List<Double> adds = new ArrayList<>();
      List<Double> searches = new ArrayList<>();
      List<Double> afterAdd = new ArrayList<>();
      List<Double> other = new ArrayList<>();
      List<Double> slowest = new ArrayList<>();
      for (int i = 0; i < seconds; i++) {
        Histogram found = bySecond.get(i).of(Kind.SEARCH_AFTER_ADD);
        Histogram others = bySecond.get(i).of(Kind.OTHER_SEARCH);
        time.add((double) i);
        adds.add((double) bySecond.get(i).of(Kind.ADD).getTotalCount());
        searches.add((double) found.getTotalCount() + others.getTotalCount());
        afterAdd.add(found.getValueAtPercentile(50) / NANOS_A_MILLI);
        other.add(others.getValueAtPercentile(50) / NANOS_A_MILLI);
        slowest.add(found.getValueAtPercentile(99) / NANOS_A_MILLI);
      }
      String title = "Mixed load, " + parameter(FEW_CALLERS);
      findings.plot(new Plot(title + ": throughput", "seconds", Sample.PER_SECOND, false, false,
          List.of(new Plot.Line("searches", time, searches), new Plot.Line("adds", time, adds))));
      findings.plot(new Plot(title + ": latency of searches", "seconds", "milliseconds", false, false,
          List.of(new Plot.Line("after an add, p50", time, afterAdd), new Plot.Line("after an add, p99", time, slowest),
              new Plot.Line("others, p50", time, other))));
    }

    /** Returns the time in seconds. */
    private double load(int callers, Duration duration, Watch watch) throws Exception {
      return Load.closed(callers, duration, ignored -> {
        Corpus.Item item = corpus.memory(written.getAndIncrement());
        List<Corpus.Item> others = otherQueries();
        long began = System.nanoTime();
        Memory memory = filled.blocking().addMemory(item.toNewMemory());
        long added = System.nanoTime();
        watch.ended(Kind.ADD, began, added);
        List<SearchHit> hits = search(item);
        long found = System.nanoTime();
        watch.ended(Kind.SEARCH_AFTER_ADD, added, found);
        if (hits.stream().noneMatch(hit -> hit.memory().id().equals(memory.id()))) {
          throw new IllegalStateException("memory " + memory.id() + " was acknowledged, and the next search found "
              + hits.stream().map(hit -> hit.memory().id()).toList());
        }
        for (Corpus.Item other : others) {
          long asking = System.nanoTime();
          search(other);
          watch.ended(Kind.OTHER_SEARCH, asking, System.nanoTime());
        }
      }).seconds();
    }

    private List<Corpus.Item> otherQueries() {
      List<Corpus.Item> others = new ArrayList<>();
      for (int i = 0; i < OTHER_SEARCHES; i++) {
        others.add(corpus.query(asked.getAndIncrement()));
      }
      return others;
    }

    private List<SearchHit> search(Corpus.Item item) {
      return filled.blocking().search(
          SearchRequest.builder(item.text()).embedding(item.embedding()).scope(item.scope()).build());
    }
  }
}
