/**
 * Ingestion of files: finding out what a file holds, reading its records in bounded memory, and storing them.
 *
 * <p>
 * Enter at {@link dev.memlane.cli.internal.ingestion.Ingester}.
 */
@NullMarked
package dev.memlane.cli.internal.ingestion;

import org.jspecify.annotations.NullMarked;
