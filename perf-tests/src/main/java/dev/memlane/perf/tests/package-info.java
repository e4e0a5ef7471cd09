/**
 * Load tests of the whole memory on real stores, and nothing that a user's program needs.
 *
 * <p>
 * Enter at {@link dev.memlane.perf.tests.AddLoad} or {@link dev.memlane.perf.tests.KillLoad}; {@code perf-tests/run} starts
 * them.
 */
@NullMarked
package dev.memlane.perf.tests;

import org.jspecify.annotations.NullMarked;
