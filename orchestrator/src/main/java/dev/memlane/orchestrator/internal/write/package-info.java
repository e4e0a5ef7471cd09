/**
 * Writes, from a call to its outcome. Not for users of the library.
 *
 * <p>
 * Enter at {@link dev.memlane.orchestrator.internal.write.AddHandler}, {@link dev.memlane.orchestrator.internal.write.PutHandler},
 * {@link dev.memlane.orchestrator.internal.write.ChangeHandler} or {@link dev.memlane.orchestrator.internal.write.EraseHandler},
 * which begin operations. All of them run through
 * {@link dev.memlane.orchestrator.internal.write.WriteProtocol}. It writes to the stores at once ({@code ParallelWrite}), undoes
 * ({@code Rollback}), resolves doubt ({@code InDoubtResolver}), and leaves to the {@code Settler} what can't be settled in time. The
 * rules that comments name are those of {@code docs/write-protocol.md}.
 */
@NullMarked
package dev.memlane.orchestrator.internal.write;

import org.jspecify.annotations.NullMarked;
