package dev.memlane.lanes;

import java.util.List;

/**
 * A measurement of what it costs to hand call groups over to other threads, for the groups that were handed over
 * together last. Used by one thread.
 */
final class HandOverMeter<A, R> {

  private final CostModel costs;
  /** Empty when there is nothing to measure. */
  private List<CallGroup<A, R>> together = List.of();
  private long handedOverAt;
  private boolean isShared;

  HandOverMeter(CostModel costs) {
    this.costs = costs;
  }

  /** Begins a measurement. */
  void start(List<CallGroup<A, R>> groups) {
    together = groups;
    handedOverAt = System.nanoTime();
    isShared = false;
  }

  /** Notes that the processors share the groups, and that nothing else was handed over. */
  void sharedByProcessors() {
    isShared = true;
  }

  void cancel() {
    together = List.of();
  }

  /**
   * Ends the measurement when the last group has ended. The cost of shared groups is all the time that they took
   * together beyond their own. The cost of others is the time until the first one began, and since the last one
   * ended. Nothing is learned if a group had to wait for a permit or was retried.
   */
  void stop(CallGroup<A, R> last) {
    List<CallGroup<A, R>> groups = together;
    if (groups.isEmpty()) {
      return;
    }
    together = List.of();
    long now = System.nanoTime();
    if (isShared) {
      if (groups.stream().allMatch(CallGroup::beganAtOnce)) {
        double shared = costs.shared(ToolRun.each(groups, CallGroup::nanosSoFar));
        costs.handOver().add(Math.max(0, now - handedOverAt - shared));
      }
      return;
    }
    Timing first = groups.getFirst().timing();
    Timing ofLast = last.timing();
    if (first != null && ofLast != null && groups.getFirst().beganAtOnce() && last.beganAtOnce()) {
      costs.handOver().add((double) (first.startedAt() - handedOverAt + now - ofLast.endedAt()));
    }
  }
}
