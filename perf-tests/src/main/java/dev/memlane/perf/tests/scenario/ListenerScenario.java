package dev.memlane.perf.tests.scenario;

import dev.memlane.micrometer.MemlaneMetrics;
import dev.memlane.micrometer.MemlaneObservations;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.perf.tests.Bench;
import dev.memlane.perf.tests.Contestant;
import dev.memlane.perf.tests.FindingCollector;
import dev.memlane.perf.tests.Load;
import dev.memlane.perf.tests.Sample;
import dev.memlane.perf.tests.Scenario;
import dev.memlane.perf.tests.Verdict.Bar;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import java.util.List;

/** Throughput of adds with 64 callers: with nobody listening, with a registry of meters, and with observations. */
public final class ListenerScenario implements Scenario {

  private static final int CALLERS = 64;
  private static final int WARM_UP_SECONDS = 15;
  /**
   * Many short rounds: a flush of the disk or a merge of an index slows a second of adds down far more than meters do, and
   * falls on each contestant alike only if there are many.
   */
  private static final int ROUNDS = 121;
  private static final int QUICK_ROUNDS = 20;
  private static final double ROUND_SECONDS = 0.5;
  private static final String PARAMETER = CALLERS + " callers";
  private static final String NOBODY = "nobody listens";
  private static final String METERS = "meters";
  private static final String OBSERVATIONS = "observations";

  @Override
  public String name() {
    return "listener";
  }

  @Override
  public String title() {
    return "durable adds with " + CALLERS
        + " callers, vector given: what meters cost, and observations without a tracer";
  }

  @Override
  public void run(Bench bench) throws Exception {
    GeneratedMemories generated = new GeneratedMemories();
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    ObservationRegistry observations = ObservationRegistry.create();
    observations.observationConfig().observationHandler(new AcceptingHandler());
    try (Server server = Server.start(bench.directory("data"));
        MemlaneMetrics metrics = new MemlaneMetrics(registry);
        MemoryOrchestrator silent = server.memory("silent");
        MemoryOrchestrator metered = server.builder("metered").listener(metrics).open();
        MemoryOrchestrator observed = server.builder("observed").listener(new MemlaneObservations(observations))
            .open()) {
      metrics.watch(metered);
      List<Contestant> contestants = List.of(contestant(bench, NOBODY, silent.blocking(), generated),
          contestant(bench, METERS, metered.blocking(), generated),
          contestant(bench, OBSERVATIONS, observed.blocking(), generated));
      bench.say("warming up");
      for (MemoryOrchestrator memory : List.of(silent, metered, observed)) {
        BlockingMemory blocking = memory.blocking();
        Load.closed(CALLERS, bench.slice(WARM_UP_SECONDS), number -> blocking.addMemory(generated.memory(number)));
      }
      bench.race(contestants, bench.size(ROUNDS, QUICK_ROUNDS));
    }
    FindingCollector findings = bench.findings();
    findings.judge("adds a second with meters over those with nobody listening",
        findings.ratio(Sample.PER_SECOND, PARAMETER, METERS, NOBODY), Bar.atLeast(0.97), !bench.quick());
    findings.note("The observations go to a handler that does nothing. A tracer adds the cost of its spans.");
  }

  private static Contestant contestant(Bench bench, String name, BlockingMemory memory, GeneratedMemories generated) {
    return new Contestant(name, PARAMETER, () -> Load
        .closed(CALLERS, bench.slice(ROUND_SECONDS), number -> memory.addMemory(generated.memory(number))).sample());
  }

  /** Receives every observation and does nothing with it. */
  private static final class AcceptingHandler implements ObservationHandler<Observation.Context> {
    @Override
    public boolean supportsContext(Observation.Context context) {
      return true;
    }
  }
}
