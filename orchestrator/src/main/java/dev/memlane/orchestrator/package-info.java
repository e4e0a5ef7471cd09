/**
 * The library's entry point: writes that fan out to three stores and are never half done, and searches that trust core.
 *
 * <p>
 * Enter at {@link dev.memlane.orchestrator.MemoryOrchestrator}. A write goes through one class after the other:
 * {@code AddHandler} and {@code ChangeHandler} begin operations, {@code MemoryLocks} lets one at a time work on a memory,
 * {@code ParallelWrite} fans out, {@code WriteProtocol} settles what the stores answered with the help of
 * {@code Rollback} and {@code InDoubtResolver}; {@code Settler} and {@code BackgroundFollower} go on behind, and {@code IndexFollower}
 * makes the index agree with core. Only
 * {@link dev.memlane.orchestrator.OrchestratorBuilder} knows which stores these are.
 */
@NullMarked
package dev.memlane.orchestrator;

import org.jspecify.annotations.NullMarked;
