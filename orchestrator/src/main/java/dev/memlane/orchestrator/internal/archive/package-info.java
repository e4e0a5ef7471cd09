/**
 * Work on whole memories with their histories: export, import, and the comparison of the three stores. Not for users of the
 * library.
 *
 * <p>
 * Enter at {@link dev.memlane.orchestrator.internal.archive.ExportHandler},
 * {@link dev.memlane.orchestrator.internal.archive.ImportHandler} or {@link dev.memlane.orchestrator.internal.archive.Verifier}.
 */
@NullMarked
package dev.memlane.orchestrator.internal.archive;

import org.jspecify.annotations.NullMarked;
