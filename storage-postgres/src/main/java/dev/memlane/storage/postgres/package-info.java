/**
 * The database that core and history share: connections, schema and migrations, and the commit queue through which both
 * write.
 *
 * <p>
 * It exists because both stores' writes of one operation must land together or not at all, in one transaction with
 * those of other callers. Enter at {@link dev.memlane.storage.postgres.Database}; writes go through
 * {@link dev.memlane.storage.postgres.CommitQueue}.
 */
@NullMarked
package dev.memlane.storage.postgres;

import org.jspecify.annotations.NullMarked;
