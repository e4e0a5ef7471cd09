/**
 * Backups of memories: an archive is a file that holds memories with their histories and vectors, and conversations.
 *
 * <p>
 * Enter at {@link dev.memlane.archive.ArchiveExporter}, which writes an archive, and
 * {@link dev.memlane.archive.ArchiveImporter}, which reads one back. Both need bounded memory, whatever the archive's
 * size. The format is described at {@link dev.memlane.archive.JsonLines}; others implement
 * {@link dev.memlane.archive.ArchiveFormat} and {@link dev.memlane.archive.ArchiveSource}.
 */
@NullMarked
package dev.memlane.archive;

import org.jspecify.annotations.NullMarked;
