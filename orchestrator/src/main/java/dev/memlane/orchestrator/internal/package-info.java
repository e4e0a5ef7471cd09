/**
 * What all concerns of the orchestrator share. Not for users of the library.
 *
 * <p>
 * {@link dev.memlane.orchestrator.internal.Environment} and {@link dev.memlane.orchestrator.internal.Stores} are passed to nearly
 * every class. {@link dev.memlane.orchestrator.internal.MemoryLocks} lets one operation at a time work on a memory.
 * {@link dev.memlane.orchestrator.internal.RetryLoop} drives all work in the background.
 */
@NullMarked
package dev.memlane.orchestrator.internal;

import org.jspecify.annotations.NullMarked;
