package dev.memlane.lanes;

/**
 * How long something takes: a moving average, and how far it is usually off. One that stands out is left out, because the
 * machine is to blame for most of them; if the next one does as well, things have changed. Safe for use by several threads.
 */
final class Cost {

  private static final double SHARE = 1 / 8.0;
  private static final double SPREAD_SHARE = 1 / 4.0;
  private static final double DRIFT = 1 / 1_024.0;
  private static final double SPREADS = 2;
  private static final double STANDS_OUT = 8;

  /** What is known at one moment, in nanoseconds. */
  record Estimate(double mean, double spread, boolean lastStoodOut) {

    /** What it takes at most, usually. */
    double most() {
      return mean + SPREADS * spread;
    }
  }

  /** One that was added at the same time as another may be lost: it is an estimate. */
  private volatile Estimate estimate;

  /** @param first what is assumed until it is known; not a number if nothing is */
  Cost(double first) {
    this.estimate = new Estimate(first, first / 2, false);
  }

  boolean isKnown() {
    return !Double.isNaN(estimate.mean);
  }

  Estimate estimate() {
    return estimate;
  }

  /** Forgets a little of what was measured, towards what was assumed. */
  void driftTowards(double nanos) {
    Estimate before = estimate;
    estimate = new Estimate(before.mean + DRIFT * (nanos - before.mean),
        before.spread + DRIFT * (nanos / 2 - before.spread), before.lastStoodOut);
  }

  void add(double nanos) {
    Estimate before = estimate;
    if (Double.isNaN(before.mean)) {
      estimate = new Estimate(nanos, nanos / 2, false);
    } else if (nanos > STANDS_OUT * before.most() && !before.lastStoodOut) {
      estimate = new Estimate(before.mean, before.spread, true);
    } else {
      double off = Math.abs(nanos - before.mean);
      estimate = new Estimate(before.mean + SHARE * (nanos - before.mean),
          before.spread + SPREAD_SHARE * (off - before.spread), false);
    }
  }
}
