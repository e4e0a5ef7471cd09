package dev.memlane.lanes;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * The measured costs of tools and of handing calls over, and the decision that follows from them: whether calls run
 * one after the other on their caller's thread, or in parallel. Durations are nanoseconds. Safe for use by several
 * threads.
 */
final class CostModel {

  private static final double FIRST_HAND_OVER = 30_000;
  private static final double EACH_HAND_OVER = 2_000;
  /** The saving must exceed the error of the measurements. */
  private static final double WORTH_IT = 0.8;
  private static final double LONG = 1_000_000;
  private static final double LONGEST = 5_000_000;
  /** Above this multiple, the cost of handing over is negligible. */
  private static final double LONG_IN_HAND_OVERS = 50;
  /** Above this multiple, the cost of handing over is not noticeable at all. */
  private static final double NOTICEABLE_IN_HAND_OVERS = 100;

  private final Map<String, ToolCost> byTool = new HashMap<>();
  private final CostEstimator handOver = new CostEstimator(FIRST_HAND_OVER);
  private final int processors;

  CostModel(Collection<String> tools, int processors) {
    tools.forEach(tool -> byTool.put(tool, new ToolCost()));
    this.processors = processors;
  }

  ToolCost of(String tool) {
    return Objects.requireNonNull(byTool.get(tool));
  }

  CostEstimator handOver() {
    return handOver;
  }

  /** Whether a number of calls is known to be so short that it may be better not to hand them over. */
  boolean isShort(ToolCost cost, int calls) {
    return cost.isKnown() && !isLong(cost.alone().most() * calls);
  }

  /**
   * Whether a number of calls, with nothing else to run, is so short that the cost of handing over would be
   * noticeable.
   */
  boolean isShortAlone(ToolCost cost, int calls) {
    return cost.isKnown() && cost.alone().most() * calls < NOTICEABLE_IN_HAND_OVERS * handOver.estimate().mean();
  }

  Decision forOneAlone(double expected) {
    return decision(false, Decision.Reason.ALONE, 1, expected);
  }

  /** Whether a call takes so long that the cost of handing over is negligible. */
  boolean isLong(double nanos) {
    return nanos >= Math.clamp(LONG_IN_HAND_OVERS * handOver.estimate().mean(), LONG, LONGEST);
  }

  /**
   * Decides for calls that are not {@linkplain #isShort short}.
   *
   * @param expected the expected duration of each; not a number if it is unknown
   */
  Decision forLong(double[] expected) {
    double known = 0;
    boolean allKnown = true;
    for (double one : expected) {
      allKnown &= !Double.isNaN(one);
      known += Double.isNaN(one) ? 0 : one;
    }
    return decision(true, allKnown ? Decision.Reason.LONG : Decision.Reason.UNKNOWN, expected.length, known);
  }

  /**
   * Decides for short calls, as if they only computed. If handing over pays then, it pays the more if they wait.
   *
   * @param expected the expected duration of each if it runs alone
   * @param nextToOthers the expected duration of each if it runs next to the others
   */
  Decision forShort(double[] expected, double[] nextToOthers) {
    double all = sum(expected);
    double inParallel = handOver.estimate().most() + nextToOthers.length * EACH_HAND_OVER + shared(nextToOthers);
    boolean pays = inParallel < WORTH_IT * all;
    if (!pays) {
      // While nothing is handed over, nothing is measured. The drift lets it be tried again eventually.
      handOver.driftTowards(FIRST_HAND_OVER);
    }
    return decision(pays, pays ? Decision.Reason.PAYS : Decision.Reason.DOES_NOT_PAY, expected.length, all);
  }

  /** How long calls of known durations take if the processors share them. */
  double shared(double[] calls) {
    double longest = 0;
    for (double one : calls) {
      longest = Math.max(longest, one);
    }
    return Math.max(longest, sum(calls) / processors);
  }

  private static double sum(double[] calls) {
    double sum = 0;
    for (double one : calls) {
      sum += one;
    }
    return sum;
  }

  Decision forExternal(int calls) {
    return decision(true, Decision.Reason.EXTERNAL, calls, 0);
  }

  private Decision decision(boolean parallel, Decision.Reason reason, int calls, double expected) {
    return new Decision(parallel, reason, calls, Duration.ofNanos((long) expected),
        Duration.ofNanos((long) handOver.estimate().mean()));
  }
}
