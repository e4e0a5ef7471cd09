package dev.memlane.storage.postgres;

/**
 * The shares of a pool's connections: some for reads, the others for the commit queue.
 *
 * @param readers connections for reads and for small writes outside of units
 * @param batches connections for batches in flight
 * @param alone connections for units that are sent again alone because they wait for locks
 */
record PoolShares(int readers, int batches, int alone) {

  /** The fewest connections: for a read, a batch, the halves of a failed batch, and a unit that waits for a lock. */
  static final int SMALLEST_POOL = 4;

  /** The smallest pool in which two batches may be in flight at the same time. */
  private static final int SMALLEST_POOL_FOR_TWO_BATCHES = 6;
  private static final int HALVES = 1;

  static PoolShares of(int poolSize) {
    int batches = poolSize < SMALLEST_POOL_FOR_TWO_BATCHES ? 1 : 2;
    int alone = Math.max(1, (poolSize - batches - HALVES) / 3);
    return new PoolShares(poolSize - batches - HALVES - alone, batches, alone);
  }

  /** All connections of the commit queue; one of them is for the halves of failed batches. */
  int writers() {
    return batches + HALVES + alone;
  }
}
