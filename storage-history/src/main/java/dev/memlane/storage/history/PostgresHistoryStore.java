package dev.memlane.storage.history;

import dev.memlane.model.ExpiredCursorException;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Metadata;
import dev.memlane.model.OperationId;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreKind;
import dev.memlane.model.StoreResult;
import dev.memlane.model.store.ChangeFeed;
import dev.memlane.model.store.Head;
import dev.memlane.model.store.HistoryStore;
import dev.memlane.model.store.LogPage;
import dev.memlane.model.store.Operation;
import dev.memlane.model.store.PastState;
import dev.memlane.model.store.Unit;
import dev.memlane.storage.history.HistoryStatements.Purged;
import dev.memlane.storage.history.HistoryStatements.Restored;
import dev.memlane.storage.history.HistoryStatements.Undone;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.postgres.DatabaseUnit;
import dev.memlane.storage.postgres.MetadataJson;
import dev.memlane.storage.postgres.Part;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;
import org.jspecify.annotations.Nullable;

/**
 * The history store in PostgreSQL: the table {@code history}. {@link HistoryStore} says what its methods promise. Safe
 * for use by several threads.
 */
public final class PostgresHistoryStore implements HistoryStore {

  /** The phase after core's statements, whose effects history's read. */
  private static final int AFTER_CORE = 1;
  /** The fewest entries to read for a page that lacks a few heads; most memories have few entries. */
  private static final int FEWEST_ENTRIES = 100;

  /** A commit that fails leaves a proof that no commit records; the last one that a commit recorded must still be there. */
  private static final int KEPT_PROOFS = 8;
  /** The proofs of an index that is gone are removed after this time. */
  private static final String LONGEST_PROOF = "90 days";

  private static final String COLUMNS = "memory_id, op, version, kind, old_content, new_content, old_metadata, "
      + "new_metadata, old_details, new_details, actor, at";

  private final Database database;

  public PostgresHistoryStore(Database database) {
    this.database = database;
  }

  @Override
  public CompletableFuture<StoreResult> write(Unit unit, Operation operation) {
    return DatabaseUnit.of(unit).join(Part.of(StoreKind.HISTORY, AFTER_CORE, HistoryStatements.WRITE, operation,
        () -> new StoreException("there is nothing to log, because core did not apply " + operation, null)));
  }

  @Override
  public CompletableFuture<StoreResult> undo(Unit unit, Operation operation, UUID stamp) {
    return DatabaseUnit.of(unit)
        .join(Part.of(StoreKind.HISTORY, AFTER_CORE, HistoryStatements.UNDO, new Undone(operation, stamp),
            () -> new StoreException("the entry stays, because core did not undo " + operation, null)));
  }

  @Override
  public CompletableFuture<StoreResult> look(Unit unit) {
    return DatabaseUnit.of(unit).join(Part.of(StoreKind.HISTORY, AFTER_CORE, HistoryStatements.LOOK, unit.op(),
        () -> new StoreException("operation " + unit.op() + " did not land", null)));
  }

  @Override
  public CompletableFuture<StoreResult> sweep(Unit unit) {
    return DatabaseUnit.of(unit).join(Part.of(StoreKind.HISTORY, AFTER_CORE, HistoryStatements.SWEEP, unit,
        () -> new IllegalStateException("a sweep returns a row for every unit")));
  }

  @Override
  public CompletableFuture<StoreResult> restore(Unit unit, List<HistoryEntry> entries) {
    List<Part.Step<?>> steps = new ArrayList<>(entries.size());
    entries.forEach(entry -> steps
        .add(new Part.Step<>(AFTER_CORE, HistoryStatements.RESTORE, new Restored(unit.op(), entry))));
    return DatabaseUnit.of(unit)
        .join(new Part(StoreKind.HISTORY, steps, () -> new StoreException(
            "there is nothing to restore, because core did not restore memory " + unit.memory(), null)));
  }

  @Override
  public CompletableFuture<StoreResult> purge(Unit unit, UUID stamp) {
    return DatabaseUnit.of(unit)
        .join(Part.of(StoreKind.HISTORY, AFTER_CORE, HistoryStatements.PURGE, new Purged(unit, stamp),
            () -> new StoreException("the entries stay, because core did not purge memory " + unit.memory(), null)));
  }

  @Override
  public CompletableFuture<List<MemoryId>> erased(@Nullable MemoryId after, int limit) {
    return database.read("looking for erased memories", handle -> {
      Query query = handle.createQuery("select memory_id from history where kind = 4"
          + (after == null ? "" : " and memory_id > :after") + " group by memory_id order by memory_id limit :limit")
          .bind("limit", limit);
      if (after != null) {
        query.bind("after", after.value());
      }
      return query.mapTo(UUID.class).map(MemoryId::new).list();
    });
  }

  @Override
  public CompletableFuture<Integer> sweepVoid(Instant before, int limit) {
    return database.write("sweeping the history", handle -> handle.createUpdate("delete from history where op in "
        + "(select op from history where void and at < :before limit :limit for update skip locked)")
        .bind("before", before).bind("limit", limit).execute());
  }

