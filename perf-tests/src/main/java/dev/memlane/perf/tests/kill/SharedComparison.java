package dev.memlane.perf.tests.kill;

import dev.memlane.model.StoreException;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.VerifyReport;
import java.time.Duration;

/**
 * A comparison of the stores over a shared index. It is repeated for some time, because the keeper has to mend what a lost
 * node has left behind, and a busy cluster may not answer in time.
 */
final class SharedComparison {

  private SharedComparison() {}

  /**
   * Compares until the stores agree.
   *
   * @return what the last comparison found
   * @throws StoreException if the cluster does not answer after that time
   */
  static VerifyReport run(BlockingMemory memory, Duration patience) {
    long end = System.nanoTime() + patience.toNanos();
    while (true) {
      boolean last = System.nanoTime() - end > 0;
      try {
        VerifyReport comparison = memory.verify(false);
        if (comparison.isClean() || last) {
          return comparison;
        }
      } catch (StoreException e) {
        // Expected until the cluster has worked off what was written.
        if (last) {
          throw e;
        }
      }
    }
  }
}
