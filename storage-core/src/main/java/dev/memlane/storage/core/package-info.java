/**
 * The core store: one row per memory in PostgreSQL, which holds what is true now, and its vector in a second table.
 *
 * <p>
 * It is a store of its own because the index can be rebuilt from it. Enter at
 * {@link dev.memlane.storage.core.PostgresCoreStore}; the statements that write are in {@code CoreStatements}.
 */
@NullMarked
package dev.memlane.storage.core;

import org.jspecify.annotations.NullMarked;
