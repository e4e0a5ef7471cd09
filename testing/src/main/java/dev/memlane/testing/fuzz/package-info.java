/**
 * Fuzzing of parsers: what a parser promises is written once, as a
 * {@link dev.memlane.testing.fuzz.FuzzTarget}, and two engines search for inputs that break it.
 * {@link dev.memlane.testing.fuzz.MutationFuzzer} makes a fixed number of inputs in a test; Jazzer, which
 * {@code perf-tests/run fuzz} starts, follows the branches that the inputs reach, for as long as asked.
 */
@NullMarked
package dev.memlane.testing.fuzz;

import org.jspecify.annotations.NullMarked;