  @Override
  public CompletableFuture<Boolean> has(OperationId op) {
    return database.read("looking for an entry",
        handle -> handle.createQuery("select exists (select 1 from history where op = :op and not void)")
            .bind("op", op.value()).mapTo(Boolean.class).one());
  }

  @Override
  public CompletableFuture<List<HistoryEntry>> entries(MemoryId memory, int afterVersion, int limit) {
    return database.read("reading a history", handle -> handle.createQuery("select " + COLUMNS
        + " from history where memory_id = :memory and version > :after and not void order by version limit :limit")
        .bind("memory", memory.value()).bind("after", afterVersion).bind("limit", limit)
        .map((row, context) -> entry(row)).list());
  }

  @Override
  public CompletableFuture<List<HistoryEntry>> newest(MemoryId memory, @Nullable Integer beforeVersion, int limit) {
    return database.read("reading a history", handle -> {
      Query query = handle.createQuery("select " + COLUMNS + " from history where memory_id = :memory and not void"
          + (beforeVersion == null ? "" : " and version < :before") + " order by version desc limit :limit")
          .bind("memory", memory.value()).bind("limit", limit);
      if (beforeVersion != null) {
        query.bind("before", (int) beforeVersion);
      }
      return query.map((row, context) -> entry(row)).list();
    });
  }

  @Override
  public CompletableFuture<List<HistoryEntry>> entries(Collection<MemoryId> memories, int limit) {
    return database.read("reading histories", handle -> handle.createQuery("select " + COLUMNS
        + " from history where memory_id = any(:memories) and not void order by memory_id, version limit :limit")
        .bindArray("memories", UUID.class, (Object[]) memories.stream().map(MemoryId::value).toArray(UUID[]::new))
        .bind("limit", limit).map((row, context) -> entry(row)).list());
  }

  @Override
  public CompletableFuture<Map<MemoryId, PastState>> asOf(Collection<MemoryId> memories, Instant at) {
    return database.read("reading histories", handle -> handle.createQuery("""
        select past.* from unnest(:memories) as asked(id) cross join lateral (
          with entries as not materialized (
            select * from history where memory_id = asked.id and not void
          ), entry as (
            select * from entries where at <= :at order by version desc limit 1
          ), life as (
            select
              coalesce((select max(version) from entries where kind in (3, 4) and version < entry.version), 0) as begun,
              (select min(version) from entries where kind in (3, 4) and version > entry.version) as ended
            from entry
          )
          select entry.*, life.ended is not null as deleted_since,
            (select op from entries order by version desc limit 1) as newest,
            coalesce(
              (select old_details from entries where version > entry.version and version < coalesce(life.ended, :last)
                and old_details is not null order by version limit 1),
              (select new_details from entries where version <= entry.version and version > life.begun
                and new_details is not null order by version desc limit 1)) as details
          from entry, life) past""")
        .bindArray("memories", UUID.class, (Object[]) memories.stream().map(MemoryId::value).toArray(UUID[]::new))
        .bind("at", at).bind("last", Integer.MAX_VALUE)
        .map((row, context) -> new PastState(entry(row), DetailsJson.read(row.getString("details")),
            row.getBoolean("deleted_since"), new OperationId(row.getObject("newest", UUID.class))))
        .list().stream().collect(Collectors.toMap(state -> state.entry().memory(), Function.identity())));
  }

  @Override
  public CompletableFuture<Long> count(@Nullable MemoryId memory) {
    return database.scan("counting the history", handle -> {
      Query query = handle.createQuery(
          "select count(*) from history where not void" + (memory == null ? "" : " and memory_id = :memory"));
      if (memory != null) {
        query.bind("memory", memory.value());
      }
      return query.mapTo(Long.class).one();
    });
  }

  @Override
  public CompletableFuture<List<Head>> heads(@Nullable MemoryId after, int limit) {
    return database.read("reading the newest entries", handle -> {
      List<Head> heads = new ArrayList<>();
      MemoryId from = after;
      boolean more = true;
      while (more && heads.size() < limit) {
        MemoryId to = memoryOfEntry(handle, from, Math.max(FEWEST_ENTRIES, limit - heads.size()));
        heads.addAll(heads(handle, from, to));
        from = to;
        more = to != null;
      }
      return heads.size() > limit ? heads.subList(0, limit) : heads;
    });
  }

  /** The memory of the n-th entry after this memory, in order of memory; null if there are fewer entries. */
  private static @Nullable MemoryId memoryOfEntry(Handle handle, @Nullable MemoryId after, int entries) {
    Query query = handle
        .createQuery("select memory_id from history " + (after == null ? "" : "where memory_id > :after ")
            + "order by memory_id, version offset :before limit 1")
        .bind("before", entries - 1);
    if (after != null) {
      query.bind("after", after.value());
    }
    return query.mapTo(UUID.class).findOne().map(MemoryId::new).orElse(null);
  }

