package dev.memlane.perf.tests;

/** A comparison: what is measured, what it is compared with, and the bars by which it is judged. */
public interface Scenario {

  /** Its name on the command line; one word. */
  String name();

  /** What is compared with what, in one line. */
  String title();

  /** Whether it takes so long that it runs only when it is named. */
  default boolean takesLong() {
    return false;
  }

  /**
   * Measures the scenario.
   *
   * @param bench how long and where to measure, and where the findings go
   * @throws Exception if it fails; the suite reports the failure and continues with the next scenario
   */
  void run(Bench bench) throws Exception;
}
