package dev.memlane.storage.core;

import dev.memlane.model.StoreException;
import dev.memlane.storage.postgres.Database;
import java.sql.SQLException;
import java.util.List;
import java.util.UUID;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * The upgrade of hashes of unique contents that an older Memlane stored. The schema's upgrade only lists those rows in
 * {@code memory_rehash}, because SQL cannot compute {@link dev.memlane.model.TextForm}.
 *
 * <p>
 * It works page by page, each in a transaction, so it may be interrupted, and several processes may run it at once. A
 * row that changed after it was read got its new hash by that change. Where two contents of a scope turn out to be the
 * same, the memory stored first keeps its hash, and new memories are compared with it; the other one stays without a
 * hash.
 */
final class Rehasher {

  private static final int PAGE = 200;

  private final Database database;

  Rehasher(Database database) {
    this.database = database;
  }

  private record Row(UUID id, @Nullable UUID op, @Nullable String content) {}

  /**
   * Upgrades all rows that are listed.
   *
   * @throws StoreException if the database can't be read or written
   */
  void run() {
    boolean more = true;
    while (more) {
      more = page();
    }
  }

  private boolean page() {
    try {
      return database.writeNow("upgrading content hashes", handle -> handle.inTransaction(each -> {
        List<Row> rows = rows(each, PAGE);
        rows.forEach(row -> rehash(each, row));
        return !rows.isEmpty();
      }));
    } catch (StoreException e) {
      if (!isTaken(e)) {
        throw e;
      }
      return oneByOne();
    }
  }

  private boolean oneByOne() {
    boolean more = true;
    for (int i = 0; i < PAGE && more; i++) {
      more = one();
    }
    return more;
  }

  private boolean one() {
    List<Row> next = database.writeNow("upgrading a content hash", handle -> rows(handle, 1));
    for (Row row : next) {
      try {
        database.writeNow("upgrading a content hash", handle -> handle.inTransaction(each -> rehash(each, row)));
      } catch (StoreException e) {
        if (!isTaken(e)) {
          throw e;
        }
        database.writeNow("upgrading a content hash", handle -> handle.inTransaction(each -> set(each, row, null)));
      }
    }
    return !next.isEmpty();
  }

  /**
   * Lists rows in the order in which the memories were stored, so that the first of several equal contents keeps its
   * hash.
   */
  private static List<Row> rows(Handle handle, int limit) {
    return handle.createQuery("""
        select r.id, m.op, m.content from memory_rehash r left join memory m on m.id = r.id and m.dedup_hash is not null
        order by m.created_at, r.id limit :limit for update of r""").bind("limit", limit)
        .map((row, context) -> new Row(row.getObject(1, UUID.class), row.getObject(2, UUID.class), row.getString(3)))
        .list();
  }

  private static int rehash(Handle handle, Row row) {
    return set(handle, row, row.content == null ? null : CoreStatements.uniqueHash(row.content));
  }

  private static int set(Handle handle, Row row, @Nullable UUID hash) {
    if (row.op != null) {
      handle.createUpdate(
          "update memory set dedup_hash = cast(:hash as uuid) where id = :id and op = :op and dedup_hash is not null")
          .bind("hash", hash).bind("id", row.id).bind("op", row.op).execute();
    }
    return handle.createUpdate("delete from memory_rehash where id = :id").bind("id", row.id).execute();
  }

  private static boolean isTaken(StoreException failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof SQLException sql && "23505".equals(sql.getSQLState())) {
        return true;
      }
    }
    return false;
  }
}
