package dev.memlane.perf.tests.scenario;

import static dev.memlane.perf.tests.Verdict.Bar.atLeast;
import static dev.memlane.perf.tests.Verdict.Bar.atMost;

import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.perf.tests.Bench;
import dev.memlane.perf.tests.FindingCollector;
import dev.memlane.perf.tests.Load;
import dev.memlane.perf.tests.Plot;
import dev.memlane.perf.tests.Sample;
import dev.memlane.perf.tests.Scenario;
import dev.memlane.perf.tests.Statistics;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Histogram;

/**
 * An hour of mixed load on a memory that neither grows nor shrinks: throughput, latency and heap over time. Eight of
 * ten calls search, one adds, and one deletes what was added first.
 */
public final class SoakScenario implements Scenario {

  private static final long SEED = 13;
  private static final int COUNT = 100_000;
  private static final int SMALL = 5_000;
  private static final int SCOPES = 1_000;
  private static final int CALLERS = 8;
  private static final int SEARCHES = 8;
  private static final int WINDOWS = 60;
  private static final double WINDOW_SECONDS = 60;
  private static final double QUICK_WINDOW_SECONDS = 2;
  /** The windows that are compared, at the beginning after a warm-up and at the end: a fifth each. */
  private static final int COMPARED = WINDOWS / 5;
  private static final int WARM_UP = WINDOWS / 10;
  private static final double NANOS_A_MILLI = 1e6;
  private static final double MEGABYTE = 1e6;
  private static final String HEAP = "heap after collection MB";

  @Override
  public String name() {
    return "soak";
  }

  @Override
  public String title() {
    return "an hour of 80 % searches, 10 % adds and 10 % deletions, 8 callers: the last fifth against the first";
  }

  /** One period of the load. */
  private record Window(double perSecond, double p99Millis, double heapMegabytes) {}

  @Override
  public boolean takesLong() {
    return true;
  }

  @Override
  public void run(Bench bench) throws Exception {
    int count = bench.size(COUNT, SMALL);
    Corpus corpus = new Corpus(SEED, SCOPES);
    List<Window> windows = new ArrayList<>();
    try (FilledMemory filled = FilledMemory.open(bench, "memories", corpus, count)) {
      Queue<Memory> added = new ConcurrentLinkedQueue<>();
      AtomicLong number = new AtomicLong(count);
      Duration window = Duration.ofMillis((long) (1_000 * (bench.quick() ? QUICK_WINDOW_SECONDS : WINDOW_SECONDS)));
      for (int i = 0; i < WINDOWS; i++) {
        windows.add(window(filled, corpus, added, number, window));
        if (i % 10 == 9) {
          bench.say("window " + (i + 1) + " of " + WINDOWS);
        }
      }
    }
    report(bench.findings(), windows, !bench.quick());
  }

  private static Window window(FilledMemory filled, Corpus corpus, Queue<Memory> added, AtomicLong number,
      Duration duration) throws Exception {
    Histogram latencies = Load.histogram();
    double seconds = Load.closed(CALLERS, duration, ignored -> {
      Corpus.Item item = corpus.memory(number.getAndIncrement());
      long began = System.nanoTime();
      added.add(filled.blocking().addMemory(item.toNewMemory()));
      began = record(latencies, began);
      for (int i = 0; i < SEARCHES; i++) {
        Corpus.Item query = i == 0 ? item : corpus.query(number.get() * SEARCHES + i);
        filled.blocking().search(
            SearchRequest.builder(query.text()).embedding(query.embedding()).scope(query.scope()).build());
        began = record(latencies, began);
      }
      Memory oldest = added.remove();
      filled.blocking().deleteMemory(MemoryDeletion.of(oldest.id()));
      record(latencies, began);
    }).seconds();
    return new Window(latencies.getTotalCount() / seconds, latencies.getValueAtPercentile(99) / NANOS_A_MILLI,
        heapAfterCollection() / MEGABYTE);
  }

  private static long record(Histogram latencies, long began) {
    long now = System.nanoTime();
    latencies.recordValue(now - began);
    return now;
  }

  private static double heapAfterCollection() {
    System.gc();
    return ManagementFactory.getMemoryPoolMXBeans().stream().filter(pool -> pool.getType() == MemoryType.HEAP)
        .map(MemoryPoolMXBean::getUsage).mapToLong(usage -> usage.getUsed()).sum();
  }

  private static void report(FindingCollector findings, List<Window> windows, boolean counts) {
    List<Double> time = new ArrayList<>();
    List<Double> perSecond = new ArrayList<>();
    List<Double> p99 = new ArrayList<>();
    List<Double> heap = new ArrayList<>();
    for (Window window : windows) {
      time.add((double) time.size());
      perSecond.add(window.perSecond);
      p99.add(window.p99Millis);
      heap.add(window.heapMegabytes);
      findings.add("mixed load", "", new Sample(Map.of(Sample.PER_SECOND, window.perSecond, Sample.P99,
          window.p99Millis, HEAP, window.heapMegabytes)));
    }
    findings.plot(new Plot("Throughput", "window", Sample.PER_SECOND, false, false,
        List.of(new Plot.Line("calls", time, perSecond))));
    findings.plot(new Plot("Latency", "window", Sample.P99, false, false, List.of(new Plot.Line("p99", time, p99))));
    findings.plot(new Plot("Memory", "window", HEAP, false, false, List.of(new Plot.Line("heap", time, heap))));
    findings.judge("throughput at the end over that at the beginning", drift(perSecond), atLeast(0.95), counts);
    findings.judge("p99 at the end over that at the beginning", drift(p99), atMost(1.05), counts);
    findings.judge("heap after collection at the end over that at the beginning", drift(heap), atMost(1.05), counts);
  }

  /** The median of the last windows over that of the first after the warm-up. */
  private static double drift(List<Double> values) {
    return Statistics.median(values.subList(values.size() - COMPARED, values.size()))
        / Statistics.median(values.subList(WARM_UP, WARM_UP + COMPARED));
  }
}
