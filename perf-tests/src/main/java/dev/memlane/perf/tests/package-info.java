/**
 * How fast it is: scenarios that are measured side by side with what they are compared with, and their report.
 *
 * <p>
 * Enter at {@link dev.memlane.perf.tests.PerformanceTests}, which {@code perf-tests/run} starts; nothing here is needed by
 * a user's program. A {@link dev.memlane.perf.tests.Scenario} measures {@link dev.memlane.perf.tests.Contestant}s in
 * turns and writes into a {@link dev.memlane.perf.tests.Findings}.
 */
@NullMarked
package dev.memlane.perf.tests;

import org.jspecify.annotations.NullMarked;
