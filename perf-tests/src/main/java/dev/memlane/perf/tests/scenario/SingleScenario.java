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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** The cost of one durable add for a single caller, compared with the least that a durable write can be. */
public final class SingleScenario implements Scenario {

  private static final String ADD = "addMemory";
  private static final String INSERT = "one INSERT";
  private static final String SEQUENTIAL = "one after the other";
  private static final String FAN_OUT = "a transaction each";

  private final Map<String, Histogram> latencies = new LinkedHashMap<>();

  @Override
  public String name() {
    return "single";
  }

  @Override
  public String title() {
    return "one durable add, 1 caller, vector given: against one INSERT of the same row, the three writes one after the"
        + " other, and a fan-out with a transaction for each store";
  }

  @Override
  public void run(Bench bench) throws Exception {
    GeneratedMemories generated = new GeneratedMemories();
    try (Server server = Server.start(bench.directory("data"));
        MemoryOrchestrator memory = server.memory("add");
        PlainWrites plain = PlainWrites.open(server, generated)) {
      BlockingMemory blocking = memory.blocking();
      bench.race(List.of(
          contestant(bench, ADD, number -> blocking.addMemory(generated.memory(number))),
          contestant(bench, INSERT, plain::insertRow),
          contestant(bench, SEQUENTIAL, plain::oneAfterTheOther),
          contestant(bench, FAN_OUT, plain::fanOut)));
    }
    FindingCollector findings = bench.findings();
    findings.plotLatencies("Latency of one durable write", latencies);
    findings.judge("p50 of addMemory over p50 of one INSERT", findings.ratio(Sample.P50, "", ADD, INSERT),
        Bar.atMost(1.3), !bench.quick());
    findings.note(String.format(Locale.ROOT, "p50 of the others over p50 of one INSERT: %s %.2f, %s %.2f", SEQUENTIAL,
        findings.ratio(Sample.P50, "", SEQUENTIAL, INSERT), FAN_OUT,
        findings.ratio(Sample.P50, "", FAN_OUT, INSERT)));
  }

  private Contestant contestant(Bench bench, String name, Load.Call call) {
    return new Contestant(name, "", () -> {
      Load.Outcome outcome = Load.closed(1, bench.slice(3), call);
      latencies.computeIfAbsent(name, ignored -> Load.histogram()).add(outcome.latencies());
      return outcome.sample();
    });
  }
}