  /** Reads between two ends, because a server without statistics would expect few memories to have all the entries. */
  private static List<Head> heads(Handle handle, @Nullable MemoryId after, @Nullable MemoryId to) {
    Query query = handle.createQuery("select distinct on (memory_id) memory_id, op, version, kind from history "
        + "where not void" + (after == null ? "" : " and memory_id > :after")
        + (to == null ? "" : " and memory_id <= :to")
        + " order by memory_id, version desc");
    if (after != null) {
      query.bind("after", after.value());
    }
    if (to != null) {
      query.bind("to", to.value());
    }
    return query.map((row, context) -> new Head(new MemoryId(row.getObject(1, UUID.class)),
        new OperationId(row.getObject(2, UUID.class)), row.getInt(3),
        kind(row.getInt(4)).leavesMemory())).list();
  }

  @Override
  public CompletableFuture<ChangeFeed> follow() {
    return follow(PostgresChangeFeed.PAGE);
  }

  /**
   * Follows the log in pages of another length.
   *
   * @param page the most memories that a poll reports
   */
  CompletableFuture<ChangeFeed> follow(int page) {
    return database.connect("following the history").thenCompose(begun -> PostgresChangeFeed.begin(begun, page));
  }

  @Override
  public CompletableFuture<LogPage> changes(@Nullable String after, int limit) {
    LogPosition from;
    try {
      from = after == null ? null : LogPosition.read(after);
    } catch (InvalidInputException e) {
      return CompletableFuture.failedFuture(e);
    }
    return database.read("reading the changes", handle -> LogReader.read(handle, from, limit))
        .thenApply(page -> page.orElseThrow(() -> new ExpiredCursorException(
            "the database was restarted or replaced since this cursor, and may have lost what the cursor has seen; "
                + "list everything again and begin a new cursor")));
  }

  @Override
  public CompletableFuture<Void> leaveProof(UUID holder, UUID proof) {
    return database.write("leaving a proof", handle -> handle.createUpdate("""
        with outdated as (
          delete from proof where left_at < now() - cast(:longest as interval)
            or proof in (select proof from proof where holder = :holder order by number desc offset :kept))
        insert into proof (proof, holder, left_at) values (:proof, :holder, now())""")
        .bind("holder", holder).bind("proof", proof).bind("kept", KEPT_PROOFS - 1).bind("longest", LONGEST_PROOF)
        .execute()).thenAccept(rows -> {});
  }

  @Override
  public CompletableFuture<Boolean> hasProof(UUID proof) {
    return database.read("looking for a proof",
        handle -> handle.createQuery("select exists (select 1 from proof where proof = :proof)").bind("proof", proof)
            .mapTo(Boolean.class).one());
  }

  @Override
  public CompletableFuture<Boolean> holdLease(String name, UUID holder, Duration length) {
    return database.write("holding the lease of the " + name, handle -> handle.createUpdate("""
        insert into lease (name, holder, until) values (:name, :holder, now() + cast(:length as interval))
        on conflict (name) do update set holder = excluded.holder, until = excluded.until
        where lease.holder = excluded.holder or lease.until <= now()""")
        .bind("name", name).bind("holder", holder).bind("length", length.toString()).execute())
        .thenApply(rows -> rows == 1);
  }

  @Override
  public CompletableFuture<Long> bytes() {
    return database.read("measuring the history store",
        handle -> handle.createQuery("select pg_total_relation_size('history')").mapTo(Long.class).one());
  }

  private static HistoryEntry entry(ResultSet row) throws SQLException {
    return new HistoryEntry(new MemoryId(row.getObject("memory_id", UUID.class)),
        new OperationId(row.getObject("op", UUID.class)), row.getInt("version"), kind(row.getInt("kind")),
        row.getString("old_content"), row.getString("new_content"), metadata(row.getString("old_metadata")),
        metadata(row.getString("new_metadata")), DetailsJson.read(row.getString("old_details")),
        DetailsJson.read(row.getString("new_details")), row.getString("actor"),
        row.getObject("at", OffsetDateTime.class).toInstant());
  }

  private static @Nullable Metadata metadata(@Nullable String json) {
    return json == null ? null : MetadataJson.read(json);
  }

  static int number(HistoryEntry.Kind kind) {
    return switch (kind) {
      case ADD -> 1;
      case UPDATE -> 2;
      case DELETE -> 3;
      case ERASE -> 4;
    };
  }

  static HistoryEntry.Kind kind(int number) {
    return switch (number) {
      case 1 -> HistoryEntry.Kind.ADD;
      case 2 -> HistoryEntry.Kind.UPDATE;
      case 3 -> HistoryEntry.Kind.DELETE;
      case 4 -> HistoryEntry.Kind.ERASE;
      default -> throw new StoreException("the history holds an entry of kind " + number
          + ", written by a newer version of Memlane; use that version", null);
    };
  }

  @Override
  public String toString() {
    return "PostgresHistoryStore[" + database + "]";
  }
}
