/**
 * The library's entry point: writes that reach three stores or none of them, and searches that trust core.
 *
 * <p>
 * Enter at {@link dev.memlane.orchestrator.MemoryOrchestrator}. {@link dev.memlane.orchestrator.OrchestratorBuilder} collects
 * its settings; only the builder and its opening know which stores there are. {@code Engine} wires the parts together and has
 * their life cycle. The parts are in packages below {@code internal}, by concern:
 * <ul>
 * <li>{@code internal.write}: from a call to its outcome, by the rules of the write protocol
 * <li>{@code internal.follow}: makes the index agree with core
 * <li>{@code internal.search}: from a query to its hits
 * <li>{@code internal.conversation}: messages of conversations, which are no memories
 * <li>{@code internal.archive}: export, import and the comparison of the three stores
 * <li>{@code internal}: what all of these share
 * </ul>
 */
@NullMarked
package dev.memlane.orchestrator;

import org.jspecify.annotations.NullMarked;
