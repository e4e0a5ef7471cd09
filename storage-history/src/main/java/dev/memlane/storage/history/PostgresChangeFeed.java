package dev.memlane.storage.history;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.StoreException;
import dev.memlane.model.store.ChangeFeed;
import dev.memlane.storage.postgres.DedicatedConnection;
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
 * <b>Pages.</b> Changes are reported in pages, in order of memory id. All pages begin at the same snapshot. The next
 * round begins at the snapshot of the first page, so it reports the changes of memories on pages that were already
 * read.
 */
final class PostgresChangeFeed implements ChangeFeed {

  /** The most memories that a poll reports. */
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
   * @param after the last memory of the page before; null before the first page
   */
  private record Position(Snapshot seen, @Nullable Snapshot next, @Nullable UUID after) {}

  /**
   * Begins a feed by taking its first snapshot.
   *
   * @param page the most memories that a poll reports
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
    UUID after = from.after;
    Query query = handle.createQuery("""
        with changed as materialized (
          select memory_id, array_agg(op) as ops, bool_or(kind = 4) as erased from history
          where (xid >= cast(:end as xid8) or xid = any(cast(:inProgress as xid8[])) and xid < cast(:end as xid8))
        """ + (after == null ? "" : " and memory_id > :after ") + """
          group by memory_id order by memory_id limit :limit)
        select pg_current_snapshot()::text,
          array(select memory_id from changed, unnest(ops) op order by memory_id, op),
          array(select op from changed, unnest(ops) op order by memory_id, op),
          array(select memory_id from changed where erased),
        """ + RUN)
        .bind("end", from.seen.end()).bindArray("inProgress", String.class, from.seen.inProgress())
        .bind("limit", page);
    if (after != null) {
      query.bind("after", after);
    }
    return query.map((row, context) -> polled(row, from)).one();
  }

  private Polled polled(ResultSet row, Position from) throws SQLException {
    if (!run.equals(row.getString(5))) {
      throw new StoreException("the database's server was restarted, or is another one; begin another feed", null);
    }
    Snapshot snapshot = Snapshot.parse(row.getString(1));
    UUID[] memories = (UUID[]) row.getArray(2).getArray();
    Map<MemoryId, Set<OperationId>> changed = operations(memories, (UUID[]) row.getArray(3).getArray());
    UUID[] erased = (UUID[]) row.getArray(4).getArray();
    Snapshot next = from.next == null ? snapshot : from.next;
    Position position = changed.size() < page
        ? new Position(next, null, null)
        : new Position(from.seen, next, memories[memories.length - 1]);
    // The last of several pages begins at the first one's snapshot, and may lack what was committed since.
    boolean more = from.next != null || changed.size() == page;
    return new Polled(position, new Changes(changed, memories(erased), more));
  }

  /** The operations of each memory. */
  private static Map<MemoryId, Set<OperationId>> operations(UUID[] memories, UUID[] ops) {
    Map<MemoryId, Set<OperationId>> operations = new HashMap<>();
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
