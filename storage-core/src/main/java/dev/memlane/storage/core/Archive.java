package dev.memlane.storage.core;

import dev.memlane.model.ArchivedRow;
import dev.memlane.model.ContentHash;
import dev.memlane.model.Embedding;
import dev.memlane.model.MemoryId;
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

/**
 * Core's archived rows: whole rows, including tombstones, read for an export and restored by an import. Thread-safe.
 */
final class Archive {

  /** Core's statements run first, because history's read their effects. */
  private static final int FIRST = 0;

  private final Database database;
  private final VectorModel model;

  Archive(Database database, VectorModel model) {
    this.database = database;
    this.model = model;
  }

  /** See {@link dev.memlane.model.store.CoreStore#restore}. */
  CompletableFuture<StoreResult> restore(Unit unit, ArchivedRow row, @Nullable UUID expected) {
    Embedding embedding = row instanceof ArchivedRow.Live live ? live.embedding() : null;
    return DatabaseUnit.of(unit)
        .join(Part.of(StoreKind.CORE, FIRST,
            expected == null ? ArchiveStatements.RESTORE : ArchiveStatements.RESTORE_OVER,
            new RestoredRow(unit.op(), expected, row, model.number(),
                embedding != null && model.made(embedding) ? embedding : null),
            () -> new StoreException("core did not hold the state that restoring memory " + row.id() + " expected",
                null)));
  }

  /** See {@link dev.memlane.model.store.CoreStore#archive(Scope, MemoryId, int, boolean)}. */
  CompletableFuture<List<ArchivedRow>> page(
      @Nullable Scope scope, @Nullable MemoryId after, int limit, boolean vectors) {
    String condition = ReadConditions.NOT_VOID + ReadConditions.after(after) + ReadConditions.within(scope);
    return database.read("reading the archive", handle -> {
      Query query = handle.createQuery(sql(condition, " order by m.id limit :limit", vectors)).bind("limit", limit);
      ReadConditions.bindAfter(query, after);
      if (scope != null) {
        ReadConditions.bindScope(query, scope);
      }
      return rows(query, vectors);
    });
  }

  /** See {@link dev.memlane.model.store.CoreStore#archive(Collection, boolean)}. */
  CompletableFuture<List<ArchivedRow>> rows(Collection<MemoryId> ids, boolean vectors) {
    return database.read("reading the archive",
        handle -> rows(handle.createQuery(sql(ReadConditions.NOT_VOID + " and m.id = any(:ids)", "", vectors))
            .bindArray("ids", UUID.class, (Object[]) ReadConditions.uuids(ids)), vectors));
  }

  private static String sql(String condition, String tail, boolean vectors) {
    String rows = "select " + RowMapper.COLUMNS + ", m.content_hash from memory m where " + condition + tail;
    return vectors
        ? "with m as materialized (" + rows + ") select m.*, v.vector from m "
            + "left join memory_vector v on v.memory_id = m.id and v.model = :model order by m.id"
        : "with m as (" + rows + ") select m.* from m order by m.id";
  }

  private List<ArchivedRow> rows(Query query, boolean vectors) {
    if (vectors) {
      query.bind("model", model.number());
    }
    return query.map((row, context) -> row(row, vectors)).list();
  }

  private ArchivedRow row(ResultSet row, boolean vectors) throws SQLException {
    if (RowMapper.state(row) == CoreRow.State.LIVE) {
      return new ArchivedRow.Live(RowMapper.memory(row),
          vectors ? model.embedding(row.getBytes("vector")) : null, row.getBoolean("is_unique"),
          new ContentHash(row.getObject("content_hash", UUID.class)));
    }
    return new ArchivedRow.Tombstone(RowMapper.id(row), row.getInt("version"),
        RowMapper.op(row), scope(row),
        RowMapper.instant(row, "created_at"), RowMapper.requireInstant(row, "updated_at"));
  }

  private static @Nullable Scope scope(ResultSet row) throws SQLException {
    String user = row.getString("user_id");
    String agent = row.getString("agent_id");
    String run = row.getString("run_id");
    return user == null && agent == null && run == null ? null : new Scope(user, agent, run);
  }
}
