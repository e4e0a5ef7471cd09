/**
 * Kills a memory under load, again and again, and checks that nothing acknowledged is lost.
 *
 * <p>
 * Enter at {@link dev.memlane.perf.tests.kill.KillLoad}; {@code perf-tests/run kill} starts it.
 */
@NullMarked
package dev.memlane.perf.tests.kill;

import org.jspecify.annotations.NullMarked;
