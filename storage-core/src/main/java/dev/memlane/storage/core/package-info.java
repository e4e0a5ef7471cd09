/**
 * The core store: one row per memory in PostgreSQL, holding what is true now, with its vector beside it.
 *
 * <p>
 * It exists as a store of its own because everything else can be made again from it. Enter at
 * {@link dev.memlane.storage.core.PostgresCoreStore}; what it writes is in {@code CoreStatements}.
 */
@NullMarked
package dev.memlane.storage.core;

import org.jspecify.annotations.NullMarked;
