package dev.memlane.perf.tests.scenario;

import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.perf.tests.Bench;
import dev.memlane.perf.tests.Contestant;
import dev.memlane.perf.tests.FindingCollector;
import dev.memlane.perf.tests.Load;
import dev.memlane.perf.tests.Sample;
import dev.memlane.perf.tests.Scenario;
import dev.memlane.perf.tests.Verdict.Bar;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** Throughput of adds with many callers, compared with plain writes and with the most that the stores can do. */
public final class ConcurrentScenario implements Scenario {

  private static final List<Integer> CALLERS = List.of(1, 4, 16, 64, 256);
  private static final int JUDGED = 64;
  /** The warm-up, after which no more code is compiled. */
  private static final int WARM_UP_SECONDS = 15;
  private static final String ADD = "addMemory";
  private static final String SEQUENTIAL = "one after the other";
  private static final String RAW = "raw limit";
  private static final String UNIT = "callers";

  private final Map<String, Histogram> latencies = new LinkedHashMap<>();

  @Override
  public String name() {
    return "concurrent";
  }

  @Override
  public String title() {
    return "durable adds with 1 to 256 callers, vector given: against the three writes one after the other in each call,"
        + " and against COPY and Lucene's writer at the same time";
  }

  @Override
  public void run(Bench bench) throws Exception {
    GeneratedMemories generated = new GeneratedMemories();
    try (Server server = Server.start(bench.directory("data"));
        MemoryOrchestrator memory = server.builder("add").indexCommitInterval(PlainWrites.NO_QUIET_INTERVAL).open();
        PlainWrites plain = PlainWrites.open(server, generated)) {
      RawLimit raw = RawLimit.prepare(server, generated, bench.size(60_000, 5_000));
      BlockingMemory blocking = memory.blocking();
      bench.say("warming up with " + JUDGED + " " + UNIT);
      Load.closed(JUDGED, bench.slice(WARM_UP_SECONDS), number -> blocking.addMemory(generated.memory(number)));
      Load.closed(JUDGED, bench.slice(WARM_UP_SECONDS), plain::oneAfterTheOther);
      List<Contestant> contestants = new ArrayList<>();
      for (int callers : CALLERS) {
        contestants.add(closed(bench, ADD, callers, number -> blocking.addMemory(generated.memory(number))));
        contestants.add(closed(bench, SEQUENTIAL, callers, plain::oneAfterTheOther));
      }
      contestants.add(new Contestant(RAW, "", raw::round));
      bench.race(contestants);
    }
    judge(bench.findings(), !bench.quick());
  }

  private Contestant closed(Bench bench, String name, int callers, Load.Call call) {
    return new Contestant(name, callers + " " + UNIT, () -> {
      Load.Outcome outcome = Load.closed(callers, bench.slice(2), call);
      if (callers == JUDGED) {
        latencies.computeIfAbsent(name, ignored -> Load.histogram()).add(outcome.latencies());
      }
      return outcome.sample();
    });
  }

  private void judge(FindingCollector findings, boolean fullSize) {
    String judged = JUDGED + " " + UNIT;
    findings.plotOver("Adds a second", UNIT, Sample.PER_SECOND, List.of(ADD, SEQUENTIAL), CALLERS, UNIT);
    findings.plotLatencies("Latency with " + judged, latencies);
    findings.judge("adds a second with " + judged + " over the raw limit",
        FindingCollector.ratio(findings.rounds(ADD, judged, Sample.PER_SECOND),
            findings.rounds(RAW, "", Sample.PER_SECOND)),
        Bar.atLeast(0.5), fullSize);
    findings.judge("p99 over p50 with " + judged,
        FindingCollector.ratio(findings.rounds(ADD, judged, Sample.P99), findings.rounds(ADD, judged, Sample.P50)),
        Bar.atMost(10), fullSize);
    double least = Double.POSITIVE_INFINITY;
    double drop = 1;
    double most = 0;
    StringBuilder multiples = new StringBuilder("adds a second over " + SEQUENTIAL + ":");
    for (int callers : CALLERS) {
      String parameter = callers + " " + UNIT;
      double multiple = findings.ratio(Sample.PER_SECOND, parameter, ADD, SEQUENTIAL);
      multiples.append(String.format(Locale.ROOT, " %.2f with %d,", multiple, callers));
      least = Math.min(least, multiple);
      double throughput = findings.median(ADD, parameter, Sample.PER_SECOND);
      most = Math.max(most, throughput);
      drop = Math.min(drop, throughput / most);
    }
    findings.note(multiples.substring(0, multiples.length() - 1));
    findings.judge("adds a second over " + SEQUENTIAL + ", at the worst number of callers", least, Bar.atLeast(1),
        fullSize);
    findings.judge("throughput kept when callers become more", drop, Bar.atLeast(0.9), fullSize);
  }
}
