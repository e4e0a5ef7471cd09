/**
 * Everything in one directory, with nothing to install: a PostgreSQL server that Memlane brings along, and whatever else
 * a memory needs, under a directory that one process owns at a time.
 *
 * <p>
 * Enter at {@link dev.memlane.embedded.Memlane}. {@link dev.memlane.embedded.DirectoryLock} says who owns a directory,
 * {@link dev.memlane.embedded.EmbeddedServer} is the server that keeps its data there.
 */
@NullMarked
package dev.memlane.embedded;

import org.jspecify.annotations.NullMarked;
