package dev.memlane.storage.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.StoreException;
import dev.memlane.testing.TestServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The schema: creating and upgrading it, roles and rights, and the script for administrators. */
@Tag("programs")
class DatabaseSchemaTest {

  private static final String EVERYDAY_RIGHTS = "grant usage on schema memlane to %s; "
      + "grant select, insert, update, delete on all tables in schema memlane to %s";

  private final String url = TestServer.freshDatabase();

  @Test
  void files_areThoseInTheFolder() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("src/main/resources/dev/memlane/storage/postgres/migration"))) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrderElementsOf(DatabaseSchema.FILES);
    }
    assertThat(DatabaseSchema.FILES).allSatisfy(file -> assertThat(file)
        .startsWith("V" + (DatabaseSchema.FILES.indexOf(file) + 1) + "__"));
  }

  /** A framework that finds such a library would run it on the application's database. */
  @Test
  void classPath_hasNoMigrationLibrary() {
    assertThatExceptionOfType(ClassNotFoundException.class)
        .isThrownBy(() -> Class.forName("org.flywaydb.core.Flyway"));
  }

  @Test
  void open_concurrently_oneMigratesForAll() {
    ExecutorService threads = Executors.newFixedThreadPool(6);
    try (threads) {
      List<CompletableFuture<Void>> all = IntStream.range(0, 6)
          .mapToObj(i -> CompletableFuture.runAsync(() -> Database.builder(url).open().close(), threads)).toList();
      all.forEach(CompletableFuture::join);
    }

    assertThat(number("select count(*) from memlane.memlane_schema_version")).isEqualTo(DatabaseSchema.newest());
  }

  @Test
  void open_schemaMigratedByFlyway_copiesItsRecordsAndContinues() throws IOException {
    execute("create schema memlane", "set search_path = memlane", sql(1), sql(2), FLYWAY, flywayEntry(1),
        flywayEntry(2),
        "insert into memlane.embedding_model (name, dimension) values ('kept', 8)");

    Database.builder(url).open().close();

    assertThat(number("select count(*) from memlane.memlane_schema_version")).isEqualTo(DatabaseSchema.newest());
    assertThat(number("select count(*) from memlane.embedding_model")).isEqualTo(1);
    assertThat(number("select count(*) from pg_constraint where conname = 'memory_vector_model_fkey'")).isZero();
  }

  @Test
  void open_schemaWithTheApplicationsFlywayTable_ignoresIt() {
    execute("create schema memlane", "set search_path = memlane", FLYWAY,
        "insert into flyway_schema_history values (1, '1', 'orders', 'SQL', 'V1__orders.sql', 1, 'app', now(), 1, true)");

    Database.builder(url).open().close();

    assertThat(number("select count(*) from memlane.memory")).isZero();
    assertThat(number("select count(*) from memlane.flyway_schema_history")).isEqualTo(1);
  }

  @Test
  void open_asRoleWithoutRights_usesTablesOfAnotherRole() {
    String role = role();
    Database.builder(url).open().close();
    execute(EVERYDAY_RIGHTS.replace("%s", role));

    try (Database database = as(role).open()) {
      assertThat(database.<String>readNow("asking",
          handle -> handle.createQuery("select current_user").mapTo(String.class).one())).isEqualTo(role);
      assertThat(database.<Integer>writeNow("writing",
          handle -> handle.execute("insert into embedding_model (name, dimension) values ('m', 8)"))).isEqualTo(1);
    }
  }

  @Test
  void open_oldSchemaAsRoleWithoutRights_saysWhoMustUpgrade() throws IOException {
    String role = role();
    execute("create schema memlane", "set search_path = memlane", sql(1), sql(2), FLYWAY, flywayEntry(1),
        flywayEntry(2),
        EVERYDAY_RIGHTS.replace("%s", role));

    refused(as(role), "may not change them", "memlane schema");

    Database.builder(url).open().close();
    // As it was before the newest version.
    execute("create index memory_time on memlane.memory (created_at)",
        "delete from memlane.memlane_schema_version where version = " + DatabaseSchema.newest(),
        EVERYDAY_RIGHTS.replace("%s", role));
    refused(as(role), "version " + (DatabaseSchema.newest() - 1), "version " + DatabaseSchema.newest());
  }

  @Test
  void open_asRoleThatMayNotUseTheSchema_namesTheMissingGrants() {
    String role = role();
    Database.builder(url).open().close();

    refused(as(role), "may not use the schema memlane", "grant it usage");
  }

  @Test
  void open_newerSchema_isRefused() {
    Database.builder(url).open().close();
    execute("insert into memlane.memlane_schema_version (version, file) values (99, 'V99__later.sql')");

    refused(Database.builder(url), "version 99", "newer Memlane");
  }

  @Test
  void open_scriptThatFails_changesNothing() {
    execute("create schema memlane", "create table memlane.history (nothing integer)");

    refused(Database.builder(url), "schema could not be brought up to date", "history");

    assertThat(number("select count(*) from pg_tables where schemaname = 'memlane'")).isEqualTo(1);
  }

  @Test
  void open_schemaNamedLikeAnSqlKeyword_works() {
    Database.builder(url).schema("user").open().close();

    assertThat(number("select count(*) from \"user\".memory")).isZero();
  }

  @Test
  void script_runByAnAdministrator_leavesNothingToDo() {
    String role = role();
    execute(new DatabaseSchema("memlane").script(0), EVERYDAY_RIGHTS.replace("%s", role));

    as(role).open().close();

    assertThat(number("select count(*) from memlane.memlane_schema_version")).isEqualTo(DatabaseSchema.newest());
  }

  @Test
  void script_afterAVersion_runsTheLaterOnesOnly() throws IOException {
    String role = role();
    execute("create schema memlane", "set search_path = memlane", sql(1), sql(2), FLYWAY, flywayEntry(1),
        flywayEntry(2));

    execute(new DatabaseSchema("memlane").script(2), EVERYDAY_RIGHTS.replace("%s", role));

    as(role).open().close();
    assertThat(number("select count(*) from pg_indexes where indexname = 'memory_tombstone'")).isEqualTo(1);
  }

  @Test
  void script_unknownVersion_isRefused() {
    DatabaseSchema schema = new DatabaseSchema("memlane");

    assertThatExceptionOfType(InvalidInputException.class).isThrownBy(() -> schema.script(-1))
        .withMessageContaining("-1");
    assertThatExceptionOfType(InvalidInputException.class).isThrownBy(() -> schema.script(DatabaseSchema.newest() + 1));
  }

  /** As Flyway creates it. */
  private static final String FLYWAY = """
      create table flyway_schema_history (
        installed_rank integer not null primary key, version varchar(50), description varchar(200) not null,
        type varchar(20) not null, script varchar(1000) not null, checksum integer, installed_by varchar(100) not null,
        installed_on timestamp not null default now(), execution_time integer not null, success boolean not null)""";

  private static String flywayEntry(int version) {
    return "insert into flyway_schema_history values (" + version + ", '" + version + "', 'any', 'SQL', '"
        + DatabaseSchema.FILES.get(version - 1) + "', 1, 'postgres', now(), 1, true)";
  }

  private static String sql(int version) throws IOException {
    return Files.readString(Path.of("src/main/resources/dev/memlane/storage/postgres/migration",
        DatabaseSchema.FILES.get(version - 1)), StandardCharsets.UTF_8);
  }

  private String role() {
    String role = "role_" + UUID.randomUUID().toString().replace("-", "");
    execute("create role " + role + " login");
    return role;
  }

  private DatabaseBuilder as(String role) {
    return Database.builder(url.replaceFirst("user=\\w+", "user=" + role));
  }

  private static void refused(DatabaseBuilder builder, String... named) {
    assertThatExceptionOfType(StoreException.class).isThrownBy(builder::open)
        .satisfies(e -> assertThat(e.getMessage()).contains(named));
  }

  private void execute(String... statements) {
    try (Connection connection = DriverManager.getConnection(url); Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private long number(String sql) {
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getLong(1);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
