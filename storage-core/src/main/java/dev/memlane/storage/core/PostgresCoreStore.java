package dev.memlane.storage.core;

import dev.memlane.model.ArchivedRow;
import dev.memlane.model.Embedding;
import dev.memlane.model.Filter;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.ScopeCount;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreKind;
import dev.memlane.model.StoreResult;
import dev.memlane.model.TimeOrder;
import dev.memlane.model.TimePosition;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.CoreStore;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.Head;
import dev.memlane.model.store.ModelVectors;
import dev.memlane.model.store.Operation;
import dev.memlane.model.store.Unit;
import dev.memlane.storage.core.CoreStatements.ClearedRow;
import dev.memlane.storage.core.CoreStatements.LiveRow;
import dev.memlane.storage.core.CoreStatements.Stamped;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.postgres.DatabaseUnit;
import dev.memlane.storage.postgres.Part;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jdbi.v3.core.HandleCallback;
import org.jdbi.v3.core.statement.Query;
import org.jspecify.annotations.Nullable;

/**
 * The core store in PostgreSQL: memories in the table {@code memory}, their vectors in {@code memory_vector}.
 *
 * <p>
 * It keeps the vectors of one model and leaves those of other models alone. {@link CoreStore} says what its methods
 * promise. Safe for use by several threads.
 */
public final class PostgresCoreStore implements CoreStore, ModelVectors {

  /** Core's statements run first, because history's read their effects. */
  private static final int FIRST = 0;
  private static final int AFTER_STAMP = 1;

  private static final String MEMORIES = "select " + RowMapper.COLUMNS + " from memory m";
  static final String LIVE_BY_ID = MEMORIES + " where m.state not in (2, 3) and m.id = any(:ids)";
  /** A memory's time, as the indexes by time have it. */
  private static final String TIME = "coalesce(m.occurred_at, m.created_at)";
  /** The order of scopes. No name is empty, so an empty one stands for a missing one, which comes first. */
  private static final String SCOPE_ORDER = Stream.of("user_id", "agent_id", "run_id")
      .map(column -> "coalesce(m." + column + ", '') collate \"C\"").collect(Collectors.joining(", "));
  private static final String WITHOUT_VECTOR = " where m.state = 1 and not exists "
      + "(select from memory_vector v where v.memory_id = m.id and v.model = :model)";
  private static final double USUAL_ROW_BYTES = 400;

  private final Database database;
  private final VectorModel model;
  private final Archive archive;
  private final SharedReads sharedReads;

  private PostgresCoreStore(Database database, VectorModel model) {
    this.database = database;
    this.model = model;
    this.archive = new Archive(database, model);
    this.sharedReads = new SharedReads(database);
  }

  /**
   * Opens the store for the vectors of one model, and registers the model in the database.
   *
   * @throws StoreException if the database can't be reached, or lists the model with another dimension
   */
  public static PostgresCoreStore open(Database database, String model, int dimension) {
    VectorModel registered = VectorModel.register(database, model, dimension);
    new Rehasher(database).run();
    return new PostgresCoreStore(database, registered);
  }

  /**
   * The names of the models of which the database has vectors, or had some.
   *
   * @throws StoreException if the database can't be reached
   */
  public static Set<String> models(Database database) {
    return VectorModel.names(database);
  }

  @Override
  public CompletableFuture<StoreResult> write(Unit unit, Operation operation) {
    Part part = operation.kind() == Operation.Kind.DELETE
        ? Part.of(StoreKind.CORE, FIRST, CoreStatements.CLEAR,
            new ClearedRow(operation.op(), operation.memory(), expected(operation), operation.op().value(),
                CoreRow.State.DELETED, operation.version(), operation.op(), operation.at()),
            () -> notAsExpected(operation))
        : Part.of(StoreKind.CORE, FIRST, operation.before() == null ? CoreStatements.ADD : CoreStatements.REPLACE,
            live(operation.op(), operation.expectedStamp(), operation.op().value(), operation.requireAfter(),
                operation.requireEmbedding(), operation.unique()),
            () -> notAsExpected(operation));
    return DatabaseUnit.of(unit).join(part);
  }

