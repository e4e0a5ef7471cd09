package dev.memlane.perf.tests;

import java.time.Instant;
import java.util.List;

/**
 * What a run of the suite found.
 *
 * @param begun when
 * @param quick whether it was a shortened run
 * @param machine what it ran on
 * @param findings one for each scenario, in their order
 */
public record Results(Instant begun, boolean quick, Machine machine, List<Finding> findings) {

  public Results {
    findings = List.copyOf(findings);
  }

  /**
   * What the suite ran on.
   *
   * @param processors how many the JVM may use
   * @param heapBytes the most that the JVM's heap may take
   * @param system the operating system and its architecture
   * @param java the JVM
   * @param load the system's load average when it began; negative if it isn't known
   */
  public record Machine(int processors, long heapBytes, String system, String java, double load) {}
}
