/**
 * The program {@code memlane}: the library, used from a terminal.
 *
 * <p>
 * Enter at {@link dev.memlane.cli.Main}. The packages below {@code internal} hold the commands, the ingestion of files,
 * the evaluation of retrieval, and what talks to the terminal.
 */
@NullMarked
package dev.memlane.cli;

import org.jspecify.annotations.NullMarked;