  @Override
  public CompletableFuture<StoreResult> undo(Unit unit, Operation operation, UUID stamp) {
    UUID own = operation.op().value();
    CoreRow before = operation.before();
    Memory memory = before == null ? null : before.memory();
    Embedding embedding = before == null ? null : before.embedding();
    Part part;
    if (memory != null && embedding == null) {
      StoreException cause = new StoreException(
          operation + " can't be undone: the vector of the state before it was made by another model", null);
      unit.withdraw(cause);
      return CompletableFuture.completedFuture(new StoreResult.NotApplied(cause));
    }
    if (before != null && memory != null && embedding != null) {
      part = Part.of(StoreKind.CORE, FIRST, CoreStatements.REPLACE,
          live(operation.op(), own, stamp, memory, embedding, before.unique()), () -> notAsExpected(operation));
    } else {
      CoreRow.State state = before == null ? CoreRow.State.VOID : before.state();
      part = Part.of(StoreKind.CORE, FIRST, CoreStatements.CLEAR,
          new ClearedRow(operation.op(), operation.memory(), own, stamp, state, before == null ? 0 : before.version(),
              before == null ? operation.op() : before.op(), operation.at()),
          () -> notAsExpected(operation));
    }
    return DatabaseUnit.of(unit).join(part);
  }

  @Override
  public CompletableFuture<StoreResult> fence(Unit unit, Operation operation, UUID stamp) {
    UUID expected = operation.expectedStamp();
    Stamped stamped = new Stamped(operation.op(), operation.memory(), expected, stamp);
    Part part = Part.of(StoreKind.CORE, FIRST, expected == null ? CoreStatements.OCCUPY : CoreStatements.STAMP, stamped,
        () -> new IllegalStateException("a fence returns a row for every unit"));
    return DatabaseUnit.of(unit).join(part);
  }

  @Override
  public CompletableFuture<StoreResult> fenceAll(Unit unit, UUID stamp) {
    return DatabaseUnit.of(unit)
        .join(Part.of(StoreKind.CORE, FIRST, CoreStatements.FENCE_ALL,
            new Stamped(unit.op(), unit.memory(), null, stamp),
            () -> new IllegalStateException("a fence returns a row for every unit")));
  }

  @Override
  public CompletableFuture<StoreResult> confirm(Unit unit, UUID stamp) {
    Stamped stamped = new Stamped(unit.op(), unit.memory(), unit.op().value(), stamp);
    Part part = new Part(StoreKind.CORE,
        List.of(new Part.Step<>(FIRST, CoreStatements.STAMP, stamped),
            new Part.Step<>(AFTER_STAMP, CoreStatements.STANDS, stamped)),
        () -> new StoreException("memory " + unit.memory() + " is no longer in the state of operation " + unit.op(),
            null));
    return DatabaseUnit.of(unit).join(part);
  }

  @Override
  public CompletableFuture<StoreResult> sweep(Unit unit, UUID stamp) {
    return DatabaseUnit.of(unit)
        .join(Part.of(StoreKind.CORE, FIRST, CoreStatements.SWEEP,
            new Stamped(unit.op(), unit.memory(), stamp, stamp),
            () -> new StoreException("memory " + unit.memory() + " has changed or is in use", null)));
  }

  @Override
  public CompletableFuture<StoreResult> restore(Unit unit, ArchivedRow row, @Nullable UUID expected) {
    return archive.restore(unit, row, expected);
  }

  @Override
  public CompletableFuture<List<ArchivedRow>> archive(
      @Nullable Scope scope, @Nullable MemoryId after, int limit, boolean vectors) {
    return archive.page(scope, after, limit, vectors);
  }

  @Override
  public CompletableFuture<List<ArchivedRow>> archive(Collection<MemoryId> ids, boolean vectors) {
    return archive.rows(ids, vectors);
  }

  @Override
  public CompletableFuture<StoreResult> purge(Unit unit, UUID expected, UUID stamp) {
    return DatabaseUnit.of(unit)
        .join(Part.of(StoreKind.CORE, FIRST, CoreStatements.PURGE,
            new Stamped(unit.op(), unit.memory(), expected, stamp),
            () -> new StoreException("memory " + unit.memory() + " has changed since it was deleted", null)));
  }

  @Override
  public CompletableFuture<List<CoreRow>> unpurged(Scope scope, @Nullable MemoryId after, int limit) {
    return database.read("looking for memories to purge", handle -> {
      Query query = handle.createQuery(MEMORIES + " where m.state = 2" + ReadConditions.within(scope)
          + ReadConditions.after(after) + " and exists (select 1 from history h where h.memory_id = m.id "
          + "and (h.op <> m.op or h.kind <> 4)) order by m.id limit :limit").bind("limit", limit);
      ReadConditions.bindScope(query, scope);
      ReadConditions.bindAfter(query, after);
      return query.map((row, context) -> RowMapper.row(row)).list();
    });
  }

