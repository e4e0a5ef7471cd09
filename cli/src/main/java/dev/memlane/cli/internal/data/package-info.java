/**
 * The memory as commands use it, {@link dev.memlane.cli.internal.data.OpenMemory}: of a directory that this process has
 * opened, or behind a server.
 */
@NullMarked
package dev.memlane.cli.internal.data;

import org.jspecify.annotations.NullMarked;
