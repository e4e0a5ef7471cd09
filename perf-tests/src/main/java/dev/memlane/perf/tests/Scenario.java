package dev.memlane.perf.tests;

/** One comparison: what is measured, against what, and the bars that it is judged by. */
public interface Scenario {

  /** What it is called on the command line; one word. */
  String name();

  /** What is compared with what, in a line. */
  String title();

  /**
   * Measures.
   *
   * @param bench how long and where to measure, and where the findings go
   * @throws Exception whatever went wrong: the suite reports it and goes on with the next scenario
   */
  void run(Bench bench) throws Exception;
}