  @Override
  public CompletableFuture<List<CoreRow>> sweepable(Instant before, int limit) {
    return database.read("looking for memories to sweep", handle -> handle
        .createQuery(MEMORIES + " where m.state <> 1 and m.updated_at < :before "
            + "order by m.updated_at limit :limit")
        .bind("before", before).bind("limit", limit).map((row, context) -> RowMapper.row(row)).list());
  }

  @Override
  public CompletableFuture<List<CoreRow>> expired(Instant before, int limit) {
    return database.read("looking for expired memories", handle -> handle
        .createQuery(MEMORIES + " where m.state = 1 and m.expires_at < :before "
            + "order by m.expires_at limit :limit")
        .bind("before", before).bind("limit", limit).map((row, context) -> RowMapper.row(row)).list());
  }

  @Override
  public CompletableFuture<Optional<CoreRow>> findUnique(Scope scope, String content) {
    return database.read("looking for a content", handle -> {
      Query query = handle.createQuery(MEMORIES + " where m.dedup_hash = :hash"
          + ReadConditions.exactly(scope))
          .bind("hash", CoreStatements.uniqueHash(content));
      ReadConditions.bindScope(query, scope);
      return query.map((row, context) -> RowMapper.row(row)).findOne();
    });
  }

  private LiveRow live(OperationId unit, @Nullable UUID expected, UUID stamp, Memory memory, Embedding embedding,
      boolean unique) {
    model.requireMade(memory.id(), embedding);
    return new LiveRow(unit, expected, stamp, memory, model.number(), embedding, unique);
  }

  private static UUID expected(Operation operation) {
    UUID stamp = operation.expectedStamp();
    if (stamp == null) {
      throw new IllegalArgumentException(operation + " expects no row, so there is nothing to change");
    }
    return stamp;
  }

  private static StoreException notAsExpected(Operation operation) {
    return new StoreException("core did not hold the state that " + operation + " expected", null);
  }

  @Override
  public CompletableFuture<Map<MemoryId, CoreRow>> read(Collection<MemoryId> ids, boolean vectors) {
    return database.read("reading memories", handle -> {
      // Materialized, because joining the vectors of a thousand memories row by row takes 1.5 times as long.
      String sql = vectors
          ? "with v as materialized (select memory_id, vector from memory_vector where model = :model "
              + "and memory_id = any(:ids)) select " + RowMapper.COLUMNS
              + ", v.vector from memory m left join v on v.memory_id = m.id where m.id = any(:ids)"
          : MEMORIES + " where m.id = any(:ids)";
      Query query = handle.createQuery(sql).bindArray("ids", UUID.class, (Object[]) ReadConditions.uuids(ids));
      if (vectors) {
        query.bind("model", model.number());
      }
      Map<MemoryId, CoreRow> rows = new HashMap<>();
      query.map((row, context) -> RowMapper.row(row, vectors ? model : null)).forEach(row -> rows.put(row.id(), row));
      return rows;
    });
  }

  @Override
  public CompletableFuture<Map<MemoryId, Memory>> find(
      Collection<MemoryId> ids, Collection<Scope> scopes, @Nullable Filter filter, @Nullable Instant unexpiredAt) {
    if (filter == null) {
      return sharedReads.read(ids).thenApply(rows -> {
        Map<MemoryId, Memory> found = new HashMap<>();
        for (MemoryId id : ids) {
          Memory memory = rows.get(id);
          if (memory != null && isIn(scopes, memory)
              && (unexpiredAt == null || memory.expiresAt() == null || memory.expiresAt().isAfter(unexpiredAt))) {
            found.put(id, memory);
          }
        }
        return found;
      });
    }
    return database.read("reading memories", handle -> {
      Map<MemoryId, Memory> found = new HashMap<>();
      ReadConditions.live(handle, MEMORIES, null, filter, unexpiredAt, " and m.id = any(:ids)", "")
          .bindArray("ids", UUID.class, (Object[]) ReadConditions.uuids(ids))
          .map((row, context) -> RowMapper.memory(row))
          .filter(memory -> isIn(scopes, memory))
          .forEach(memory -> found.put(memory.id(), memory));
      return found;
    });
  }

  private static boolean isIn(Collection<Scope> scopes, Memory memory) {
    return scopes.isEmpty() || scopes.stream().anyMatch(scope -> scope.matches(memory.scope()));
  }

