package dev.memlane.perf.tests.scenario;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.memlane.model.Embedding;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Metadata;
import dev.memlane.model.OperationId;
import dev.memlane.model.StoreResult;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.storage.core.PostgresCoreStore;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.vector.LuceneVectorIndex;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * The same writes as a typical program would do them, for comparison: into the same tables (in a schema of their own),
 * with the same index, by prepared statements on pooled connections, each write committed durably on its own. There is
 * no tracking and no undo.
 *
 * <p>
 * Safe for use by several threads.
 */
final class PlainWrites implements AutoCloseable {

  private static final int CONNECTIONS = 24;

  private static final String CORE_COLUMNS = "(id, state, version, op, stamp, user_id, content, content_hash, metadata,"
      + " created_at, updated_at";
  private static final String CORE_VALUES = "(?, 1, 1, ?, ?, ?, ?, ?, '{}', ?, ?";
  private static final String CORE = "insert into memory " + CORE_COLUMNS + ") values " + CORE_VALUES + ");"
      + "insert into memory_vector (memory_id, model, op, vector) values (?, 1, ?, ?)";
  private static final String HISTORY = "insert into history (op, memory_id, version, kind, new_content, new_metadata, at)"
      + " values (?, ?, 1, 1, ?, '{}', ?)";
  private static final String ROW = "insert into row_with_vector " + CORE_COLUMNS + ", vector) values " + CORE_VALUES
      + ", ?)";

  /**
   * An index that waits this long for an interval with few writes builds no graph while another contestant is measured.
   * It commits by the number of writes.
   */
  static final Duration NO_QUIET_INTERVAL = Duration.ofHours(1);

  private final GeneratedMemories generated;
  private final HikariDataSource pool;
  private final LuceneVectorIndex index;
  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();

  private PlainWrites(GeneratedMemories generated, HikariDataSource pool, LuceneVectorIndex index) {
    this.generated = generated;
    this.pool = pool;
    this.index = index;
  }

  static PlainWrites open(Server server, GeneratedMemories generated) throws SQLException {
    String schema = "plain";
    try (Database database = Database.builder(server.jdbcUrl()).schema(schema).open()) {
      // Creates the tables, and the model's row.
      PostgresCoreStore.open(database, GeneratedMemories.MODEL, GeneratedMemories.DIMENSION);
    }
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(server.jdbcUrl() + "&currentSchema=" + schema);
    config.setMaximumPoolSize(CONNECTIONS);
    HikariDataSource pool = new HikariDataSource(config);
    try (Connection connection = pool.getConnection(); Statement statement = connection.createStatement()) {
      statement.execute("create table row_with_vector (like memory including all)");
      statement.execute("alter table row_with_vector add column vector bytea not null");
      statement.execute("alter table row_with_vector alter column vector set storage plain");
    }
    return new PlainWrites(generated, pool, LuceneVectorIndex.builder(server.folder("index-plain"))
        .model(GeneratedMemories.MODEL).dimension(GeneratedMemories.DIMENSION).commitInterval(NO_QUIET_INTERVAL)
        .open());
  }

  /** A memory with everything that is prepared before it is written. */
  private record Row(Memory memory, IndexDocument document) {

    UUID id() {
      return memory.id().value();
    }

    UUID op() {
      return memory.op().value();
    }

    OffsetDateTime at() {
      return memory.createdAt().atOffset(ZoneOffset.UTC);
    }
  }

  private Row row(long number) {
    Instant now = Instant.now().truncatedTo(ChronoUnit.MICROS);
    Memory memory = new Memory(new MemoryId(timeOrdered(now)), generated.scope(number), null, null,
        generated.content(number), Metadata.empty(), null, now, now, null, 1, new OperationId(timeOrdered(now)));
    return new Row(memory, new IndexDocument(memory, generated.vector(number)));
  }

  /** Encodes a vector as core stores it. */
  static byte[] bytes(Embedding vector) {
    ByteBuffer bytes = ByteBuffer.allocate(vector.dimension() * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(vector.vector());
    return bytes.array();
  }

  static UUID timeOrdered(Instant now) {
    UUID random = UUID.randomUUID();
    return new UUID(now.toEpochMilli() << 16 | 0x7000 | random.getMostSignificantBits() & 0xFFF,
        random.getLeastSignificantBits());
  }

  /** Writes one row with its vector in it: the least that a durable write can be. */
  void insertRow(long number) throws SQLException {
    Row row = row(number);
    try (Connection connection = pool.getConnection();
        PreparedStatement statement = connection.prepareStatement(ROW)) {
      int next = bindCore(statement, row);
      statement.setBytes(next, bytes(row.document.embedding()));
      statement.execute();
    }
  }

  /** Writes core, index and history, one after the other. */
  void oneAfterTheOther(long number) throws SQLException {
    Row row = row(number);
    insertCore(row);
    put(row).join();
    insertHistory(row);
  }

  /** Writes core, index and history at the same time, each in its own transaction. */
  void fanOut(long number) {
    Row row = row(number);
    CompletableFuture<?> core = CompletableFuture.runAsync(() -> insertCoreUnchecked(row), executor);
    CompletableFuture<?> history = CompletableFuture.runAsync(() -> insertHistoryUnchecked(row), executor);
    CompletableFuture.allOf(core, put(row), history).join();
  }

  private void insertCoreUnchecked(Row row) {
    try {
      insertCore(row);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private void insertHistoryUnchecked(Row row) {
    try {
      insertHistory(row);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Writes the row and its vector, in one round trip and one transaction. */
  private void insertCore(Row row) throws SQLException {
    try (Connection connection = pool.getConnection();
        PreparedStatement statement = connection.prepareStatement(CORE)) {
      int next = bindCore(statement, row);
      statement.setObject(next++, row.id());
      statement.setObject(next++, row.op());
      statement.setBytes(next, bytes(row.document.embedding()));
      statement.execute();
    }
  }

  private static int bindCore(PreparedStatement statement, Row row) throws SQLException {
    int next = 1;
    statement.setObject(next++, row.id());
    statement.setObject(next++, row.op());
    statement.setObject(next++, row.op());
    statement.setString(next++, row.memory.scope().user());
    statement.setString(next++, row.memory.content());
    statement.setObject(next++, row.memory.contentHash().value());
    statement.setObject(next++, row.at());
    statement.setObject(next++, row.at());
    return next;
  }

  private void insertHistory(Row row) throws SQLException {
    try (Connection connection = pool.getConnection();
        PreparedStatement statement = connection.prepareStatement(HISTORY)) {
      statement.setObject(1, row.op());
      statement.setObject(2, row.id());
      statement.setString(3, row.memory.content());
      statement.setObject(4, row.at());
      statement.execute();
    }
  }

  private CompletableFuture<Void> put(Row row) {
    return index.put(row.document, Instant.now().plusSeconds(60)).thenAccept(result -> {
      if (!(result instanceof StoreResult.Applied)) {
        throw new IllegalStateException("the index answered with " + result);
      }
    });
  }

  @Override
  public void close() {
    executor.close();
    index.close();
    pool.close();
  }
}
