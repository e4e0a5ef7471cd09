package dev.memlane.storage.history;

import dev.memlane.model.Details;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.Memory;
import dev.memlane.model.Metadata;
import dev.memlane.model.OperationId;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.Operation;
import dev.memlane.model.store.Unit;
import dev.memlane.storage.postgres.MetadataJson;
import dev.memlane.storage.postgres.UnitStatement;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The statements that change the log, each for many units at once.
 *
 * <p>
 * They run after core's in the same transaction, and find in the table {@code memory} which operations core applied. So
 * the two stores share their fate without knowing each other.
 */
final class HistoryStatements {

  /** An operation that core has undone, and the stamp that core left. */
  record Undone(Operation operation, UUID stamp) {}

  /** An entry that is restored by the unit that restores its memory. */
  record Restored(OperationId unit, HistoryEntry entry) {}

  /** The unit whose tombstone core has purged, and the stamp that core left. */
  record Purged(Unit unit, UUID stamp) {}

  /** Writes the entries of the operations that core applied. */
  static final UnitStatement<Operation> WRITE = new UnitStatement<>("log an operation",
      """
          with x as (
            select * from unnest(?::uuid[], ?::uuid[], ?::integer[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[],
              ?::text[], ?::text[], ?::timestamptz[])
            as x(op, memory_id, kind, old_content, new_content, old_metadata, new_metadata, old_details, new_details,
              actor, at)
          )
          insert into history (op, memory_id, version, kind, old_content, new_content, old_metadata, new_metadata,
            old_details, new_details, actor, at)
          select x.op, x.memory_id, m.version, x.kind, x.old_content, x.new_content, x.old_metadata::jsonb,
            x.new_metadata::jsonb, x.old_details::jsonb, x.new_details::jsonb, x.actor, x.at
          from x join memory m on m.id = x.memory_id and m.stamp = x.op order by x.op
          returning op, version""",
      null, (binder, operations) -> binder
          .uuids(operations, operation -> operation.op().value())
          .uuids(operations, operation -> operation.memory().value())
          .numbers(operations, operation -> PostgresHistoryStore.number(operation.kind().entry()))
          .texts(operations, operation -> content(before(operation)))
          .texts(operations, operation -> content(operation.after()))
          .texts(operations, operation -> metadata(before(operation)))
          .texts(operations, operation -> metadata(operation.after()))
          .texts(operations, operation -> changesDetails(operation) ? details(before(operation)) : null)
          .texts(operations, operation -> changesDetails(operation) ? details(operation.after()) : null)
          .texts(operations, Operation::actor)
          .times(operations, Operation::at));

  /**
   * Voids the entries of operations that core has undone. Their transaction id becomes the present one, so that
   * followers see the change.
   */
  static final UnitStatement<Undone> UNDO = new UnitStatement<>("void an entry", """
      with x as (
        select * from unnest(?::uuid[], ?::uuid[], ?::uuid[]) as x(op, memory_id, stamp)
      )
      update history h set void = true, old_content = null, new_content = null, old_metadata = null,
        new_metadata = null, old_details = null, new_details = null, actor = null, xid = pg_current_xact_id()
      from x join memory m on m.id = x.memory_id and m.stamp = x.stamp
      where h.op = x.op
      returning h.op, h.version""", null, (binder, undone) -> binder
      .uuids(undone, each -> each.operation.op().value()).uuids(undone, each -> each.operation.memory().value())
      .uuids(undone, Undone::stamp));

  /** Finds the entries that are not void. */
  static final UnitStatement<OperationId> LOOK = new UnitStatement<>("look for an entry", """
      select h.op, h.version from history h where h.op = any(?::uuid[]) and not h.void""", null,
      (binder, ops) -> binder.uuids(ops, OperationId::value));

