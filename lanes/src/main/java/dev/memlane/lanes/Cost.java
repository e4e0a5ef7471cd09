package dev.memlane.lanes;

/**
 * How long something takes: a moving average, and how far it is usually off. One that stands out counts for a few times what
 * is usual, because the machine is to blame for most of them; more of them soon count. Safe for use by several threads.
 */
final class Cost {

  private static final double SHARE = 1 / 8.0;
  private static final double SPREAD_SHARE = 1 / 4.0;
  private static final double DRIFT = 1 / 1_024.0;
  private static final double SPREADS = 2;
  private static final double STANDS_OUT = 4;

  /** What is known at one moment, in nanoseconds. */
  record Estimate(double mean, double spread) {

    /** What it takes at most, usually. */
    double most() {
      return mean + SPREADS * spread;
    }
  }

  /** What is added at the same time as another may be lost: it is an estimate. */
  private volatile Estimate estimate;

  /** @param first what is assumed until it is known; not a number if nothing is */
  Cost(double first) {
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
    // What takes no time at all may take some the next time.
    double counted = Math.min(nanos, STANDS_OUT * Math.max(1_000, before.most()));
    double off = Math.abs(counted - before.mean);
    estimate = new Estimate(before.mean + SHARE * (counted - before.mean),
        before.spread + SPREAD_SHARE * (off - before.spread));
  }

  /** It is known now that it takes no longer than this. */
  void lowerTo(Estimate most) {
    if (most.mean < estimate.mean) {
      estimate = most;
    }
  }

  /** Forgets a little of what was measured, towards what was assumed. */
  void driftTowards(double nanos) {
    Estimate before = estimate;
    estimate = new Estimate(before.mean + DRIFT * (nanos - before.mean),
        before.spread + DRIFT * (nanos / 2 - before.spread));
  }
}
