package dev.memlane.perf.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

/** Ratios are taken within each round, and pictures show what was measured. */
class FindingCollectorTest {

  private final FindingCollector findings = new FindingCollector();

  @Test
  void ratio_aMachineThatChangesItsPace_isTheMedianOfTheRoundsOwnRatios() {
    add("fast", 20, 200, 3_000);
    add("slow", 10, 50, 1_000);
    // Within the rounds 2, 4 and 3; the ratio of the medians would be 200 / 50.
    assertThat(findings.ratio(Sample.PER_SECOND, "", "fast", "slow")).isEqualTo(3);
    assertThat(findings.ratio(Sample.PER_SECOND, "", "slow", "fast")).isEqualTo(1.0 / 3);
  }

  @Test
  void ratio_oneHasMoreRounds_takesThoseThatBothHave() {
    add("fast", 20, 80);
    add("slow", 10, 20, 1);
    assertThat(findings.ratio(Sample.PER_SECOND, "", "fast", "slow")).isEqualTo(3);
  }

  @Test
  void ratio_neverMeasured_failsWithTheMissingMetric() {
    add("fast", 20);
    assertThatThrownBy(() -> findings.ratio(Sample.PER_SECOND, "", "fast", "slow"))
        .isInstanceOf(IllegalStateException.class).hasMessageContaining("per second").hasMessageContaining("slow");
  }

  @Test
  void add_aSample_putsThroughputFirst() {
    findings.add("add", "", new Sample(Map.of("bytes", 3.0, "p50 ms", 2.0, Sample.PER_SECOND, 1.0)));
    assertThat(finding().measures()).extracting(Measure::metric).containsExactly(Sample.PER_SECOND, "bytes", "p50 ms");
  }

  @Test
  void plotLatencies_aHistogram_showsHowManyCallsTakeLonger() {
    Histogram histogram = Load.histogram();
    histogram.recordValueWithCount(1_000_000, 900);
    histogram.recordValueWithCount(5_000_000, 100);
    findings.plotLatencies("latencies", Map.of("add", histogram));
    Plot.Line line = finding().plots().getFirst().lines().getFirst();
    assertThat(line.x()).isSorted().startsWith(1.0).endsWith(1_000.0);
    for (int i = 0; i < line.x().size(); i++) {
      // One of ten takes longer than a millisecond.
      assertThat(line.y().get(i)).as("beyond one of " + line.x().get(i))
          .isCloseTo(line.x().get(i) < 10.001 ? 1 : 5, Percentage.withPercentage(1));
    }
  }

  @Test
  void plotOver_severalCallers_showsMedians() {
    for (double round : List.of(7.0, 9.0, 8.0)) {
      findings.add("add", "1 callers", Sample.of(Sample.PER_SECOND, round));
      findings.add("add", "8 callers", Sample.of(Sample.PER_SECOND, round * 2));
    }
    findings.plotOver("title", "callers", Sample.PER_SECOND, List.of("add"), List.of(1, 8), "callers");
    assertThat(finding().plots().getFirst().lines())
        .containsExactly(new Plot.Line("add", List.of(1.0, 8.0), List.of(8.0, 16.0)));
  }

  private void add(String contestant, double... rounds) {
    for (double round : rounds) {
      findings.add(contestant, "", Sample.of(Sample.PER_SECOND, round));
    }
  }

  private Finding finding() {
    return findings.finding(new MadeUpScenario("name", bench -> {}), 1, null);
  }
}
