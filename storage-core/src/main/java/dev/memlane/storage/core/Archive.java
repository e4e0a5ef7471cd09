package dev.memlane.storage.core;

import dev.memlane.model.ArchivedRow;
import dev.memlane.model.ContentHash;
import dev.memlane.model.Embedding;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreKind;
import dev.memlane.model.StoreResult;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.Unit;
import dev.memlane.storage.core.ArchiveStatements.RestoredRow;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.postgres.DatabaseUnit;
import dev.memlane.storage.postgres.Part;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jdbi.v3.core.statement.Query;
import org.jspecify.annotations.Nullable;

/** Core's rows as they are archived: read whole, tombstones too, and brought back. Safe for use by several threads. */
final class Archive {

  /** Core's statements run first, history's look at what they did. */
  private static final int FIRST = 0;
  /** What is left out, because a server without statistics takes a value to be rare. */
  private static final String NOT_VOID = "m.state <> 3";

  private final Database database;
  private final String model;
  private final int dimension;
  private final short modelNumber;

  Archive(Database database, String model, int dimension, short modelNumber) {
    this.database = database;
    this.model = model;
    this.dimension = dimension;
    this.modelNumber = modelNumber;
  }

  /** See {@link dev.memlane.model.store.CoreStore#restore}. */
  CompletableFuture<StoreResult> restore(Unit unit, ArchivedRow row, @Nullable UUID expected) {
    Embedding embedding = row instanceof ArchivedRow.Live live ? live.embedding() : null;
    boolean mine = embedding != null && embedding.model().equals(model) && embedding.dimension() == dimension;
    return DatabaseUnit.of(unit)
        .join(Part.of(StoreKind.CORE, FIRST,
            expected == null ? ArchiveStatements.RESTORE : ArchiveStatements.RESTORE_OVER,
            new RestoredRow(unit.op(), expected, row, modelNumber, mine ? embedding : null),
            () -> new StoreException("core did not hold what the restoring of memory " + row.id() + " expected",
                null)));
  }

  /** See {@link dev.memlane.model.store.CoreStore#archive(Scope, MemoryId, int, boolean)}. */
  CompletableFuture<List<ArchivedRow>> page(
      @Nullable Scope scope, @Nullable MemoryId after, int limit, boolean vectors) {
    String condition = NOT_VOID + PostgresCoreStore.after(after) + PostgresCoreStore.within(scope);
    return database.read("reading the archive", handle -> {
      Query query = handle.createQuery(sql(condition, " order by m.id limit :limit", vectors)).bind("limit", limit);
      PostgresCoreStore.bindAfter(query, after);
      if (scope != null) {
        PostgresCoreStore.bindScope(query, scope);
      }
      return rows(query, vectors);
    });
  }

  /** See {@link dev.memlane.model.store.CoreStore#archive(Collection, boolean)}. */
  CompletableFuture<List<ArchivedRow>> rows(Collection<MemoryId> ids, boolean vectors) {
    return database.read("reading the archive",
        handle -> rows(handle.createQuery(sql(NOT_VOID + " and m.id = any(:ids)", "", vectors))
            .bindArray("ids", UUID.class, (Object[]) PostgresCoreStore.uuids(ids)), vectors));
  }

  private static String sql(String condition, String tail, boolean vectors) {
    String rows = "select " + PostgresCoreStore.COLUMNS + ", m.content_hash from memory m where " + condition + tail;
    return vectors
        ? "with m as materialized (" + rows + ") select m.*, v.vector from m "
            + "left join memory_vector v on v.memory_id = m.id and v.model = :model order by m.id"
        : "with m as (" + rows + ") select m.* from m order by m.id";
  }

  private List<ArchivedRow> rows(Query query, boolean vectors) {
    if (vectors) {
      query.bind("model", modelNumber);
    }
    return query.map((row, context) -> row(row, vectors)).list();
  }

  private ArchivedRow row(ResultSet row, boolean vectors) throws SQLException {
    if (PostgresCoreStore.state(row.getInt("state")) == CoreRow.State.LIVE) {
      byte[] vector = vectors ? row.getBytes("vector") : null;
      return new ArchivedRow.Live(PostgresCoreStore.memory(row),
          vector == null ? null : new Embedding(model, Vectors.fromBytes(vector)), row.getBoolean("is_unique"),
          new ContentHash(row.getObject("content_hash", UUID.class)));
    }
    return new ArchivedRow.Tombstone(new MemoryId(row.getObject("id", UUID.class)), row.getInt("version"),
        new OperationId(row.getObject("op", UUID.class)), scope(row),
        PostgresCoreStore.instant(row, "created_at"), PostgresCoreStore.requireInstant(row, "updated_at"));
  }

  private static @Nullable Scope scope(ResultSet row) throws SQLException {
    String user = row.getString("user_id");
    String agent = row.getString("agent_id");
    String run = row.getString("run_id");
    return user == null && agent == null && run == null ? null : new Scope(user, agent, run);
  }
}
