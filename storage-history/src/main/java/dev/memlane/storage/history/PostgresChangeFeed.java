package dev.memlane.storage.history;

import dev.memlane.model.ChangeFeed;
import dev.memlane.model.MemoryId;
import dev.memlane.model.StoreException;
import dev.memlane.storage.postgres.DedicatedConnection;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
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

  private record Look(Snapshot snapshot, Set<MemoryId> changed) {}

  @Override
  public CompletableFuture<Set<MemoryId>> poll() {
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
    }).thenApply(Look::changed);
  }

  private static Look look(Handle handle, Snapshot last) {
    return handle.createQuery("""
        select pg_current_snapshot()::text, array(
          select distinct memory_id from history
          where xid >= cast(:end as xid8) or xid = any(cast(:inProgress as xid8[])) and xid < cast(:end as xid8))""")
        .bind("end", last.end()).bindArray("inProgress", String.class, last.inProgress()).map((row, context) -> {
          Set<MemoryId> changed = new HashSet<>();
          for (UUID id : (UUID[]) row.getArray(2).getArray()) {
            changed.add(new MemoryId(id));
          }
          return new Look(Snapshot.parse(row.getString(1)), changed);
        }).one();
  }

  @Override
  public void close() {
    connection.close();
  }
}
