package dev.memlane.storage.core;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.ContentHash;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Metadata;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreResult;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.Operation;
import dev.memlane.model.store.Unit;
import dev.memlane.storage.history.PostgresHistoryStore;
import dev.memlane.storage.postgres.Database;
import dev.memlane.testing.TestOperations;
import dev.memlane.testing.TestServer;
import java.io.IOException;
import java.io.InputStream;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Equality of contents in a scope that holds each content once. */
@Tag("programs")
class ContentsInOneFormTest {

  private static final Scope ADA = Scope.user("ada");
  private static final String UPGRADE = "/dev/memlane/storage/postgres/migration/V7__contents_in_one_form.sql";

  private String jdbcUrl;
  private Database database;
  private PostgresCoreStore core;

  @BeforeEach
  void open() {
    jdbcUrl = TestServer.freshDatabase();
    reopen();
  }

  private void reopen() {
    database = Database.builder(jdbcUrl).open();
    core = PostgresCoreStore.open(database, TestOperations.MODEL, TestOperations.DIMENSION);
  }

  @AfterEach
  void close() {
    database.close();
  }

  private Operation unique(String content) {
    Operation add = TestOperations.add(TestOperations.newId(), content, ADA, Metadata.empty());
    return new Operation(add.op(), add.kind(), add.memory(), null, add.after(), add.embedding(), null, add.at(), true);
  }

  private StoreResult write(Operation operation) {
    Unit unit = database.units().begin(Unit.Kind.WRITE, operation.memory(), operation.op(),
        Instant.now().plusSeconds(30));
    CompletableFuture<StoreResult> inCore = core.write(unit, operation);
    CompletableFuture<StoreResult> inHistory = new PostgresHistoryStore(database).write(unit, operation);
    inHistory.join();
    return inCore.join();
  }

  private MemoryId stored(String content) {
    Operation add = unique(content);
    assertThat(write(add)).isInstanceOf(StoreResult.Applied.class);
    return add.memory();
  }

  private Optional<MemoryId> holder(String content) {
    return core.findUnique(ADA, content).join().map(CoreRow::id);
  }

  @Test
  void unique_sameContentInAnotherForm_isADuplicate() {
    MemoryId cafe = stored("Ada\u2019s cafe\u0301 re\u00ADmembers");

    assertThat(holder("Ada's caf\u00E9 remembers")).hasValue(cafe);
    assertThat(write(unique("Ada's caf\u00E9 remem\u200Bbers"))).isInstanceOf(StoreResult.NotApplied.class);
    assertThat(holder("Ada's cafe remembers")).as("an accent makes a difference").isEmpty();
    assertThat(holder("ada's caf\u00E9 remembers")).as("so does case").isEmpty();
  }

  @Test
  void unique_numbersThatOnlyLookCompatible_areTwoContents() {
    stored("10\u00B2 oboes");

    assertThat(holder("102 oboes")).isEmpty();
    stored("102 oboes");
  }

  @Test
  void open_withHashesOfAnOlderVersion_upgradesThem() throws Exception {
    MemoryId first = stored("caf\u00E9 one");
    MemoryId plain = stored("plain");
    MemoryId decomposed = stored("cafe\u0301 two");
    makeOld();
    assertThat(holder("caf\u00E9 two")).as("known by the text as it is").isEmpty();

    database.close();
    reopen();

    assertThat(holder("caf\u00E9 two")).hasValue(decomposed);
    assertThat(holder("cafe\u0301 one")).hasValue(first);
    assertThat(holder("plain")).hasValue(plain);
    assertThat(count("select count(*) from memlane.memory_rehash")).isZero();
  }

  @Test
  void open_withTwoContentsThatBecomeEqual_keepsBothAndTheFirstOnesHash() throws Exception {
    MemoryId first = stored("caf\u00E9");
    MemoryId other = stored("another");
    MemoryId last = stored("\u00FCber");
    makeOld();
    execute(
        "update memlane.memory set content = 'cafe\u0301', created_at = created_at + interval '1 hour', dedup_hash = '"
            + ContentHash.of(null, "cafe\u0301").value() + "' where id = '" + other.value() + "'");
    execute("insert into memlane.memory_rehash values ('" + other.value() + "') on conflict do nothing");

    database.close();
    reopen();

    assertThat(holder("cafe\u0301")).hasValue(first);
    assertThat(holder("u\u0308ber")).hasValue(last);
    Map<MemoryId, CoreRow> rows = core.read(List.of(first, other), false).join();
    assertThat(Objects.requireNonNull(rows.get(first)).unique()).isTrue();
    assertThat(Objects.requireNonNull(rows.get(other)).unique()).isFalse();
    assertThat(Objects.requireNonNull(rows.get(other)).state()).isEqualTo(CoreRow.State.LIVE);
    assertThat(count("select count(*) from memlane.memory_rehash")).isZero();
  }

  /** Sets hashes as they were computed before there was one form, and runs the upgrade on them. */
  private void makeOld() throws SQLException, IOException {
    try (Connection connection = DriverManager.getConnection(jdbcUrl);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("select id, content from memlane.memory where state = 1");
        PreparedStatement update = connection
            .prepareStatement("update memlane.memory set dedup_hash = ? where id = ?")) {
      while (rows.next()) {
        update.setObject(1, ContentHash.of(null, rows.getString(2)).value());
        update.setObject(2, rows.getObject(1));
        update.executeUpdate();
      }
    }
    try (InputStream sql = Objects.requireNonNull(getClass().getResourceAsStream(UPGRADE))) {
      execute("drop table memlane.memory_rehash");
      execute("set search_path = memlane; " + new String(sql.readAllBytes(), UTF_8));
    }
  }

  private void execute(String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(jdbcUrl);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private long count(String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(jdbcUrl);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getLong(1);
    }
  }
}
