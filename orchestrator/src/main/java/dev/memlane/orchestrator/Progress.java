package dev.memlane.orchestrator;

/** Is told how far long work has come. Called from any thread, one call at a time. */
@FunctionalInterface
public interface Progress {

  /** Tells nobody. */
  Progress NONE = (done, total) -> {};

  /**
   * @param done how many are done
   * @param total how many there are, as far as is known
   */
  void at(long done, long total);
}
