package dev.memlane.lanes;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * What tools cost, and what follows from it: whether calls run one after the other on their caller's thread, or in parallel.
 * Safe for use by several threads.
 */
final class Costs {

  private static final double FIRST_HAND_OVER = 30_000;
  private static final double EACH_HAND_OVER = 2_000;
  /** What is saved must be more than what was measured may be off. */
  private static final double WORTH_IT = 0.8;
  private static final double LONG = 1_000_000;
  private static final double LONGEST = 5_000_000;
  /** What takes so many times longer than handing it over is hardly longer for being handed over. */
  private static final double LONG_IN_HAND_OVERS = 50;

  /** Nor is it felt at all if it takes so many times longer. */
  private static final double FELT_IN_HAND_OVERS = 100;

  private final Map<String, ToolCost> byTool = new HashMap<>();
  private final Cost handOver = new Cost(FIRST_HAND_OVER);
  private final int processors;

  Costs(Collection<String> tools, int processors) {
    tools.forEach(tool -> byTool.put(tool, new ToolCost()));
    this.processors = processors;
  }

  ToolCost of(String tool) {
    return Objects.requireNonNull(byTool.get(tool));
  }

  Cost handOver() {
    return handOver;
  }

  /** Whether so many calls are so short, by what is known, that it may be better not to hand them over. */
  boolean isShort(ToolCost cost, int calls) {
    return cost.isKnown() && !isLong(cost.alone().most() * calls);
  }

  /** Whether so many calls, which nothing else could run beside, are so short that handing them over would be felt. */
  boolean isShortAlone(ToolCost cost, int calls) {
    return cost.isKnown() && cost.alone().most() * calls < FELT_IN_HAND_OVERS * handOver.estimate().mean();
  }

  Decision forOneAlone(double expected) {
    return decision(false, Decision.Reason.ALONE, 1, expected);
  }

  /** Whether it hardly takes longer for being handed over. */
  boolean isLong(double nanos) {
    return nanos >= Math.clamp(LONG_IN_HAND_OVERS * handOver.estimate().mean(), LONG, LONGEST);
  }

  /**
   * Decides for what is not {@linkplain #isShort short}.
   *
   * @param expected for each what it takes; not a number if nothing is known
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
   * Decides for what is short, as if it did nothing but use a processor: if that pays, it does so the more if it waits.
   *
   * @param expected for each what it takes by itself
   * @param beside for each what it takes beside the others
   */
  Decision forShort(double[] expected, double[] beside) {
    double all = sum(expected);
    double inParallel = handOver.estimate().most() + beside.length * EACH_HAND_OVER + shared(beside);
    boolean pays = inParallel < WORTH_IT * all;
    if (!pays) {
      // Nothing is handed over any more, so nothing would be measured: it is tried again some day.
      handOver.driftTowards(FIRST_HAND_OVER);
    }
    return decision(pays, pays ? Decision.Reason.PAYS : Decision.Reason.DOES_NOT_PAY, expected.length, all);
  }

  /** How long calls take, of each of which it is known, if the processors share them. */
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

  Decision forOutside(int calls) {
    return decision(true, Decision.Reason.OUTSIDE, calls, 0);
  }

  private Decision decision(boolean parallel, Decision.Reason reason, int calls, double expected) {
    return new Decision(parallel, reason, calls, Duration.ofNanos((long) expected),
        Duration.ofNanos((long) handOver.estimate().mean()));
  }
}
