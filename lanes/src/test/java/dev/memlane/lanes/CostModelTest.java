package dev.memlane.lanes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CostModelTest {

  private static final double MICRO = 1_000;
  private static final double MILLI = 1_000_000;

  private static CostEstimator known(double nanos) {
    CostEstimator cost = new CostEstimator(Double.NaN);
    cost.add(nanos);
    return cost;
  }

  private static ToolCost tool(double nanos) {
    ToolCost cost = new ToolCost();
    cost.addAlone(nanos);
    return cost;
  }

  private static void add(CostEstimator cost, int times, double nanos) {
    for (int i = 0; i < times; i++) {
      cost.add(nanos);
    }
  }

  private static CostModel costs(int processors) {
    return new CostModel(List.of("tool", "other"), processors);
  }

  /** Decides for calls that do not interfere with each other. */
  private static Decision forShort(CostModel costs, double... calls) {
    return costs.forShort(calls, calls);
  }

  private static double[] calls(int count, double nanos) {
    double[] calls = new double[count];
    Arrays.fill(calls, nanos);
    return calls;
  }

  // Estimates

  @Test
  void add_firstWithoutAssumption_isTheMeanAndHalfTheMaximum() {
    CostEstimator cost = new CostEstimator(Double.NaN);
    assertThat(cost.isKnown()).isFalse();

    cost.add(1_000);

    assertThat(cost.isKnown()).isTrue();
    assertThat(cost.estimate().mean()).isEqualTo(1_000);
    assertThat(cost.estimate().most()).isEqualTo(2_000);
  }

  @Test
  void add_firstAfterAssumption_movesTheMean() {
    CostEstimator cost = new CostEstimator(30_000);
    assertThat(cost.isKnown()).isTrue();
    assertThat(cost.estimate().mean()).isEqualTo(30_000);

    cost.add(10_000);

    assertThat(cost.estimate().mean()).isStrictlyBetween(10_000.0, 30_000.0);
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 10, 50_000, 1e9})
  void add_sameDurationRepeatedly_converges(double nanos) {
    CostEstimator cost = known(10_000);

    add(cost, 500, nanos);

    assertThat(cost.estimate().mean()).isCloseTo(nanos, within(1.0));
    assertThat(cost.estimate().most()).isCloseTo(nanos, within(1.0));
  }

  @Test
  void add_deviatingDuration_movesMeanAndSpread() {
    CostEstimator cost = known(1_000);
    add(cost, 100, 1_000);

    cost.add(1_800);

    assertThat(cost.estimate().mean()).isEqualTo(1_100);
    assertThat(cost.estimate().spread()).isCloseTo(200, within(1.0));
  }

  @Test
  void add_outlier_isCapped() {
    CostEstimator far = known(1_000);
    CostEstimator farther = known(1_000);

    far.add(1e6);
    farther.add(1e15);

    assertThat(far.estimate()).isEqualTo(farther.estimate());
    assertThat(far.estimate().mean()).isLessThan(2_000);
  }

  @Test
  void add_severalOutliers_raiseTheMeanSoon() {
    CostEstimator cost = known(1_000);

    cost.add(1e6);
    double afterOne = cost.estimate().mean();
    cost.add(1e6);
    double afterTwo = cost.estimate().mean();
    add(cost, 3, 1e6);

    assertThat(afterTwo - afterOne).isGreaterThan(afterOne - 1_000);
    assertThat(cost.estimate().mean()).isGreaterThan(1e5);
  }

  @Test
  void add_afterZeroDurations_raisesTheMean() {
    CostEstimator cost = known(0);

    add(cost, 20, 1e6);

    assertThat(cost.estimate().mean()).isGreaterThan(5e5);
  }

  @Test
  void driftTowards_repeatedly_returnsToTheAssumption() {
    CostEstimator cost = new CostEstimator(30_000);
    add(cost, 100, 130_000);

    cost.driftTowards(30_000);
    assertThat(cost.estimate().mean()).isStrictlyBetween(129_000.0, 130_000.0);

    for (int i = 0; i < 20_000; i++) {
      cost.driftTowards(30_000);
    }
    assertThat(cost.estimate().mean()).isCloseTo(30_000, within(1.0));
    assertThat(cost.estimate().most()).isCloseTo(60_000, within(1.0));
  }

  // Costs of tools

  @Test
  void toolCost_measuredInOneWayOnly_isTheSameInTheOther() {
    ToolCost alone = tool(1_000);
    ToolCost nextToOthers = new ToolCost();
    nextToOthers.addNextToOthers(2_000);

    assertThat(new ToolCost().alone().mean()).isNaN();
    assertThat(alone.nextToOthers().mean()).isEqualTo(1_000);
    assertThat(nextToOthers.alone().mean()).isEqualTo(2_000);
  }

  @Test
  void toolCost_interferingCalls_isHigherNextToOthers() {
    ToolCost cost = tool(1_000);
    cost.addNextToOthers(3_000);

    assertThat(cost.alone().mean()).isEqualTo(1_000);
    assertThat(cost.nextToOthers().mean()).isEqualTo(3_000);
  }

  @Test
  void toolCost_quickerNextToOthers_isQuickerAloneToo() {
    ToolCost cost = tool(3_000);
    cost.addNextToOthers(1_000);

    assertThat(cost.alone().mean()).isEqualTo(1_000);
  }

  @Test
  void toolCost_slowerAlone_isSlowerNextToOthersToo() {
    ToolCost cost = new ToolCost();
    cost.addNextToOthers(1_000);
    for (int i = 0; i < 100; i++) {
      cost.addAlone(3_000);
    }

    assertThat(cost.alone().mean()).isEqualTo(3_000);
    assertThat(cost.nextToOthers().mean()).isEqualTo(3_000);
  }

  @Test
  void forgetInterference_repeatedly_returnsToTheCostAlone() {
    ToolCost cost = tool(1_000);
    cost.addNextToOthers(3_000);

    cost.forgetInterference();
    assertThat(cost.nextToOthers().mean()).isStrictlyBetween(2_900.0, 3_000.0);

    for (int i = 0; i < 20_000; i++) {
      cost.forgetInterference();
    }
    assertThat(cost.nextToOthers().mean()).isCloseTo(1_000, within(1.0));
  }

  // Short and long calls

  @Test
  void isShort_usualMaximumBelowFiftyHandOvers_isTrue() {
    CostModel costs = costs(2);

    assertThat(costs.isShort(new ToolCost(), 1)).as("unknown").isFalse();
    assertThat(costs.isShort(tool(749 * MICRO), 1)).as("1.498 ms at most").isTrue();
    assertThat(costs.isShort(tool(750 * MICRO), 1)).as("1.5 ms at most").isFalse();
  }

  @Test
  void isShort_severalCalls_countTogether() {
    CostModel costs = costs(2);

    assertThat(costs.isShort(tool(70 * MICRO), 10)).isTrue();
    assertThat(costs.isShort(tool(70 * MICRO), 11)).isFalse();
  }

  @Test
  void isLong_anyHandOverCost_limitIsOneToFiveMilliseconds() {
    CostModel quick = costs(2);
    CostModel slow = costs(2);
    add(quick.handOver(), 100, 100);
    add(slow.handOver(), 100, 10 * MILLI);

    assertThat(quick.isLong(MILLI - 1)).isFalse();
    assertThat(quick.isLong(MILLI)).isTrue();
    assertThat(slow.isLong(5 * MILLI - 1)).isFalse();
    assertThat(slow.isLong(5 * MILLI)).isTrue();
  }

  @Test
  void isShortAlone_belowAHundredHandOvers_isTrue() {
    CostModel costs = costs(2);

    assertThat(costs.isShortAlone(new ToolCost(), 1)).as("unknown").isFalse();
    assertThat(costs.isShortAlone(tool(1.4 * MILLI), 1)).isTrue();
    assertThat(costs.isShort(tool(1.4 * MILLI), 1)).isFalse();
    assertThat(costs.isShortAlone(tool(1.6 * MILLI), 1)).isFalse();
    assertThat(costs.isShortAlone(tool(0.6 * MILLI), 2)).isTrue();
    assertThat(costs.isShortAlone(tool(0.6 * MILLI), 3)).isFalse();
  }

  @Test
  void of_tool_isSeparateAndUnknownAtFirst() {
    CostModel costs = costs(2);
    assertThat(costs.of("tool").isKnown()).isFalse();

    costs.of("tool").addAlone(1);

    assertThat(costs.of("tool").isKnown()).isTrue();
    assertThat(costs.of("other").isKnown()).isFalse();
  }

  // Decisions

  @Test
  void forLong_knownOrUnknownCalls_areParallelWithTheReason() {
    CostModel costs = costs(1);

    assertThat(costs.forLong(new double[]{3 * MILLI, 5 * MILLI}))
        .isEqualTo(new Decision(true, Decision.Reason.LONG, 2, Duration.ofMillis(8), Duration.ofNanos(30_000)));
    assertThat(costs.forLong(new double[]{3 * MILLI, Double.NaN}))
        .isEqualTo(new Decision(true, Decision.Reason.UNKNOWN, 2, Duration.ofMillis(3), Duration.ofNanos(30_000)));
  }

  @Test
  void forShort_totalBelowHandOverCost_isSequential() {
    assertThat(forShort(costs(2), calls(10, 5 * MICRO))).isEqualTo(
        new Decision(false, Decision.Reason.DOES_NOT_PAY, 10, Duration.ofNanos(50_000), Duration.ofNanos(30_000)));
  }

  @Test
  void forShort_savingAboveHandOverCost_isParallel() {
    assertThat(forShort(costs(2), calls(2, 400 * MICRO))).isEqualTo(
        new Decision(true, Decision.Reason.PAYS, 2, Duration.ofNanos(800_000), Duration.ofNanos(30_000)));
  }

  @Test
  void forShort_moreProcessors_areParallelSooner() {
    assertThat(forShort(costs(2), calls(8, 20 * MICRO)).parallel()).isFalse();
    assertThat(forShort(costs(8), calls(8, 20 * MICRO)).parallel()).isTrue();
  }

  @Test
  void forShort_oneCallDominates_isSequential() {
    assertThat(forShort(costs(2), 700 * MICRO, 50 * MICRO).parallel()).isFalse();
    assertThat(forShort(costs(2), 700 * MICRO).parallel()).as("alone").isFalse();
  }

  @Test
  void forShort_oneProcessor_isSequential() {
    assertThat(forShort(costs(1), calls(1_000, 700 * MICRO))).isEqualTo(
        new Decision(false, Decision.Reason.DOES_NOT_PAY, 1_000, Duration.ofMillis(700), Duration.ofNanos(30_000)));
  }

  @Test
  void forShort_interferingCalls_areSequential() {
    CostModel costs = costs(2);

    assertThat(costs.forShort(calls(4, 300 * MICRO), calls(4, 400 * MICRO)).parallel()).isTrue();
    assertThat(costs.forShort(calls(4, 300 * MICRO), calls(4, 600 * MICRO))).isEqualTo(
        new Decision(false, Decision.Reason.DOES_NOT_PAY, 4, Duration.ofNanos(1_200_000), Duration.ofNanos(30_000)));
  }

  @Test
  void forShort_sequentialForLong_isTriedInParallelAgain() {
    CostModel costs = costs(2);
    double[] calls = calls(2, 300 * MICRO);
    assertThat(forShort(costs, calls).parallel()).isTrue();
    add(costs.handOver(), 100, 600 * MICRO);
    assertThat(forShort(costs, calls).parallel()).isFalse();

    int tries = 0;
    while (!forShort(costs, calls).parallel()) {
      tries++;
      assertThat(tries).isLessThan(10_000);
    }

    assertThat(tries).isGreaterThan(100);
  }

  @Test
  void forOneAlone_always_isSequential() {
    assertThat(costs(8).forOneAlone(700 * MICRO)).isEqualTo(
        new Decision(false, Decision.Reason.ALONE, 1, Duration.ofNanos(700_000), Duration.ofNanos(30_000)));
  }

  @Test
  void forExternal_always_isParallel() {
    assertThat(costs(1).forExternal(3))
        .isEqualTo(new Decision(true, Decision.Reason.EXTERNAL, 3, Duration.ZERO, Duration.ofNanos(30_000)));
  }

  @Test
  void decision_toString_saysWhereAndWhy() {
    assertThat(forShort(costs(2), calls(1, 5 * MICRO))).hasToString(
        "on the caller's thread (DOES_NOT_PAY): 1 call takes 5 us one after the other, handing over takes 30 us");
    assertThat(costs(2).forLong(new double[]{3 * MILLI, 5 * MILLI})).hasToString(
        "in parallel (LONG): 2 calls take 8000 us one after the other, handing over takes 30 us");
  }
}
