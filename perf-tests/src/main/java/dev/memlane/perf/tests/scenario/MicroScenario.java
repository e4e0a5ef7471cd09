package dev.memlane.perf.tests.scenario;

import dev.memlane.perf.tests.Bench;
import dev.memlane.perf.tests.Scenario;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Locale;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * A run of {@link MicroBenchmarks} by JMH, each in a JVM with the class path and options of this one. They have no
 * bars: a durable add takes some hundred thousand nanoseconds.
 */
public final class MicroScenario implements Scenario {

  private static final String NANOS = "ns";
  private static final String BYTES = "bytes allocated";
  private static final String ALLOCATED = "gc.alloc.rate.norm";
  private static final int WARM_UPS = 2;
  // The same in a quick run: before the code is compiled, the figures mean nothing.
  private static final TimeValue WARM_UP = TimeValue.milliseconds(700);

  @Override
  public String name() {
    return "micro";
  }

  @Override
  public String title() {
    return "Small things that are done for every memory, in nanoseconds a call, one thread";
  }

  @Override
  public void run(Bench bench) {
    TimeValue time = TimeValue.nanoseconds(bench.slice(1).toNanos());
    Options options = new OptionsBuilder().include(MicroBenchmarks.class.getName().replace(".", "\\.") + "\\.").forks(1)
        .warmupIterations(WARM_UPS).warmupTime(WARM_UP).measurementIterations(bench.rounds()).measurementTime(time)
        .addProfiler(GCProfiler.class).shouldFailOnError(true).build();
    bench.say("JMH, " + bench.rounds() + " rounds each");
    for (RunResult run : measure(options)) {
      String contestant = words(run.getParams().getBenchmark());
      for (BenchmarkResult fork : run.getBenchmarkResults()) {
        for (IterationResult round : fork.getIterationResults()) {
          bench.findings().add(contestant, "", NANOS, round.getPrimaryResult().getScore());
          Result<?> allocated = round.getSecondaryResults().get(ALLOCATED);
          if (allocated != null) {
            bench.findings().add(contestant, "", BYTES, allocated.getScore());
          }
        }
      }
    }
  }

  /** The output of JMH and of the JVMs that it starts is shown only if it fails. */
  private static Collection<RunResult> measure(Options options) {
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    PrintStream output = new PrintStream(said, true, StandardCharsets.UTF_8);
    try {
      return new Runner(options, OutputFormatFactory.createFormatInstance(output, VerboseMode.NORMAL)).run();
    } catch (RunnerException e) {
      throw new IllegalStateException(e.getMessage() + "\n" + said.toString(StandardCharsets.UTF_8).strip(), e);
    }
  }

  /** Turns {@code package.Class.itsName} into {@code its name}. */
  private static String words(String benchmark) {
    return benchmark.substring(benchmark.lastIndexOf('.') + 1).replaceAll("(?=[A-Z])", " ").toLowerCase(Locale.ROOT);
  }
}
