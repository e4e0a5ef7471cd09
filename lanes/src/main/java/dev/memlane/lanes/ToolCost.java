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

  void addBeside(double nanos) {
    beside.add(nanos);
  }

  boolean isKnown() {
    return alone.isKnown() || beside.isKnown();
  }

  /** Of a call by itself. If it was slower than beside others, that was long ago, or it was its first. */
  Cost.Estimate alone() {
    Cost.Estimate measured = alone.estimate();
    Cost.Estimate most = beside.estimate();
    return Double.isNaN(measured.mean()) || most.mean() < measured.mean() ? most : measured;
  }

  /** Of a call beside others; as long as nobody has seen any, they are taken not to be in its way. */
  Cost.Estimate beside() {
    return beside.isKnown() ? beside.estimate() : alone.estimate();
  }

  /** Forgets a little of how much others were in its way, which may not be so any more. */
  void forgetBeside() {
    if (alone.isKnown() && beside.isKnown()) {
      beside.driftTowards(alone.estimate().mean());
    }
  }
}
