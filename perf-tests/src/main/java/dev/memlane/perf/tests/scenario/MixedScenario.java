package dev.memlane.perf.tests.scenario;

import static dev.memlane.perf.tests.Verdict.Bar.atMost;

import dev.memlane.model.Memory;
import dev.memlane.orchestrator.SearchHit;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.perf.tests.Bench;
import dev.memlane.perf.tests.Contestant;
import dev.memlane.perf.tests.FindingCollector;
import dev.memlane.perf.tests.Load;
import dev.memlane.perf.tests.Plot;
import dev.memlane.perf.tests.Sample;
import dev.memlane.perf.tests.Scenario;
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
 */
public final class MixedScenario implements Scenario {

  private static final long SEED = 8;
  private static final int COUNT = 100_000;
  private static final int SMALL = 10_000;
  private static final int SCOPES = 1_000;
  /** The searches after an add and its search: four searches for one add. */
  private static final int OTHER_SEARCHES = 3;
  private static final int[] CALLERS = {1, 8, 64};
  private static final int TIME_LINE_CALLERS = 8;
  /** The warm-up. Before it is over, the compiler has as much to do as the load. */
  private static final double WARM_UP_SECONDS = 15;
  private static final double ROUND_SECONDS = 3;
  private static final double TIME_LINE_SECONDS = 60;
  private static final double NANOS_A_SECOND = 1e9;
  private static final double NANOS_A_MILLI = 1e6;
  private static final String LOAD = "80 % search, 20 % add";
  private static final String P50 = " " + Sample.P50;
  private static final String P99 = " " + Sample.P99;

  @Override
  public String name() {
    return "mixed";
  }

  @Override
  public String title() {
    return "80 % searches and 20 % adds in 1,000 scopes, each add found by its caller's next search";
  }

  @Override
  public void run(Bench bench) throws Exception {
    int count = bench.size(COUNT, SMALL);
    Corpus corpus = new Corpus(SEED, SCOPES);
    try (FilledMemory filled = FilledMemory.open(bench, "memories", corpus, count)) {
      bench.findings()
          .note(String.format(Locale.ROOT, "%,d memories before the first add; %s.", count, filled.index()));
      bench.findings().note(
          "Searches are hybrid, in a scope, vectors given. The one after an add looks for what was added; had one not "
              + "found it, the scenario would have failed.");
      new Run(bench, corpus, filled, count).run();
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
    private final AtomicLong written;
    private final AtomicLong asked = new AtomicLong();
    private final Map<Integer, Latencies> byCallers = new LinkedHashMap<>();

    Run(Bench bench, Corpus corpus, FilledMemory filled, int count) {
      this.bench = bench;
      this.findings = bench.findings();
      this.corpus = corpus;
      this.filled = filled;
      this.written = new AtomicLong(count);
    }

    void run() throws Exception {
      List<Contestant> contestants = new ArrayList<>();
      for (int callers : CALLERS) {
        contestants.add(new Contestant(LOAD, parameter(callers), () -> round(callers)));
      }
      bench.say("warming up");
      load(TIME_LINE_CALLERS, bench.slice(WARM_UP_SECONDS), (kind, began, ended) -> {});
      bench.race(contestants);
      findings.judge(Kind.SEARCH_AFTER_ADD.words + ", " + parameter(1) + ": p50 ms",
          findings.median(LOAD, parameter(1), Kind.SEARCH_AFTER_ADD.words + P50), atMost(3), !bench.quick());
      byCallers.forEach((callers, latencies) -> {
        Map<String, Histogram> byName = new LinkedHashMap<>();
        for (Kind kind : Kind.values()) {
          byName.put(kind.words, latencies.of(kind));
        }
        findings.plotLatencies("Mixed load, " + parameter(callers), byName);
      });
      timeLine();
    }

    private static String parameter(int callers) {
      return callers == 1 ? "1 caller" : callers + " callers";
    }

    private Sample round(int callers) throws Exception {
      Latencies latencies = new Latencies();
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
        Histogram histogram = latencies.of(kind);
        calls += histogram.getTotalCount();
        values.put(kind.words + P50, histogram.getValueAtPercentile(50) / NANOS_A_MILLI);
        values.put(kind.words + P99, histogram.getValueAtPercentile(99) / NANOS_A_MILLI);
      }
      values.put(Sample.PER_SECOND, calls / seconds);
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
      load(TIME_LINE_CALLERS, duration, (kind, began, ended) -> {
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
      String title = "Mixed load, " + parameter(TIME_LINE_CALLERS);
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
        List<Corpus.Item> others = new ArrayList<>();
        for (int i = 0; i < OTHER_SEARCHES; i++) {
          others.add(corpus.query(asked.getAndIncrement()));
        }
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

    private List<SearchHit> search(Corpus.Item item) {
      return filled.blocking().search(
          SearchRequest.builder(item.text()).embedding(item.embedding()).scope(item.scope()).build());
    }
  }
}