  /** Writes the entries of the memories whose stamp is the unit, which core's restore leaves. Many rows per unit. */
  static final UnitStatement<Restored> RESTORE = new UnitStatement<>("restore entries",
      """
          with x as (
            select * from unnest(?::uuid[], ?::uuid[], ?::uuid[], ?::integer[], ?::integer[], ?::text[], ?::text[],
              ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::timestamptz[])
            as x(unit, op, memory_id, version, kind, old_content, new_content, old_metadata, new_metadata, old_details,
              new_details, actor, at)
          ), restored as (
            insert into history (op, memory_id, version, kind, old_content, new_content, old_metadata, new_metadata,
              old_details, new_details, actor, at)
            select x.op, x.memory_id, x.version, x.kind, x.old_content, x.new_content, x.old_metadata::jsonb,
              x.new_metadata::jsonb, x.old_details::jsonb, x.new_details::jsonb, x.actor, x.at
            from x join memory m on m.id = x.memory_id and m.stamp = x.unit order by x.op
            returning op, version
          )
          select x.unit, restored.version from x join restored using (op)""",
      null, (binder, restored) -> binder
          .uuids(restored, each -> each.unit.value()).uuids(restored, each -> each.entry.op().value())
          .uuids(restored, each -> each.entry.memory().value()).numbers(restored, each -> each.entry.version())
          .numbers(restored, each -> PostgresHistoryStore.number(each.entry.kind()))
          .texts(restored, each -> each.entry.oldContent()).texts(restored, each -> each.entry.newContent())
          .texts(restored, each -> json(each.entry.oldMetadata()))
          .texts(restored, each -> json(each.entry.newMetadata()))
          .texts(restored, each -> DetailsJson.write(each.entry.oldDetails()))
          .texts(restored, each -> DetailsJson.write(each.entry.newDetails()))
          .texts(restored, each -> each.entry.actor()).times(restored, each -> each.entry.at()));

  /**
   * Deletes the entries of purged memories, except that of the delete, which loses its content and gets the present
   * transaction id, so that followers see the change.
   */
  static final UnitStatement<Purged> PURGE = new UnitStatement<>("purge entries", """
      with x as (
        select * from unnest(?::uuid[], ?::uuid[], ?::uuid[]) as x(unit, memory_id, stamp)
      ), purged as (
        select x.unit, m.id, m.op, m.version from x join memory m on m.id = x.memory_id and m.stamp = x.stamp
      ), others as (
        delete from history h using purged where h.memory_id = purged.id and h.op <> purged.op
      ), erased as (
        update history h set kind = 4, old_content = null, new_content = null, old_metadata = null,
          new_metadata = null, old_details = null, new_details = null, actor = null, xid = pg_current_xact_id()
        from purged where h.op = purged.op
      )
      select unit, version from purged""", null, (binder, purged) -> binder
      .uuids(purged, each -> each.unit.op().value()).uuids(purged, each -> each.unit.memory().value())
      .uuids(purged, Purged::stamp));

  /** Deletes the entries of memories that core no longer holds. Returns a row for every unit. */
  static final UnitStatement<Unit> SWEEP = new UnitStatement<>("remove entries", """
      with x as (
        select * from unnest(?::uuid[], ?::uuid[]) as x(unit, id)
      ), swept as (
        delete from history h using x
        where h.memory_id = x.id and not exists (select 1 from memory m where m.id = x.id)
      )
      select unit, 0 from x""", null, (binder, units) -> binder.uuids(units, unit -> unit.op().value())
      .uuids(units, unit -> unit.memory().value()));

  private HistoryStatements() {}

  private static @Nullable Memory before(Operation operation) {
    CoreRow before = operation.before();
    return before == null ? null : before.memory();
  }

  private static @Nullable String content(@Nullable Memory memory) {
    return memory == null ? null : memory.content();
  }

  private static @Nullable String metadata(@Nullable Memory memory) {
    return memory == null ? null : json(memory.metadata());
  }

  /** Whether the operation changes the details of an existing memory. */
  private static boolean changesDetails(Operation operation) {
    Memory before = before(operation);
    Memory after = operation.after();
    return before != null && after != null && !Details.of(before).equals(Details.of(after));
  }

  private static @Nullable String details(@Nullable Memory memory) {
    return memory == null ? null : DetailsJson.write(Details.of(memory));
  }

  private static @Nullable String json(@Nullable Metadata metadata) {
    return metadata == null ? null : MetadataJson.write(metadata);
  }
}