  @Override
  public CompletableFuture<List<Memory>> list(
      @Nullable Scope scope, @Nullable Filter filter, @Nullable MemoryId after, int limit,
      @Nullable Instant unexpiredAt) {
    return database.read("listing memories", handle -> {
      Query query = ReadConditions.live(handle, MEMORIES, scope, filter, unexpiredAt, ReadConditions.after(after),
          " order by m.id limit :limit").bind("limit", limit);
      ReadConditions.bindAfter(query, after);
      return query.map((row, context) -> RowMapper.memory(row)).list();
    });
  }

  /** Scales the server's statistics to the present size of the table; without statistics, divides its size. */
  @Override
  public CompletableFuture<Long> estimate() {
    return database.read("estimating the number of memories", handle -> handle.createQuery("""
        select (case when reltuples >= 0 and relpages > 0
          then reltuples * (pg_relation_size(oid) / current_setting('block_size')::float8 / relpages)
          else pg_relation_size(oid) / :row end)::bigint
        from pg_class where oid = 'memory'::regclass""").bind("row", USUAL_ROW_BYTES).mapTo(Long.class).one());
  }

  @Override
  public CompletableFuture<List<Memory>> listByTime(@Nullable Scope scope, @Nullable Filter filter, TimeOrder order,
      @Nullable TimePosition after, int limit, @Nullable Instant unexpiredAt) {
    boolean oldestFirst = order == TimeOrder.OLDEST_FIRST;
    String beyond = after == null
        ? ""
        : " and (" + TIME + ", m.created_at, m.id) " + (oldestFirst ? ">" : "<") + " (:time, :created, :after)";
    String direction = oldestFirst ? "" : " desc";
    HandleCallback<List<Memory>, RuntimeException> page = handle -> {
      Query query = ReadConditions
          .live(handle, MEMORIES, scope, filter, unexpiredAt, beyond,
              " order by " + TIME + direction + ", m.created_at" + direction + ", m.id" + direction + " limit :limit")
          .bind("limit", limit);
      if (after != null) {
        query.bind("time", after.time()).bind("created", after.createdAt()).bind("after", after.id().value());
      }
      return query.map((row, context) -> RowMapper.memory(row)).list();
    };
    // Without a scope the server sorts all memories for each page.
    return scope == null ? database.scan("listing memories", page) : database.read("listing memories", page);
  }

  @Override
  public CompletableFuture<Long> count(@Nullable Scope scope, @Nullable Filter filter, @Nullable Instant unexpiredAt) {
    return database.scan("counting memories",
        handle -> ReadConditions.live(handle, "select count(*) from memory m", scope, filter, unexpiredAt, "", "")
            .mapTo(Long.class)
            .one());
  }

  /** Groups all live rows for each page: an index in this order would cost every add. */
  @Override
  public CompletableFuture<List<ScopeCount>> scopes(
      @Nullable String userPrefix, @Nullable Scope after, int limit, @Nullable Instant unexpiredAt) {
    String sql = "select m.user_id, m.agent_id, m.run_id, count(*) from memory m where m.state = 1"
        + (unexpiredAt == null ? "" : ReadConditions.UNEXPIRED)
        + (userPrefix == null ? "" : " and starts_with(m.user_id, :prefix)")
        + (after == null ? "" : " and (" + SCOPE_ORDER + ") > (:user, :agent, :run)")
        + " group by m.user_id, m.agent_id, m.run_id order by " + SCOPE_ORDER + " limit :limit";
    return database.scan("listing scopes", handle -> {
      Query query = handle.createQuery(sql).bind("limit", limit);
      if (unexpiredAt != null) {
        query.bind("now", unexpiredAt);
      }
      if (userPrefix != null) {
        query.bind("prefix", userPrefix);
      }
      if (after != null) {
        query.bind("user", Objects.requireNonNullElse(after.user(), ""))
            .bind("agent", Objects.requireNonNullElse(after.agent(), ""))
            .bind("run", Objects.requireNonNullElse(after.run(), ""));
      }
      return query.map((row, context) -> new ScopeCount(RowMapper.scope(row), row.getLong(4))).list();
    });
  }

  @Override
  public CompletableFuture<Map<MemoryId, Scope>> scopesOf(Collection<MemoryId> ids) {
    return database.read("reading scopes", handle -> {
      Map<MemoryId, Scope> scopes = new HashMap<>();
      handle.createQuery("select m.id, m.user_id, m.agent_id, m.run_id from memory m where m.id = any(:ids) "
          + "and num_nonnulls(m.user_id, m.agent_id, m.run_id) > 0")
          .bindArray("ids", UUID.class, (Object[]) ReadConditions.uuids(ids))
          .map((row, context) -> scopes.put(RowMapper.id(row), RowMapper.scope(row))).list();
      return scopes;
    });
  }

