package dev.memlane.storage.core;

import dev.memlane.model.ArchivedRow;
import dev.memlane.model.Embedding;
import dev.memlane.model.Filter;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreKind;
import dev.memlane.model.StoreResult;
import dev.memlane.model.TimeOrder;
import dev.memlane.model.TimePosition;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.CoreStore;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.Head;
import dev.memlane.model.store.Operation;
import dev.memlane.model.store.Unit;
import dev.memlane.storage.core.CoreStatements.ClearedRow;
import dev.memlane.storage.core.CoreStatements.LiveRow;
import dev.memlane.storage.core.CoreStatements.Stamped;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.postgres.DatabaseUnit;
import dev.memlane.storage.postgres.MetadataJson;
import dev.memlane.storage.postgres.Part;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.HandleCallback;
import org.jdbi.v3.core.statement.Query;
import org.jdbi.v3.core.statement.SqlStatement;
import org.jspecify.annotations.Nullable;

/**
 * The core store in PostgreSQL: the table {@code memory}, and the vectors beside it in {@code memory_vector}.
 *
 * <p>
 * It keeps the vectors of one model; those that another model made are left alone. See {@link CoreStore} for what its
 * methods promise. Safe for use by several threads.
 */
public final class PostgresCoreStore implements CoreStore {

  /** Core's statements run first, history's look at what they did. */
  private static final int FIRST = 0;
  private static final int AFTER_STAMP = 1;

  static final String COLUMNS = "m.id, m.state, m.version, m.op, m.stamp, m.user_id, m.agent_id, m.run_id, "
      + "m.key, m.actor, m.content, m.metadata, m.occurred_at, m.created_at, m.updated_at, m.expires_at, "
      + "m.dedup_hash is not null as is_unique";
  /** As in the indexes by time. */
  private static final String TIME = "coalesce(m.occurred_at, m.created_at)";
  private static final String UNEXPIRED = " and (m.expires_at is null or m.expires_at > :now)";
  /** For the indexes of scopes, which hold live rows only. */
  private static final String LIVE = "m.state = 1";
  /**
   * The same where there is no such index. While the server has no statistics it takes a value to be rare, and would read the
   * rest of the table and sort it for each page instead of going on in the primary key.
   */
  private static final String NEITHER_DELETED_NOR_VOID = "m.state not in (2, 3)";

  private static final double USUAL_ROW_BYTES = 400;

  private final Database database;
  private final String model;
  private final int dimension;
  private final short modelNumber;
  private final Archive archive;

  private PostgresCoreStore(Database database, String model, int dimension, short modelNumber) {
    this.database = database;
    this.model = model;
    this.dimension = dimension;
    this.modelNumber = modelNumber;
    this.archive = new Archive(database, model, dimension, modelNumber);
  }

  /**
   * Opens the store for the vectors of one model, and makes the model known to the database.
   *
   * @throws StoreException if the database can't be reached, or knows the model with another dimension
   */
  public static PostgresCoreStore open(Database database, String model, int dimension) {
    KnownModel opened = database.readNow("opening the core store", handle -> {
      handle.createUpdate("insert into embedding_model (name, dimension) values (:name, :dimension) "
          + "on conflict (name) do nothing").bind("name", model).bind("dimension", dimension).execute();
      KnownModel known = handle.createQuery("select id, dimension from embedding_model where name = :name")
          .bind("name", model).map((row, context) -> new KnownModel(row.getShort(1), row.getInt(2))).one();
      if (known.dimension != dimension) {
        throw new StoreException(
            "the database holds vectors of " + known.dimension + " dimensions by the model \"" + model
                + "\", and the embedder says that it makes " + dimension + "; give another model another name",
            null);
      }
      return known;
    });
    new Rehasher(database).run();
    return new PostgresCoreStore(database, model, dimension, opened.number);
  }

