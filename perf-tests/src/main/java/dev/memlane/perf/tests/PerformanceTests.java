package dev.memlane.perf.tests;

import com.sun.management.OperatingSystemMXBean;
import dev.memlane.perf.tests.report.Report;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command that runs scenarios, prints their findings, and writes the report. */
@Command(name = "perf-tests/run", mixinStandardHelpOptions = true, sortOptions = false, description = "Measures scenarios side by side with what they are compared with.", footer = {
    "", "Without a scenario it runs all but grown and soak. Exit status 1 if a scenario failed,",
    "or with --check if a bar is missed.", "", "Also, with options of their own (COMMAND --help):",
    "  shared, matrix, explore, kill, found"})
public final class PerformanceTests implements Callable<Integer> {

  private static final Duration LOOK_AT_MACHINE = Duration.ofSeconds(1);
  private static final double MOST_BUSY = 0.1;

  private final List<Scenario> scenarios;
  private final PrintStream output;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandLine.Model.CommandSpec spec;

  @Option(names = "--quick", description = "Shorter rounds and smaller sizes: ends within 5 minutes.")
  private boolean quick;

  @Option(names = "--check", description = "End with status 1 if a figure misses its bar.")
  private boolean check;

  @Option(names = "--list", description = "List the scenarios.")
  private boolean list;

  @Option(names = "--report", paramLabel = "DIRECTORY", description = "Where the report goes (${DEFAULT-VALUE}).", defaultValue = "perf-tests/target/report")
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Path report;

  @Parameters(paramLabel = "SCENARIO", description = "What to run; see --list.")
  private List<String> names = List.of();

  PerformanceTests(List<Scenario> scenarios, PrintStream output) {
    this.scenarios = List.copyOf(scenarios);
    this.output = output;
  }

  /** See {@code --help}. */
  public static void main(String[] arguments) {
    Logger.getLogger("").setLevel(Level.SEVERE);
    System.exit(new CommandLine(new PerformanceTests(Scenarios.ALL, System.out)).execute(arguments));
  }

  @Override
  public Integer call() throws IOException {
    if (list) {
      scenarios.forEach(scenario -> output.printf(Locale.ROOT, "%-12s %s%n", scenario.name(), scenario.title()));
      return 0;
    }
    Instant begun = Instant.now();
    Results.Machine machine = machine();
    List<Finding> findings = new ArrayList<>();
    for (Scenario scenario : chosen()) {
      output.printf(Locale.ROOT, "%s: %s%n", scenario.name(), scenario.title());
      findings.add(run(scenario));
      output.println(Table.of(findings.getLast()));
      // Written after each scenario, so that nothing is lost if a later one is interrupted.
      Report.write(new Results(begun, quick, machine, findings), report);
    }
    output.println("The report: " + report.resolve("index.html"));
    boolean failed = findings.stream().anyMatch(finding -> finding.failure() != null);
    boolean missed = findings.stream().flatMap(finding -> finding.verdicts().stream()).anyMatch(Verdict::isMissed);
    return failed || check && missed ? 1 : 0;
  }

  private List<Scenario> chosen() {
    if (names.isEmpty()) {
      return scenarios.stream().filter(scenario -> !scenario.takesLong()).toList();
    }
    Map<String, Scenario> byName = scenarios.stream()
        .collect(Collectors.toMap(Scenario::name, scenario -> scenario, (one, other) -> one, LinkedHashMap::new));
    return names.stream().map(name -> {
      Scenario scenario = byName.get(name);
      if (scenario == null) {
        throw new ParameterException(spec.commandLine(),
            "there is no scenario " + name + "; there are " + String.join(", ", byName.keySet()));
      }
      return scenario;
    }).toList();
  }

  private Finding run(Scenario scenario) {
    Path directory = Path.of("perf-tests", "target", "work", scenario.name()).toAbsolutePath();
    Bench bench = new Bench(quick, directory, output);
    long begun = System.nanoTime();
    Exception failure = null;
    try {
      noteWhetherBusy(bench);
      scenario.run(bench);
      Directories.delete(directory);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      failure = e;
    } catch (Exception e) {
      // Reported with the findings. The other scenarios still run.
      e.printStackTrace(spec.commandLine().getErr());
      failure = e;
    }
    return bench.findings().finding(scenario, (System.nanoTime() - begun) / 1e9, failure);
  }

  /** Says how much of the processors other programs take, and marks the findings if that is much. */
  private void noteWhetherBusy(Bench bench) throws InterruptedException {
    if (!(ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system)) {
      return;
    }
    // The load is that since the last call.
    system.getCpuLoad();
    Thread.sleep(LOOK_AT_MACHINE);
    double busy = system.getCpuLoad();
    boolean much = busy > MOST_BUSY;
    bench.say(String.format(Locale.ROOT, "the machine is %s: %.0f %% of its processors were in use",
        much ? "BUSY" : "quiet", 100 * busy));
    if (much) {
      bench.findings().note(String.format(Locale.ROOT,
          "Taken on a BUSY machine: before it began, other programs used %.0f %% of the processors.", 100 * busy));
    }
  }

  private static Results.Machine machine() {
    return new Results.Machine(Runtime.getRuntime().availableProcessors(), Runtime.getRuntime().maxMemory(),
        System.getProperty("os.name") + " " + System.getProperty("os.version") + " " + System.getProperty("os.arch"),
        System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"),
        ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
  }
}