  @Override
  public CompletableFuture<List<Head>> heads(@Nullable MemoryId after, int limit) {
    return database.read("comparing memories", handle -> {
      Query query = handle.createQuery("select m.id, m.op, m.version, m.state from memory m where "
          + ReadConditions.NOT_VOID + ReadConditions.after(after) + " order by m.id limit :limit").bind("limit", limit);
      ReadConditions.bindAfter(query, after);
      return query.map((row, context) -> head(row)).list();
    });
  }

  @Override
  public CompletableFuture<List<Head>> heads(Collection<MemoryId> ids) {
    return database.read("comparing memories",
        handle -> handle.createQuery(
            "select m.id, m.op, m.version, m.state from memory m where m.state in (1, 2) and m.id = any(:ids)")
            .bindArray("ids", UUID.class, (Object[]) ReadConditions.uuids(ids))
            .map((row, context) -> head(row)).list());
  }

  private static Head head(ResultSet row) throws SQLException {
    return new Head(new MemoryId(row.getObject(1, UUID.class)), new OperationId(row.getObject(2, UUID.class)),
        row.getInt(3), row.getInt(4) == RowMapper.number(CoreRow.State.LIVE));
  }

  @Override
  public CompletableFuture<Void> saveVector(DocumentName name, Embedding embedding) {
    model.requireMade(name.memory(), embedding);
    return database.write("saving a vector", handle -> {
      handle.createUpdate("""
          insert into memory_vector (memory_id, model, op, vector)
          select m.id, :model, m.op, :vector from memory m where m.id = :id and m.op = :op and m.state = 1 for share
          on conflict (memory_id, model) do nothing""").bind("model", model.number())
          .bind("vector", Vectors.toBytes(embedding.vector())).bind("id", name.memory().value())
          .bind("op", name.op().value()).execute();
      return null;
    });
  }

  @Override
  public CompletableFuture<List<Memory>> withoutVector(@Nullable MemoryId after, int limit) {
    return database.scan("reading memories without a vector", handle -> {
      Query query = handle.createQuery(
          MEMORIES + WITHOUT_VECTOR + ReadConditions.after(after) + " order by m.id limit :limit")
          .bind("model", model.number()).bind("limit", limit);
      ReadConditions.bindAfter(query, after);
      return query.map((row, context) -> RowMapper.memory(row)).list();
    });
  }

  @Override
  public CompletableFuture<Long> countWithoutVector() {
    return database.scan("counting memories without a vector", handle -> handle
        .createQuery("select count(*) from memory m" + WITHOUT_VECTOR).bind("model", model.number()).mapTo(Long.class)
        .one());
  }

  @Override
  public CompletableFuture<Void> announceSwitch() {
    return database.write("announcing the switch to a model", handle -> {
      handle.createUpdate("update embedding_model set switched_at = case when id = :model then now() end "
          + "where id = :model or switched_at is not null").bind("model", model.number()).execute();
      return null;
    });
  }

  @Override
  public CompletableFuture<Boolean> isSwitchAnnounced() {
    return database.read("reading which model was switched to", handle -> handle
        .createQuery("select switched_at is not null from embedding_model where id = :model")
        .bind("model", model.number()).mapTo(Boolean.class).one());
  }

  @Override
  public CompletableFuture<DeletedVectors> deleteOtherVectors(@Nullable MemoryId from, int limit) {
    return database.write("deleting the vectors of other models", handle -> {
      // A write that waits for these rows is never waited for in turn.
      List<UUID> deleted = handle
          .createQuery(
              """
                  with page as (
                    select memory_id, model from memory_vector
                    where model <> :model and memory_id >= coalesce(cast(:from as uuid), uuid '00000000-0000-0000-0000-000000000000')
                    order by memory_id limit :limit for update skip locked
                  )
                  delete from memory_vector v using page where v.memory_id = page.memory_id and v.model = page.model
                  returning v.memory_id""")
          .bind("model", model.number()).bind("from", from == null ? null : from.value())
          .bind("limit", limit).mapTo(UUID.class).list();
      return new DeletedVectors(deleted.size(),
          deleted.stream().map(MemoryId::new).max(Comparator.naturalOrder()).orElse(null));
    });
  }

  @Override
  public CompletableFuture<Long> bytes() {
    return database.read("measuring the core store", handle -> handle
        .createQuery("select pg_total_relation_size('memory') + pg_total_relation_size('memory_vector')")
        .mapTo(Long.class).one());
  }

  @Override
  public String toString() {
    return "PostgresCoreStore[" + database + ", " + model.name() + "]";
  }
}
