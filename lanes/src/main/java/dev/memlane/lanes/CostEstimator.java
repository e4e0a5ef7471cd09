package dev.memlane.lanes;

/**
 * A moving average of durations, and of their deviation from it. An outlier is capped at a few times the usual
 * duration, because most outliers are due to the machine; if more of them follow, the average soon rises. Safe for
 * use by several threads.
 */
final class CostEstimator {

  private static final double SHARE = 1 / 8.0;
  private static final double SPREAD_SHARE = 1 / 4.0;
  private static final double DRIFT = 1 / 1_024.0;
  private static final double SPREADS = 2;
  private static final double STANDS_OUT = 4;

  /** The estimate at one moment, in nanoseconds. */
  record Estimate(double mean, double spread) {

    /** The usual maximum. */
    double most() {
      return mean + SPREADS * spread;
    }
  }

  /** Of two concurrent additions one may be lost, which does an estimate no harm. */
  private volatile Estimate estimate;

  /** @param first the initial assumption in nanoseconds; not a number if there is none */
  CostEstimator(double first) {
    this.estimate = new Estimate(first, first / 2);
  }

  boolean isKnown() {
    return !Double.isNaN(estimate.mean);
  }

  Estimate estimate() {
    return estimate;
  }

  void add(double nanos) {
    Estimate before = estimate;
    if (Double.isNaN(before.mean)) {
      estimate = new Estimate(nanos, nanos / 2);
      return;
    }
    // A duration of nearly zero may be longer the next time.
    double counted = Math.min(nanos, STANDS_OUT * Math.max(1_000, before.most()));
    double off = Math.abs(counted - before.mean);
    estimate = new Estimate(before.mean + SHARE * (counted - before.mean),
        before.spread + SPREAD_SHARE * (off - before.spread));
  }

  /** Lowers the estimate, if it is higher than another one. */
  void lowerTo(Estimate most) {
    if (most.mean < estimate.mean) {
      estimate = most;
    }
  }

  /** Moves the estimate a little towards an assumed duration. */
  void driftTowards(double nanos) {
    Estimate before = estimate;
    estimate = new Estimate(before.mean + DRIFT * (nanos - before.mean),
        before.spread + DRIFT * (nanos / 2 - before.spread));
  }
}
