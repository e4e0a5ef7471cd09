package dev.memlane.storage.core;

import dev.memlane.model.ArchivedRow;
import dev.memlane.model.Embedding;
import dev.memlane.model.Memory;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.store.CoreRow;
import dev.memlane.storage.postgres.ArrayBinder;
import dev.memlane.storage.postgres.MetadataJson;
import dev.memlane.storage.postgres.UnitStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The statements that restore rows, each for many units at once. They write the archived values, except for the stamp:
 * it becomes the unit's operation, by which history's statement recognizes the restored rows.
 */
final class ArchiveStatements {

  /**
   * A row to restore.
   *
   * @param expected the stamp of the void row that it replaces, or null
   * @param embedding its vector by the store's model, or null
   */
  record RestoredRow(OperationId unit, @Nullable UUID expected, ArchivedRow row, short model,
      @Nullable Embedding embedding) {

    CoreRow.State state() {
      return row instanceof ArchivedRow.Live ? CoreRow.State.LIVE : CoreRow.State.DELETED;
    }

    @Nullable
    Memory memory() {
      return row instanceof ArchivedRow.Live live ? live.memory() : null;
    }

    @Nullable
    Scope scope() {
      return switch (row) {
        case ArchivedRow.Live live -> live.memory().scope();
        case ArchivedRow.Tombstone tombstone -> tombstone.scope();
      };
    }

    @Nullable
    UUID uniqueHash() {
      return row instanceof ArchivedRow.Live live && live.unique()
          ? CoreStatements.uniqueHash(live.memory().content())
          : null;
    }

    String metadata() {
      return row instanceof ArchivedRow.Live live ? MetadataJson.write(live.memory().metadata()) : "{}";
    }

    @Nullable
    Instant createdAt() {
      return switch (row) {
        case ArchivedRow.Live live -> live.memory().createdAt();
        case ArchivedRow.Tombstone tombstone -> tombstone.createdAt();
      };
    }

    Instant updatedAt() {
      return switch (row) {
        case ArchivedRow.Live live -> live.memory().updatedAt();
        case ArchivedRow.Tombstone tombstone -> tombstone.deletedAt();
      };
    }
  }

  private static final String ROWS = """
      with x as (
        select * from unnest(?::uuid[], ?::uuid[], ?::uuid[], ?::integer[], ?::integer[], ?::uuid[], ?::text[], ?::text[],
          ?::text[], ?::text[], ?::text[], ?::text[], ?::uuid[], ?::uuid[], ?::text[], ?::timestamptz[],
          ?::timestamptz[], ?::timestamptz[], ?::timestamptz[], ?::integer[], ?::bytea[])
        as x(unit, id, expected, state, version, op, user_id, agent_id, run_id, key, actor, content, content_hash,
          dedup_hash, metadata, occurred_at, created_at, updated_at, expires_at, model, vector)
      )""";

  private static final String VECTORS = """
      , vectors as (
        insert into memory_vector (memory_id, model, op, vector)
        select x.id, x.model, x.op, x.vector from x join restored using (id) where x.vector is not null order by x.id
        on conflict (memory_id, model) do update set op = excluded.op, vector = excluded.vector
      )
      select x.unit, restored.version from x join restored using (id)""";

  /** Inserts a row where there is none. A conflict, on the id or on a content that must be unique, changes nothing. */
  static final UnitStatement<RestoredRow> RESTORE = new UnitStatement<>("restore a memory", ROWS + """
      , restored as (
        insert into memory (id, state, version, op, stamp, user_id, agent_id, run_id, key, actor, content, content_hash,
          dedup_hash, metadata, occurred_at, created_at, updated_at, expires_at)
        select id, state, version, op, unit, user_id, agent_id, run_id, key, actor, content, content_hash, dedup_hash,
          metadata::jsonb, occurred_at, created_at, updated_at, expires_at
        from x order by id
        on conflict do nothing
        returning id, version
      )""" + VECTORS, null, ArchiveStatements::bind);

  /** Replaces a void row, if it has the expected stamp. */
  static final UnitStatement<RestoredRow> RESTORE_OVER = new UnitStatement<>("restore a memory over a void row",
      restoreOver(""), restoreOver("skip locked"), ArchiveStatements::bind);

  private static String restoreOver(String locking) {
    return ROWS + """
        , locked as materialized (
          select id from memory where id in (select id from x) order by id for update %s
        ), restored as (
          update memory m set state = x.state, version = x.version, op = x.op, stamp = x.unit, user_id = x.user_id,
            agent_id = x.agent_id, run_id = x.run_id, key = x.key, actor = x.actor, content = x.content,
            content_hash = x.content_hash, dedup_hash = x.dedup_hash, metadata = x.metadata::jsonb,
            occurred_at = x.occurred_at, created_at = x.created_at, updated_at = x.updated_at,
            expires_at = x.expires_at
          from x join locked using (id)
          where m.id = x.id and m.stamp = x.expected and m.state = 3
          returning m.id, m.version
        )""".replace("%s", locking) + VECTORS;
  }

  private static void bind(ArrayBinder binder, List<RestoredRow> rows) throws SQLException {
    binder.uuids(rows, row -> row.unit.value()).uuids(rows, row -> row.row.id().value())
        .uuids(rows, row -> row.expected).numbers(rows, row -> RowMapper.number(row.state()))
        .numbers(rows, row -> row.row.version()).uuids(rows, row -> row.row.op().value())
        .texts(rows, ofScope(Scope::user)).texts(rows, ofScope(Scope::agent)).texts(rows, ofScope(Scope::run))
        .texts(rows, ofMemory(Memory::key)).texts(rows, ofMemory(Memory::actor)).texts(rows, ofMemory(Memory::content))
        .uuids(rows, ofMemory(memory -> memory.contentHash().value()))
        .uuids(rows, RestoredRow::uniqueHash)
        .texts(rows, RestoredRow::metadata)
        .times(rows, ofMemory(Memory::occurredAt)).times(rows, RestoredRow::createdAt)
        .times(rows, RestoredRow::updatedAt).times(rows, ofMemory(Memory::expiresAt))
        .numbers(rows, row -> (int) row.model)
        .bytes(rows, row -> row.embedding == null ? null : Vectors.toBytes(row.embedding.vector()));
  }

  /** A value of live rows; null for tombstones. */
  private static <V> Function<RestoredRow, @Nullable V> ofMemory(Function<Memory, @Nullable V> value) {
    return row -> {
      Memory memory = row.memory();
      return memory == null ? null : value.apply(memory);
    };
  }

  private static Function<RestoredRow, @Nullable String> ofScope(Function<Scope, @Nullable String> value) {
    return row -> {
      Scope scope = row.scope();
      return scope == null ? null : value.apply(scope);
    };
  }

  private ArchiveStatements() {}
}
