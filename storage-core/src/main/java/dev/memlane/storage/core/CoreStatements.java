package dev.memlane.storage.core;

import dev.memlane.model.ContentHash;
import dev.memlane.model.Embedding;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.TextForm;
import dev.memlane.model.store.CoreRow;
import dev.memlane.storage.postgres.ArrayBinder;
import dev.memlane.storage.postgres.MetadataJson;
import dev.memlane.storage.postgres.UnitStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The statements that change core's rows, each for many units at once.
 *
 * <p>
 * A row's values change in three ways: it is added where there is none, replaced by new values, or cleared. The latter
 * two expect a stamp, which PostgreSQL checks again after a wait for a lock, on the row as it is then. Other statements
 * replace the stamp only, or remove the row. Rows are locked in order of id, because batches of several processes could
 * otherwise deadlock.
 */
final class CoreStatements {

  /** All values of a row that becomes live, or is. */
  record LiveRow(OperationId unit, @Nullable UUID expected, UUID stamp, Memory memory, short model,
      Embedding embedding, boolean unique) {}

  /** A row that loses its content and becomes a tombstone or a void row. */
  record ClearedRow(OperationId unit, MemoryId memory, UUID expected, UUID stamp, CoreRow.State state, int version,
      OperationId op, Instant at) {}

  /** A row whose stamp is replaced. */
  record Stamped(OperationId unit, MemoryId memory, @Nullable UUID expected, UUID stamp) {}

  private static final String LIVE_ROWS = """
      with x as (
        select * from unnest(?::uuid[], ?::uuid[], ?::uuid[], ?::uuid[], ?::uuid[], ?::integer[], ?::text[], ?::text[],
          ?::text[], ?::text[], ?::text[], ?::text[], ?::uuid[], ?::text[], ?::timestamptz[], ?::timestamptz[],
          ?::timestamptz[], ?::timestamptz[], ?::integer[], ?::bytea[], ?::uuid[])
        as x(unit, id, expected, stamp, op, version, user_id, agent_id, run_id, key, actor, content, content_hash,
          metadata, occurred_at, created_at, updated_at, expires_at, model, vector, dedup_hash)
      )""";

  /** Inserts a row where there is none. A conflict, on the id or on a content that must be unique, changes nothing. */
  static final UnitStatement<LiveRow> ADD = new UnitStatement<>("add a memory", LIVE_ROWS + """
      , added as (
        insert into memory (id, state, version, op, stamp, user_id, agent_id, run_id, key, actor, content, content_hash,
          dedup_hash, metadata, occurred_at, created_at, updated_at, expires_at)
        select id, 1, version, op, stamp, user_id, agent_id, run_id, key, actor, content, content_hash, dedup_hash,
          metadata::jsonb, occurred_at, created_at, updated_at, expires_at
        from x order by id
        on conflict do nothing
        returning id, version
      ), vectors as (
        insert into memory_vector (memory_id, model, op, vector)
        select x.id, x.model, x.op, x.vector from x join added using (id) order by x.id
        on conflict (memory_id, model) do update set op = excluded.op, vector = excluded.vector
      )
      select x.unit, added.version from x join added using (id)""", null, CoreStatements::bindLive);

  /**
   * Replaces a row's values and makes it live, if it has the expected stamp. A new content outdates other models'
   * vectors.
   */
  static final UnitStatement<LiveRow> REPLACE = new UnitStatement<>("replace a memory", replace(""),
      replace("skip locked"), CoreStatements::bindLive);

