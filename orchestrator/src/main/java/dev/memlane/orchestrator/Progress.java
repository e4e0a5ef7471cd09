package dev.memlane.orchestrator;

/** A listener for the progress of long work. Called from any thread, one call at a time. */
@FunctionalInterface
public interface Progress {

  /** Does nothing. */
  Progress NONE = (done, total) -> {};

  /**
   * Reports progress.
   *
   * @param done how many items are done
   * @param total how many items there are, perhaps an estimate
   */
  void at(long done, long total);
}
