package dev.memlane.storage.history;

import dev.memlane.model.ChangeFeed;
import dev.memlane.model.MemoryId;
import dev.memlane.model.StoreException;
import dev.memlane.storage.postgres.DedicatedConnection;
import java.sql.Array;
import java.sql.SQLException;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * The feed of the table {@code history}: each look asks for the entries that one snapshot did not see and the next one
 * does.
 *
 * <p>
 * An entry carries the transaction that wrote it or made it void. What a snapshot did not see is what its transactions
 * in progress and all later ones have written. The next snapshot is taken by the statement that reads, so that nothing
 * can be committed between the two. Sequences, times and transaction ids alone would lose rows, because transactions
 * commit in another order than they begin.
 *
 * <p>
 * It lives and dies with its connection: after a crash the server may give transaction ids out again, and every
 * connection breaks then.
 */
final class PostgresChangeFeed implements ChangeFeed {

  private static final String DOING = "following the history";

  private final DedicatedConnection connection;
  private volatile Snapshot seen;
  private volatile @Nullable Throwable failure;

  private PostgresChangeFeed(DedicatedConnection connection, Snapshot seen) {
    this.connection = connection;
    this.seen = seen;
  }

  /** Takes the first snapshot. */
  static CompletableFuture<ChangeFeed> begin(DedicatedConnection connection) {
    return connection
        .read(DOING, handle -> handle.createQuery("select pg_current_snapshot()::text").mapTo(String.class).one())
        .<ChangeFeed>thenApply(snapshot -> new PostgresChangeFeed(connection, Snapshot.parse(snapshot)))
        .whenComplete((feed, failed) -> {
          if (failed != null) {
            connection.close();
          }
        });
  }

  private record Look(Snapshot snapshot, Changes changes) {}

  @Override
  public CompletableFuture<Changes> poll() {
    Throwable broken = failure;
    if (broken != null) {
      return CompletableFuture
          .failedFuture(new StoreException("the feed has failed before; begin another one", broken));
    }
    Snapshot last = seen;
    return connection.read(DOING, handle -> look(handle, last)).whenComplete((look, failed) -> {
      if (failed != null) {
        failure = failed;
      } else {
        seen = look.snapshot;
      }
    }).thenApply(Look::changes);
  }

  private static Look look(Handle handle, Snapshot last) {
    return handle.createQuery("""
        with changed as materialized (
          select memory_id, bool_or(kind = 4) as erased from history
          where xid >= cast(:end as xid8) or xid = any(cast(:inProgress as xid8[])) and xid < cast(:end as xid8)
          group by memory_id)
        select pg_current_snapshot()::text, array(select memory_id from changed),
          array(select memory_id from changed where erased)""")
        .bind("end", last.end()).bindArray("inProgress", String.class, last.inProgress())
        .map((row, context) -> new Look(
            Snapshot.parse(row.getString(1)), new Changes(memories(row.getArray(2)), memories(row.getArray(3)))))
        .one();
  }

  private static Set<MemoryId> memories(Array ids) throws SQLException {
    return Stream.of((UUID[]) ids.getArray()).map(MemoryId::new).collect(Collectors.toSet());
  }

  @Override
  public void close() {
    connection.close();
  }
}
