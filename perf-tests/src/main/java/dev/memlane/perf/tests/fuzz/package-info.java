/**
 * Fuzzing of the parsers with Jazzer, for as long as asked. Enter at {@link dev.memlane.perf.tests.fuzz.FuzzLoad}; what
 * is fuzzed are the implementations of {@link dev.memlane.testing.fuzz.FuzzTarget} in the modules' tests.
 */
@NullMarked
package dev.memlane.perf.tests.fuzz;

import org.jspecify.annotations.NullMarked;