  private static String replace(String locking) {
    return LIVE_ROWS
        + """
            , locked as materialized (
              select id, content_hash from memory where id in (select id from x) order by id for update %s
            ), replaced as (
              update memory m set state = 1, version = x.version, op = x.op, stamp = x.stamp, user_id = x.user_id,
                agent_id = x.agent_id, run_id = x.run_id, key = x.key, actor = x.actor, content = x.content,
                content_hash = x.content_hash, dedup_hash = x.dedup_hash, metadata = x.metadata::jsonb,
                occurred_at = x.occurred_at, created_at = x.created_at, updated_at = x.updated_at,
                expires_at = x.expires_at
              from x join locked using (id)
              where m.id = x.id and m.stamp = x.expected
              returning m.id, m.version
            ), vectors as (
              insert into memory_vector (memory_id, model, op, vector)
              select x.id, x.model, x.op, x.vector from x join replaced using (id) order by x.id
              on conflict (memory_id, model) do update set op = excluded.op, vector = excluded.vector
                where memory_vector.vector is distinct from excluded.vector
            ), outdated as (
              delete from memory_vector v using x join replaced using (id) join locked using (id)
              where v.memory_id = x.id and v.model <> x.model and locked.content_hash is distinct from x.content_hash
            )
            select x.unit, replaced.version from x join replaced using (id)"""
            .replace("%s", locking);
  }

  private static void bindLive(ArrayBinder binder, List<LiveRow> rows) throws SQLException {
    binder.uuids(rows, row -> row.unit.value()).uuids(rows, row -> row.memory.id().value())
        .uuids(rows, row -> row.expected).uuids(rows, row -> row.stamp).uuids(rows, row -> row.memory.op().value())
        .numbers(rows, row -> row.memory.version()).texts(rows, row -> row.memory.scope().user())
        .texts(rows, row -> row.memory.scope().agent()).texts(rows, row -> row.memory.scope().run())
        .texts(rows, row -> row.memory.key()).texts(rows, row -> row.memory.actor())
        .texts(rows, row -> row.memory.content())
        .uuids(rows, row -> ContentHash.of(row.memory.actor(), row.memory.content()).value())
        .texts(rows, row -> MetadataJson.write(row.memory.metadata())).times(rows, row -> row.memory.occurredAt())
        .times(rows, row -> row.memory.createdAt()).times(rows, row -> row.memory.updatedAt())
        .times(rows, row -> row.memory.expiresAt()).numbers(rows, row -> (int) row.model)
        .bytes(rows, row -> Vectors.toBytes(row.embedding.vector()))
        .uuids(rows, row -> row.unique ? uniqueHash(row.memory.content()) : null);
  }

  /** The hash by which a scope holds each content once: that of its {@link TextForm}, regardless of the actor. */
  static UUID uniqueHash(String content) {
    return ContentHash.of(null, TextForm.of(content)).value();
  }

  /** Removes a row's content, if it has the expected stamp. */
  static final UnitStatement<ClearedRow> CLEAR = new UnitStatement<>("clear a memory", clear(""), clear("skip locked"),
      (binder, rows) -> binder.uuids(rows, row -> row.unit.value()).uuids(rows, row -> row.memory.value())
          .uuids(rows, row -> row.expected).uuids(rows, row -> row.stamp)
          .numbers(rows, row -> RowMapper.number(row.state)).numbers(rows, row -> row.version)
          .uuids(rows, row -> row.op.value()).times(rows, row -> row.at));

  private static String clear(String locking) {
    return """
        with x as (
          select * from unnest(?::uuid[], ?::uuid[], ?::uuid[], ?::uuid[], ?::integer[], ?::integer[], ?::uuid[],
            ?::timestamptz[])
          as x(unit, id, expected, stamp, state, version, op, at)
        ), locked as materialized (
          select id from memory where id in (select id from x) order by id for update %s
        ), cleared as (
          update memory m set state = x.state, version = x.version, op = x.op, stamp = x.stamp, key = null,
            actor = null, content = null, content_hash = null, dedup_hash = null, metadata = '{}', occurred_at = null,
            expires_at = null, updated_at = x.at
          from x join locked using (id)
          where m.id = x.id and m.stamp = x.expected
          returning m.id, m.version
        ), vectors as (
          delete from memory_vector v using cleared where v.memory_id = cleared.id
        )
        select x.unit, cleared.version from x join cleared using (id)""".replace("%s", locking);
  }

