/**
 * The history store: the log in PostgreSQL, with one entry for each operation that core applied.
 *
 * <p>
 * It is a store of its own because it answers another question than core: not what is true, but how it came to be.
 * Enter at {@link dev.memlane.storage.history.PostgresHistoryStore}.
 */
@NullMarked
package dev.memlane.storage.history;

import org.jspecify.annotations.NullMarked;
