/**
 * The command {@code memlane}: the library at work from a terminal.
 *
 * <p>
 * Enter at {@link dev.memlane.cli.Main}. Each command is one class; what they share is {@link dev.memlane.cli.Context}
 * (how a command reaches its options, its terminal and its data), {@link dev.memlane.cli.Ingestion} and the small
 * parsers of what people write ({@link dev.memlane.cli.FilterSyntax}, {@link dev.memlane.cli.IngestLine}).
 */
@NullMarked
package dev.memlane.cli;

import org.jspecify.annotations.NullMarked;
