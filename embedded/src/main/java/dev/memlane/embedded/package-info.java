/**
 * A complete memory in one directory, with nothing to install: a PostgreSQL server that comes with Memlane, the index,
 * and a sentence model. One process owns the directory at a time.
 *
 * <p>
 * Enter at {@link dev.memlane.embedded.Memlane}. {@link dev.memlane.embedded.DirectoryLock} is the ownership of a
 * directory, and {@link dev.memlane.embedded.EmbeddedServer} is the server that keeps its data there.
 */
@NullMarked
package dev.memlane.embedded;

import org.jspecify.annotations.NullMarked;
