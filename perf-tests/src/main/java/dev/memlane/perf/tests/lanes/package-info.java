/** Kills of a server with durable tasks, and what must be true of each task afterwards. */
@NullMarked
package dev.memlane.perf.tests.lanes;

import org.jspecify.annotations.NullMarked;
