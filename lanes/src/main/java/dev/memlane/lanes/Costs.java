package dev.memlane.lanes;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
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

  private final Map<String, Cost> byTool = new HashMap<>();
  private final Cost handOver = new Cost(FIRST_HAND_OVER);
  private final int processors;

  Costs(Collection<String> tools, int processors) {
    tools.forEach(tool -> byTool.put(tool, new Cost(Double.NaN)));
    this.processors = processors;
  }

  Cost of(String tool) {
    return Objects.requireNonNull(byTool.get(tool));
  }

  Cost handOver() {
    return handOver;
  }

  /** Whether a call is so short, by what is known, that it may be better not to hand it over. */
  boolean isShort(Cost cost) {
    double longest = Math.clamp(LONG_IN_HAND_OVERS * handOver.estimate().mean(), LONG, LONGEST);
    return cost.isKnown() && cost.estimate().most() < longest;
  }

  /** Decides for calls that are not {@linkplain #isShort short}. */
  Decision forLong(List<Cost> calls) {
    double known = 0;
    boolean allKnown = true;
    for (Cost call : calls) {
      allKnown &= call.isKnown();
      known += call.isKnown() ? call.estimate().mean() : 0;
    }
    return decision(true, allKnown ? Decision.Reason.LONG : Decision.Reason.UNKNOWN, calls.size(), known);
  }

  /**
   * Decides for short calls, as if they did nothing but use a processor: if that pays, it does so the more if they wait.
   */
  Decision forShort(List<Cost> calls) {
    double all = 0;
    double longest = 0;
    for (Cost call : calls) {
      double mean = call.estimate().mean();
      all += mean;
      longest = Math.max(longest, mean);
    }
    double shared = Math.max(longest, all / processors);
    double inParallel = handOver.estimate().most() + calls.size() * EACH_HAND_OVER + shared;
    boolean pays = inParallel < WORTH_IT * all;
    if (!pays) {
      // Nothing is handed over any more, so nothing would be measured: it is tried again some day.
      handOver.driftTowards(FIRST_HAND_OVER);
    }
    return decision(pays, pays ? Decision.Reason.PAYS : Decision.Reason.DOES_NOT_PAY, calls.size(), all);
  }

  Decision forOutside(int calls) {
    return decision(true, Decision.Reason.OUTSIDE, calls, 0);
  }

  private Decision decision(boolean parallel, Decision.Reason reason, int calls, double expected) {
    return new Decision(parallel, reason, calls, Duration.ofNanos((long) expected),
        Duration.ofNanos((long) handOver.estimate().mean()));
  }
}
