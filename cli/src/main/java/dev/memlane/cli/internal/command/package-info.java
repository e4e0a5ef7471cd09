/**
 * The commands of {@code memlane}: one class for each, the options they share, and the syntax of what people type.
 *
 * <p>
 * Enter at {@link dev.memlane.cli.internal.command.Application}.
 * {@link dev.memlane.cli.internal.command.CommandContext} gives a command its options, its console and its data.
 */
@NullMarked
package dev.memlane.cli.internal.command;

import org.jspecify.annotations.NullMarked;