  /** Replaces the expected stamp, if it is there, waiting for the row's lock. Returns a row for every unit. */
  static final UnitStatement<Stamped> STAMP = new UnitStatement<>("replace a stamp", """
      with x as (
        select * from unnest(?::uuid[], ?::uuid[], ?::uuid[], ?::uuid[]) as x(unit, id, expected, stamp)
      ), locked as materialized (
        select id from memory where id in (select id from x) order by id for update
      ), stamped as (
        update memory m set stamp = x.stamp
        from x join locked using (id)
        where m.id = x.id and m.stamp = x.expected
      )
      select unit, 0 from x""", null, CoreStatements::bindStamped);

  /** Inserts a void row where there is none, waiting for concurrent inserts. Returns a row for every unit. */
  static final UnitStatement<Stamped> OCCUPY = new UnitStatement<>("put a void row", """
      with x as (
        select * from unnest(?::uuid[], ?::uuid[], ?::uuid[], ?::uuid[]) as x(unit, id, expected, stamp)
      ), occupied as (
        insert into memory (id, state, version, op, stamp, updated_at)
        select id, 3, 0, unit, stamp, now() from x order by id
        on conflict do nothing
      )
      select unit, 0 from x""", null, CoreStatements::bindStamped);

  /** Replaces any stamp, or inserts a void row, waiting for the row's lock. Returns a row for every unit. */
  static final UnitStatement<Stamped> FENCE_ALL = new UnitStatement<>("replace any stamp", """
      with x as (
        select * from unnest(?::uuid[], ?::uuid[], ?::uuid[], ?::uuid[]) as x(unit, id, expected, stamp)
      ), fenced as (
        insert into memory (id, state, version, op, stamp, updated_at)
        select id, 3, 0, unit, stamp, now() from x order by id
        on conflict (id) do update set stamp = excluded.stamp
      )
      select unit, 0 from x""", null, CoreStatements::bindStamped);

  /** Removes rows that are not live, if they have the expected stamp. Locked rows are passed over. */
  static final UnitStatement<Stamped> SWEEP = new UnitStatement<>("remove a tombstone", """
      with x as (
        select * from unnest(?::uuid[], ?::uuid[], ?::uuid[], ?::uuid[]) as x(unit, id, expected, stamp)
      ), locked as materialized (
        select id from memory where id in (select id from x) order by id for update skip locked
      ), swept as (
        delete from memory m using x join locked using (id)
        where m.id = x.id and m.stamp = x.expected and m.state <> 1
        returning m.id
      ), vectors as (
        delete from memory_vector v using swept where v.memory_id = swept.id
      )
      select x.unit, 0 from x join swept using (id)""", null, CoreStatements::bindStamped);

  /** Removes what is left in tombstones that have the expected stamp, waiting for the row's lock. */
  static final UnitStatement<Stamped> PURGE = new UnitStatement<>("purge a tombstone", """
      with x as (
        select * from unnest(?::uuid[], ?::uuid[], ?::uuid[], ?::uuid[]) as x(unit, id, expected, stamp)
      ), locked as materialized (
        select id from memory where id in (select id from x) order by id for update
      ), purged as (
        update memory m set stamp = x.stamp, key = null, actor = null, content = null, content_hash = null,
          dedup_hash = null, metadata = '{}', occurred_at = null, created_at = null, expires_at = null
        from x join locked using (id)
        where m.id = x.id and m.stamp = x.expected and m.state = 2
        returning m.id, m.version
      ), vectors as (
        delete from memory_vector v using purged where v.memory_id = purged.id
      )
      select x.unit, purged.version from x join purged using (id)""", null, CoreStatements::bindStamped);

  /** Finds the rows, live or deleted, that are in the state that the unit's operation made. */
  static final UnitStatement<Stamped> STANDS = new UnitStatement<>("look at a row", """
      select x.unit, m.version
      from unnest(?::uuid[], ?::uuid[], ?::uuid[], ?::uuid[]) as x(unit, id, expected, stamp)
      join memory m on m.id = x.id and m.op = x.unit and m.state in (1, 2)""", null, CoreStatements::bindStamped);

  private static void bindStamped(ArrayBinder binder, List<Stamped> rows) throws SQLException {
    binder.uuids(rows, row -> row.unit.value()).uuids(rows, row -> row.memory.value())
        .uuids(rows, row -> row.expected).uuids(rows, row -> row.stamp);
  }

  private CoreStatements() {}
}
