/**
 * Performance tests: scenarios that are measured side by side with what they are compared with, and their report.
 *
 * <p>
 * Enter at {@link dev.memlane.perf.tests.PerformanceTests}, which {@code perf-tests/run} starts. No user's program
 * needs this module. A {@link dev.memlane.perf.tests.Scenario} measures {@link dev.memlane.perf.tests.Contestant}s in
 * turns and writes to a {@link dev.memlane.perf.tests.FindingCollector}.
 */
@NullMarked
package dev.memlane.perf.tests;

import org.jspecify.annotations.NullMarked;
