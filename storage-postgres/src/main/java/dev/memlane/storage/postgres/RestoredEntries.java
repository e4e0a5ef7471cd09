package dev.memlane.storage.postgres;

import org.jdbi.v3.core.Handle;

/**
 * Entries of the log that carry transaction ids of another cluster, because they were restored from a dump.
 *
 * <p>
 * Those who follow the log take ids beyond the present ones for changes, in every poll, and take new changes for old ones.
 * Such entries therefore get the id of the transaction that finds them.
 */
final class RestoredEntries {

  private RestoredEntries() {}

  /** Gives such entries an id of this cluster. Costs one look at an index if there are none. */
  static int renumber(Handle handle) {
    // No snapshot sees entries of its own cluster that are beyond its end.
    boolean present = handle
        .createQuery("select exists (select 1 from history where xid >= pg_snapshot_xmax(pg_current_snapshot()))")
        .mapTo(Boolean.class).one();
    return present ? handle.inTransaction(each -> {
      each.execute("set local statement_timeout = 0");
      return each.execute("update history set xid = pg_current_xact_id() "
          + "where xid >= pg_snapshot_xmax(pg_current_snapshot())");
    }) : 0;
  }
}
