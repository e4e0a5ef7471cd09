package dev.memlane.storage.history;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.StoreException;
import dev.memlane.model.store.ChangeFeed;
import dev.memlane.storage.postgres.DedicatedConnection;
import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;
import org.jspecify.annotations.Nullable;

/**
 * The feed of the table {@code history}: each poll reads the entries that one snapshot did not see and the next one
 * sees.
 *
 * <p>
 * <b>Exact.</b> An entry records the transaction that wrote or voided it. The changes that a snapshot did not see are
 * those of its transactions in progress and of all later ones. The next snapshot is taken by the statement that reads,
 * so nothing can be committed in between. Sequences, times or transaction ids alone would lose rows, because
 * transactions commit in another order than they begin.
 *
 * <p>
 * <b>Crashes.</b> Transaction ids are reliable only while the server runs: after a crash it may use some again. A
 * dedicated connection breaks then. Connections of a pool are replaced silently, so each poll also reads which run of
 * the server answers: its start time, and the time of its last reset of statistics, which a crash of any of its
 * processes causes. If either has changed, the feed has failed.
 *
 * <p>
 * <b>Pages.</b> Changes are reported in pages, in order of memory and operation. All pages begin at the same snapshot.
 * The next round begins at the snapshot of the first page, so it reports the changes that would have been on pages that
 * were already read.
 */
final class PostgresChangeFeed implements ChangeFeed {

  /** The most changes that a poll reports. */
  static final int PAGE = 20_000;

  private static final String DOING = "following the history";
  private static final String RUN = "extract(epoch from pg_postmaster_start_time())::text || ' ' || "
      + "coalesce((select extract(epoch from stats_reset) from pg_stat_archiver), 0)::text";

  private final DedicatedConnection connection;
  private final String run;
  private final int page;
  private volatile Position position;
  private volatile @Nullable Throwable failure;

  private PostgresChangeFeed(DedicatedConnection connection, String run, Snapshot seen, int page) {
    this.connection = connection;
    this.run = run;
    this.page = page;
    this.position = new Position(seen, null, null);
  }

  /**
   * The position of the feed.
   *
   * @param seen all changes that this snapshot sees have been reported
   * @param next the snapshot to begin at after the last page; null before the first page
   * @param after the last change of the page before; null before the first page
   */
  private record Position(Snapshot seen, @Nullable Snapshot next, @Nullable Change after) {}

  /** A change of a memory by an operation, the key of the order in which pages report. */
  private record Change(UUID memory, UUID op) {}

  /**
   * Begins a feed by taking its first snapshot.
   *
   * @param page the most changes that a poll reports
   */
  static CompletableFuture<ChangeFeed> begin(DedicatedConnection connection, int page) {
    return connection
        .read(DOING, handle -> handle.createQuery("select pg_current_snapshot()::text, " + RUN)
            .<ChangeFeed>map((row, context) -> new PostgresChangeFeed(connection, row.getString(2),
                Snapshot.parse(row.getString(1)), page))
            .one())
        .whenComplete((feed, failed) -> {
          if (failed != null) {
            connection.close();
          }
        });
  }

  private record Polled(Position position, Changes changes) {}

  @Override
  public CompletableFuture<Changes> poll() {
    Throwable broken = failure;
    if (broken != null) {
      return CompletableFuture
          .failedFuture(new StoreException("the feed has failed before; begin another one", broken));
    }
    Position from = position;
    return connection.read(DOING, handle -> poll(handle, from)).whenComplete((polled, failed) -> {
      if (failed != null) {
        failure = failed;
      } else {
        position = polled.position;
      }
    }).thenApply(Polled::changes);
  }

  private Polled poll(Handle handle, Position from) {
    Change after = from.after;
    Query query = handle.createQuery("""
        select pg_current_snapshot()::text, array_agg(memory_id), array_agg(op),
          array_agg(memory_id) filter (where kind = 4),
        """ + RUN + """
         from (select memory_id, op, kind from history
          where (xid >= cast(:end as xid8) or xid = any(cast(:inProgress as xid8[])) and xid < cast(:end as xid8))
        """ + (after == null ? "" : " and (memory_id, op) > (:memory, :op) ") + """
        order by memory_id, op limit :limit) changed""")
        .bind("end", from.seen.end()).bindArray("inProgress", String.class, from.seen.inProgress())
        .bind("limit", page);
    if (after != null) {
      query.bind("memory", after.memory).bind("op", after.op);
    }
    return query.map((row, context) -> polled(row, from)).one();
  }

  private Polled polled(ResultSet row, Position from) throws SQLException {
    if (!run.equals(row.getString(5))) {
      throw new StoreException("the database's server was restarted, or is another one; begin another feed", null);
    }
    Snapshot snapshot = Snapshot.parse(row.getString(1));
    UUID[] memories = ids(row, 2);
    UUID[] ops = ids(row, 3);
    Snapshot next = from.next == null ? snapshot : from.next;
    boolean full = memories.length == page;
    Position position = full
        ? new Position(from.seen, next, new Change(memories[page - 1], ops[page - 1]))
        : new Position(next, null, null);
    // The last of several pages begins at the first one's snapshot, and may lack what was committed since.
    boolean more = from.next != null || full;
    return new Polled(position, new Changes(operations(memories, ops), memories(ids(row, 4)), more));
  }

  private static UUID[] ids(ResultSet row, int column) throws SQLException {
    Array ids = row.getArray(column);
    return ids == null ? new UUID[0] : (UUID[]) ids.getArray();
  }

  /** The operations of each memory. */
  private static Map<MemoryId, Set<OperationId>> operations(UUID[] memories, UUID[] ops) {
    Map<MemoryId, Set<OperationId>> operations = HashMap.newHashMap(memories.length);
    for (int i = 0; i < memories.length; i++) {
      operations.computeIfAbsent(new MemoryId(memories[i]), memory -> new HashSet<>(2)).add(new OperationId(ops[i]));
    }
    return operations;
  }

  private static Set<MemoryId> memories(UUID[] ids) {
    return Stream.of(ids).map(MemoryId::new).collect(Collectors.toSet());
  }

  @Override
  public void close() {
    connection.close();
  }
}
