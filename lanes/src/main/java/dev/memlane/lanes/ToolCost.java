package dev.memlane.lanes;

/**
 * How long a call of a tool takes, by itself and beside others, which may be in its way: for a lock, the disk, or memory.
 * Safe for use by several threads.
 */
final class ToolCost {

  private final Cost alone = new Cost(Double.NaN);
  private final Cost beside = new Cost(Double.NaN);

  void addAlone(double nanos) {
    alone.add(nanos);
  }

  /** If it is quicker now than it was by itself, it has become quicker by itself as well. */
  void addBeside(double nanos) {
    beside.add(nanos);
    alone.lowerTo(beside.estimate());
  }

  boolean isKnown() {
    return alone.isKnown() || beside.isKnown();
  }

  /** Of a call by itself. */
  Cost.Estimate alone() {
    return alone.isKnown() ? alone.estimate() : beside.estimate();
  }

  /** Of a call beside others: not less than by itself, and no more as long as nobody has seen any in its way. */
  Cost.Estimate beside() {
    Cost.Estimate least = alone();
    Cost.Estimate measured = beside.estimate();
    return measured.mean() > least.mean() ? measured : least;
  }

  /** Forgets a little of how much others were in its way, which may not be so any more. */
  void forgetBeside() {
    if (alone.isKnown() && beside.isKnown()) {
      beside.driftTowards(alone.estimate().mean());
    }
  }
}
