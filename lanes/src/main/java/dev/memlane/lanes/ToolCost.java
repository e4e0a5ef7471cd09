package dev.memlane.lanes;

/**
 * The cost of a tool's calls, measured separately for calls that run alone and for calls that run next to others.
 * Calls may interfere with each other, for example over a lock, the disk, or memory. Safe for use by several threads.
 */
final class ToolCost {

  private final CostEstimator alone = new CostEstimator(Double.NaN);
  private final CostEstimator nextToOthers = new CostEstimator(Double.NaN);

  void addAlone(double nanos) {
    alone.add(nanos);
  }

  /** If a call is quicker now than it was alone, calls have become quicker alone as well. */
  void addNextToOthers(double nanos) {
    nextToOthers.add(nanos);
    alone.lowerTo(nextToOthers.estimate());
  }

  boolean isKnown() {
    return alone.isKnown() || nextToOthers.isKnown();
  }

  /** The cost of a call that runs alone. */
  CostEstimator.Estimate alone() {
    return alone.isKnown() ? alone.estimate() : nextToOthers.estimate();
  }

  /**
   * The cost of a call that runs next to others: at least its cost alone, and equal to it until interference is
   * measured.
   */
  CostEstimator.Estimate nextToOthers() {
    CostEstimator.Estimate least = alone();
    CostEstimator.Estimate measured = nextToOthers.estimate();
    return measured.mean() > least.mean() ? measured : least;
  }

  /** Reduces the measured interference a little, because it may no longer exist. */
  void forgetInterference() {
    if (alone.isKnown() && nextToOthers.isKnown()) {
      nextToOthers.driftTowards(alone.estimate().mean());
    }
  }
}
