/**
 * The scenarios of the performance tests, one class each, and the ways to write that they are compared with.
 *
 * <p>
 * {@link dev.memlane.perf.tests.Scenario} is their contract.
 */
@NullMarked
package dev.memlane.perf.tests.scenario;

import org.jspecify.annotations.NullMarked;
