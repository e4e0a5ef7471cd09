package dev.memlane.perf.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Exit status and messages of the command, as a script or a person meets them. */
class PerformanceTestsTest {

  private static final Verdict.Bar BAR = Verdict.Bar.atLeast(2);

  @TempDir
  Path directory;

  private final List<String> ran = new ArrayList<>();
  private final ByteArrayOutputStream output = new ByteArrayOutputStream();
  private final StringWriter errors = new StringWriter();

  private Scenario scenario(String name, MadeUpScenario.Way way) {
    return new MadeUpScenario(name, bench -> {
      ran.add(name);
      way.run(bench);
    });
  }

  private int run(List<Scenario> scenarios, String... arguments) {
    List<String> all = new ArrayList<>(List.of("--report", directory.toString()));
    all.addAll(List.of(arguments));
    return new CommandLine(new PerformanceTests(scenarios, new PrintStream(output, true, StandardCharsets.UTF_8)))
        .setErr(new PrintWriter(errors, true)).execute(all.toArray(String[]::new));
  }

  private String output() {
    return output.toString(StandardCharsets.UTF_8);
  }

  private final Scenario met = scenario("met", bench -> bench.findings().judge("speed", 3, BAR, true));
  private final Scenario missed = scenario("missed", bench -> bench.findings().judge("speed", 1, BAR, true));
  private final Scenario below = scenario("below", bench -> bench.findings().judge("speed", 1, BAR, false));
  private final Scenario failing = scenario("failing", bench -> {
    bench.findings().add("add", "", "per second", 7);
    throw new IllegalStateException("the disk is full");
  });

  @Test
  void run_unknownScenario_isWrongUsageAndListsTheKnownOnes() {
    assertThat(run(List.of(met, missed), "met", "speedy")).isEqualTo(2);
    assertThat(errors.toString()).contains("there is no scenario speedy; there are met, missed");
    assertThat(ran).isEmpty();
    assertThat(directory).isEmptyDirectory();
  }

  @Tag("slow")
  @Test
  void run_namedScenarios_runsTheseInTheOrderGiven() {
    assertThat(run(List.of(met, missed, below), "below", "met")).isZero();
    assertThat(ran).containsExactly("below", "met");
    assertThat(output()).contains("below: what below compares", directory.resolve("index.html").toString());
    assertThat(directory.resolve("index.html")).isNotEmptyFile();
    assertThat(directory.resolve("results.json")).content().contains("what below compares", "what met compares");
  }

  @Tag("slow")
  @Test
  void run_aJudgedBarIsMissed_failsOnlyWithCheck() {
    assertThat(run(List.of(met, missed), "--check")).isEqualTo(1);
    assertThat(ran).containsExactly("met", "missed");
    assertThat(output()).contains("MISSED  speed: 1.00 (at least 2.00)");
    assertThat(run(List.of(met, missed))).isZero();
  }

  @Tag("slow")
  @Test
  void run_onlyAnUnjudgedBarIsMissed_succeedsWithCheck() {
    assertThat(run(List.of(met, below), "--check")).isZero();
    assertThat(output()).contains("not judged at this size");
  }

  @Tag("slow")
  @Test
  void run_aScenarioFails_runsTheOthersAndFails() {
    assertThat(run(List.of(failing, met))).isEqualTo(1);
    assertThat(ran).containsExactly("failing", "met");
    assertThat(output()).contains("FAILED: java.lang.IllegalStateException: the disk is full", "ok      speed");
    assertThat(errors.toString()).contains("the disk is full");
    // What it had measured is kept.
    assertThat(directory.resolve("results.json")).content().contains("the disk is full", "\"median\" : 7.0");
  }

  @Test
  void run_quick_shortensTheScenarios() {
    List<Boolean> quick = new ArrayList<>();
    Scenario asking = scenario("asking", bench -> quick.add(bench.quick()));
    run(List.of(asking));
    run(List.of(asking), "--quick");
    assertThat(quick).containsExactly(false, true);
  }

  @Test
  void run_list_namesTheScenariosAndRunsNone() {
    assertThat(run(List.of(met, missed), "--list")).isZero();
    assertThat(output().lines()).containsExactly("met          what met compares", "missed       what missed compares");
    assertThat(ran).isEmpty();
  }
}