  private record KnownModel(short number, int dimension) {}

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
          operation + " can't be undone: the vector that was there before was made by another model", null);
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
        () -> new IllegalStateException("fencing answers for every unit"));
    return DatabaseUnit.of(unit).join(part);
  }

  @Override
  public CompletableFuture<StoreResult> fenceAll(Unit unit, UUID stamp) {
    return DatabaseUnit.of(unit)
        .join(Part.of(StoreKind.CORE, FIRST, CoreStatements.FENCE_ALL,
            new Stamped(unit.op(), unit.memory(), null, stamp),
            () -> new IllegalStateException("fencing answers for every unit")));
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
    return database.read("looking for what to purge", handle -> {
      Query query = handle.createQuery("select " + COLUMNS + " from memory m where m.state = 2" + within(scope)
          + after(after) + " and exists (select 1 from history h where h.memory_id = m.id "
          + "and (h.op <> m.op or h.kind <> 4)) order by m.id limit :limit").bind("limit", limit);
      bindScope(query, scope);
      bindAfter(query, after);
      return query.map((row, context) -> row(row, false)).list();
    });
  }

  @Override
  public CompletableFuture<List<CoreRow>> gone(Instant before, int limit) {
    return database.read("looking for what to sweep", handle -> handle
        .createQuery("select " + COLUMNS + " from memory m where m.state <> 1 and m.updated_at < :before "
            + "order by m.updated_at limit :limit")
        .bind("before", before).bind("limit", limit).map((row, context) -> row(row, false)).list());
  }

  @Override
  public CompletableFuture<List<CoreRow>> expired(Instant before, int limit) {
    return database.read("looking for what has expired", handle -> handle
        .createQuery("select " + COLUMNS + " from memory m where m.state = 1 and m.expires_at < :before "
            + "order by m.expires_at limit :limit")
        .bind("before", before).bind("limit", limit).map((row, context) -> row(row, false)).list());
  }

  @Override
  public CompletableFuture<Optional<CoreRow>> unique(Scope scope, String content) {
    return database.read("looking for a content", handle -> {
      Query query = handle.createQuery("select " + COLUMNS + " from memory m where m.dedup_hash = :hash"
          + (scope.user() == null ? " and m.user_id is null" : " and m.user_id = :user")
          + (scope.agent() == null ? " and m.agent_id is null" : " and m.agent_id = :agent")
          + (scope.run() == null ? " and m.run_id is null" : " and m.run_id = :run"))
          .bind("hash", CoreStatements.contentAlone(content));
      bindScope(query, scope);
      return query.map((row, context) -> row(row, false)).findOne();
    });
  }

  private LiveRow live(OperationId unit, @Nullable UUID expected, UUID stamp, Memory memory, Embedding embedding,
      boolean unique) {
    requireMine(memory.id(), embedding);
    return new LiveRow(unit, expected, stamp, memory, modelNumber, embedding, unique);
  }

  private void requireMine(MemoryId memory, Embedding embedding) {
    if (!embedding.model().equals(model) || embedding.dimension() != dimension) {
      throw new InvalidInputException("the vector of memory " + memory + " is " + embedding
          + "; this store keeps vectors of \"" + model + "\" with " + dimension + " dimensions");
    }
  }

  private static UUID expected(Operation operation) {
    UUID stamp = operation.expectedStamp();
    if (stamp == null) {
      throw new IllegalArgumentException(operation + " expects no row, so there is nothing to change");
    }
    return stamp;
  }

  private static StoreException notAsExpected(Operation operation) {
    return new StoreException("core did not hold what " + operation + " expected", null);
  }

  @Override
  public CompletableFuture<Map<MemoryId, CoreRow>> read(Collection<MemoryId> ids, boolean vectors) {
    return database.read("reading memories", handle -> {
      // Materialized, because joined row by row the vectors of a thousand memories take half as long again.
      String sql = vectors
          ? "with v as materialized (select memory_id, vector from memory_vector where model = :model "
              + "and memory_id = any(:ids)) select " + COLUMNS
              + ", v.vector from memory m left join v on v.memory_id = m.id where m.id = any(:ids)"
          : "select " + COLUMNS + " from memory m where m.id = any(:ids)";
      Query query = handle.createQuery(sql).bindArray("ids", UUID.class, (Object[]) uuids(ids));
      if (vectors) {
        query.bind("model", modelNumber);
      }
      Map<MemoryId, CoreRow> rows = new HashMap<>();
      query.map((row, context) -> row(row, vectors)).forEach(row -> rows.put(row.id(), row));
      return rows;
    });
  }

  @Override
  public CompletableFuture<Map<MemoryId, Memory>> find(
      Collection<MemoryId> ids, Collection<Scope> scopes, @Nullable Filter filter, @Nullable Instant unexpiredAt) {
    return database.read("reading memories", handle -> {
      Map<MemoryId, Memory> found = new HashMap<>();
      select(handle, "select " + COLUMNS + " from memory m", null, filter, unexpiredAt, " and m.id = any(:ids)", "")
          .bindArray("ids", UUID.class, (Object[]) uuids(ids)).map((row, context) -> memory(row))
          .filter(memory -> scopes.isEmpty() || scopes.stream().anyMatch(scope -> scope.matches(memory.scope())))
          .forEach(memory -> found.put(memory.id(), memory));
      return found;
    });
  }

  @Override
  public CompletableFuture<List<Memory>> list(
      @Nullable Scope scope, @Nullable Filter filter, @Nullable MemoryId after, int limit,
      @Nullable Instant unexpiredAt) {
    return database.read("listing memories", handle -> {
      Query query = select(handle, "select " + COLUMNS + " from memory m", scope, filter, unexpiredAt, after(after),
          " order by m.id limit :limit").bind("limit", limit);
      bindAfter(query, after);
      return query.map((row, context) -> memory(row)).list();
    });
  }

  /** What the server's statistics say, for as much of the table as there is now; without any, by its size. */
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
      Query query = select(handle, "select " + COLUMNS + " from memory m", scope, filter, unexpiredAt, beyond,
          " order by " + TIME + direction + ", m.created_at" + direction + ", m.id" + direction + " limit :limit")
          .bind("limit", limit);
      if (after != null) {
        query.bind("time", after.time()).bind("created", after.createdAt()).bind("after", after.id().value());
      }
      return query.map((row, context) -> memory(row)).list();
    };
    // Without a scope the server sorts all memories for each page.
    return scope == null ? database.scan("listing memories", page) : database.read("listing memories", page);
  }

  @Override
  public CompletableFuture<Long> count(@Nullable Scope scope, @Nullable Filter filter, @Nullable Instant unexpiredAt) {
    return database.scan("counting memories",
        handle -> select(handle, "select count(*) from memory m", scope, filter, unexpiredAt, "", "").mapTo(Long.class)
            .one());
  }

  @Override
  public CompletableFuture<List<Head>> heads(@Nullable MemoryId after, int limit) {
    return database.read("comparing memories", handle -> {
      // What is left out, as in NEITHER_DELETED_NOR_VOID.
      Query query = handle.createQuery("select m.id, m.op, m.version, m.state from memory m where m.state <> 3"
          + after(after) + " order by m.id limit :limit").bind("limit", limit);
      bindAfter(query, after);
      return query.map((row, context) -> head(row)).list();
    });
  }

  @Override
  public CompletableFuture<List<Head>> heads(Collection<MemoryId> ids) {
    return database.read("comparing memories",
        handle -> handle.createQuery(
            "select m.id, m.op, m.version, m.state from memory m where m.state in (1, 2) and m.id = any(:ids)")
            .bindArray("ids", UUID.class, (Object[]) uuids(ids)).map((row, context) -> head(row)).list());
  }

  private static Head head(ResultSet row) throws SQLException {
    return new Head(new MemoryId(row.getObject(1, UUID.class)), new OperationId(row.getObject(2, UUID.class)),
        row.getInt(3), row.getInt(4) == number(CoreRow.State.LIVE));
  }

  @Override
  public CompletableFuture<Void> saveVector(DocumentName name, Embedding embedding) {
    requireMine(name.memory(), embedding);
    return database.read("keeping a vector", handle -> {
      handle.createUpdate("""
          insert into memory_vector (memory_id, model, op, vector)
          select m.id, :model, m.op, :vector from memory m where m.id = :id and m.op = :op and m.state = 1 for share
          on conflict (memory_id, model) do nothing""").bind("model", modelNumber)
          .bind("vector", Vectors.toBytes(embedding.vector())).bind("id", name.memory().value())
          .bind("op", name.op().value()).execute();
      return null;
    });
  }

  @Override
  public CompletableFuture<Long> bytes() {
    return database.read("measuring the core store", handle -> handle
        .createQuery("select pg_total_relation_size('memory') + pg_total_relation_size('memory_vector')")
        .mapTo(Long.class).one());
  }

  private static Query select(Handle handle, String head, @Nullable Scope scope, @Nullable Filter filter,
      @Nullable Instant unexpiredAt, String more, String tail) {
    StringBuilder sql = new StringBuilder(head).append(" where ")
        .append(scope == null ? NEITHER_DELETED_NOR_VOID : LIVE)
        .append(unexpiredAt == null ? "" : UNEXPIRED);
    FilterSql filterSql = filter == null ? null : FilterSql.of(filter);
    sql.append(within(scope));
    if (filterSql != null) {
      sql.append(" and ").append(filterSql.condition());
    }
    Query query = handle.createQuery(sql.append(more).append(tail).toString());
    if (unexpiredAt != null) {
      query.bind("now", unexpiredAt);
    }
    if (scope != null) {
      bindScope(query, scope);
    }
    if (filterSql != null) {
      filterSql.bind(query);
    }
    return query;
  }

  /** The condition that a row is in the scope, to be added to others. */
  static String within(@Nullable Scope scope) {
    return scope == null
        ? ""
        : (scope.user() == null ? "" : " and m.user_id = :user")
            + (scope.agent() == null ? "" : " and m.agent_id = :agent")
            + (scope.run() == null ? "" : " and m.run_id = :run");
  }

  static void bindScope(Query query, Scope scope) {
    bindIfNamed(query, "user", scope.user());
    bindIfNamed(query, "agent", scope.agent());
    bindIfNamed(query, "run", scope.run());
  }

  private static void bindIfNamed(SqlStatement<?> statement, String name, @Nullable String value) {
    if (value != null) {
      statement.bind(name, value);
    }
  }

  static String after(@Nullable MemoryId after) {
    return after == null ? "" : " and m.id > :after";
  }

  static void bindAfter(SqlStatement<?> statement, @Nullable MemoryId after) {
    if (after != null) {
      statement.bind("after", after.value());
    }
  }

  static UUID[] uuids(Collection<MemoryId> ids) {
    return ids.stream().map(MemoryId::value).toArray(UUID[]::new);
  }

  private CoreRow row(ResultSet row, boolean vectors) throws SQLException {
    CoreRow.State state = state(row.getInt("state"));
    byte[] vector = vectors ? row.getBytes("vector") : null;
    return new CoreRow(new MemoryId(row.getObject("id", UUID.class)), state, row.getInt("version"),
        new OperationId(row.getObject("op", UUID.class)), row.getObject("stamp", UUID.class),
        state == CoreRow.State.LIVE ? memory(row) : null,
        vector == null ? null : new Embedding(model, Vectors.fromBytes(vector)),
        row.getBoolean("is_unique"));
  }

  static Memory memory(ResultSet row) throws SQLException {
    return new Memory(new MemoryId(row.getObject("id", UUID.class)),
        new Scope(row.getString("user_id"), row.getString("agent_id"), row.getString("run_id")), row.getString("key"),
        row.getString("actor"), row.getString("content"), MetadataJson.read(row.getString("metadata")),
        instant(row, "occurred_at"), requireInstant(row, "created_at"), requireInstant(row, "updated_at"),
        instant(row, "expires_at"), row.getInt("version"), new OperationId(row.getObject("op", UUID.class)));
  }

  static @Nullable Instant instant(ResultSet row, String column) throws SQLException {
    OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
    return time == null ? null : time.toInstant();
  }

  static Instant requireInstant(ResultSet row, String column) throws SQLException {
    return row.getObject(column, OffsetDateTime.class).toInstant();
  }

  static int number(CoreRow.State state) {
    return switch (state) {
      case LIVE -> 1;
      case DELETED -> 2;
      case VOID -> 3;
    };
  }

  static CoreRow.State state(int number) {
    return switch (number) {
      case 1 -> CoreRow.State.LIVE;
      case 2 -> CoreRow.State.DELETED;
      case 3 -> CoreRow.State.VOID;
      default -> throw new IllegalStateException("the schema allows no state " + number);
    };
  }

  @Override
  public String toString() {
    return "PostgresCoreStore[" + database + ", " + model + "]";
  }
}
