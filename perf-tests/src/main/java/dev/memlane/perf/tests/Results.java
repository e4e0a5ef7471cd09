package dev.memlane.perf.tests;

import java.time.Instant;
import java.util.List;

/**
 * The results of a run of the suite.
 *
 * @param begun when it began
 * @param quick whether it was a shortened run
 * @param machine the machine that it ran on
 * @param findings one for each scenario, in their order
 */
public record Results(Instant begun, boolean quick, Machine machine, List<Finding> findings) {

  public Results {
    findings = List.copyOf(findings);
  }

  /**
   * The machine that the suite ran on.
   *
   * @param processors the number that the JVM may use
   * @param heapBytes the largest size of the JVM's heap
   * @param system the operating system and its architecture
   * @param java the JVM
   * @param load the system's load average at the start; negative if it is not known
   */
  public record Machine(int processors, long heapBytes, String system, String java, double load) {}
}
