package dev.memlane.storage.postgres;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.StoreException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The tables in one schema of a database, and the numbered SQL files that bring them to the newest version.
 *
 * <p>
 * There are no files for going back. The missing files run in one transaction, which also records them in the table
 * {@value #VERSIONS}, so either all of them are applied or none. An advisory lock of that transaction admits one
 * process at a time; the others then find nothing to do. A schema at the newest version is only read, so a role without
 * the right to create tables can use the tables of another role. Everything is scoped to the transaction and nothing to
 * the session, so it works through a pooler as well.
 *
 * <p>
 * This is our own code because an application's framework would find a migration library on the class path and migrate
 * the application's own database with it. Immutable.
 */
public final class DatabaseSchema {

  /** The table that records the versions. */
  static final String VERSIONS = "memlane_schema_version";

  /** The files in order; the first is version 1. A published file never changes. */
  static final List<String> FILES = List.of("V1__memory_and_history.sql", "V2__sweeping.sql",
      "V3__vectors_without_a_check_of_their_model.sql", "V4__erasing.sql", "V5__lists_by_time.sql",
      "V6__changed_details.sql", "V7__contents_in_one_form.sql",
      "V8__lists_by_time_of_a_user.sql", "V9__conversations.sql",
      "V10__lane_tasks.sql", "V11__proofs.sql", "V12__leases_of_claims.sql",
      "V13__remembering.sql", "V14__token_budget.sql", "V15__leases.sql",
      "V16__switches_of_the_model.sql");

  private static final Pattern NAME = Pattern.compile("[a-z_][a-z0-9_]{0,62}");

  private static final String CREATE_VERSIONS = "create table if not exists " + VERSIONS + """
       (
        version integer primary key,
        file text not null,
        at timestamptz not null default now()
      )""";

  private final String name;

  /**
   * @param name lower-case letters, digits and underscores
   * @throws InvalidInputException if the name contains anything else
   */
  public DatabaseSchema(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new InvalidInputException(
          "the schema's name must consist of lower-case letters, digits and underscores: \"" + name + "\"");
    }
    this.name = name;
  }

  public String name() {
    return name;
  }

  /** The newest version, which this program needs. */
  public static int newest() {
    return FILES.size();
  }

  /**
   * Returns SQL that creates the tables or brings them to the newest version, for administrators who run it themselves
   * instead of leaving it to the opening. It is one transaction, to be run by the role that will own the tables.
   *
   * @param after the database's present version; 0 if it has none
   * @throws InvalidInputException if there is no such version
   */
  public String script(int after) {
    if (after < 0 || after > newest()) {
      throw new InvalidInputException("there is no version " + after + " of the schema; say 0 to " + newest());
    }
    StringBuilder script = new StringBuilder("begin;\n");
    if (after == 0) {
      script.append("create schema if not exists ").append(quoted()).append(";\n");
    }
    script.append("set local search_path = ").append(quoted()).append(";\n").append(CREATE_VERSIONS).append(";\n");
    for (int version = 1; version <= newest(); version++) {
      if (version > after) {
        script.append("\n-- Version ").append(version).append('\n').append(sql(version)).append('\n');
      }
      script.append("insert into ").append(VERSIONS).append(" (version, file) values (").append(version).append(", '")
          .append(FILES.get(version - 1)).append("') on conflict do nothing;\n");
    }
    return script.append("commit;\n").toString();
  }

  /**
   * Brings the tables to the newest version.
   *
   * @param connection outside a transaction; its isolation level must be READ COMMITTED, because the version is read
   * again after the wait for the lock
   * @throws StoreException if the schema is newer than this program, or the role may not change it
   * @throws SQLException if a statement fails; nothing has changed then
   */
  void migrate(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    try {
      migrateInTransaction(connection);
      connection.commit();
    } catch (SQLException | RuntimeException e) {
      try {
        connection.rollback();
      } catch (SQLException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    } finally {
      connection.setAutoCommit(true);
    }
  }

  private void migrateInTransaction(Connection connection) throws SQLException {
    // Creating an index on a large table takes longer than other statements may.
    execute(connection, "select set_config('search_path', '" + quoted() + "', true), "
        + "set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true), "
        + "set_config('idle_in_transaction_session_timeout', '0', true)");
    requireUsage(connection);
    int present = version(connection);
    if (present < newest()) {
      try {
        execute(connection, "select pg_advisory_xact_lock(hashtextextended('memlane schema " + name + "', 0))");
        present = upgrade(connection);
      } catch (SQLException e) {
        if ("42501".equals(e.getSQLState())) {
          throw new StoreException("the tables in the schema " + name + " are of version " + present + ", and version "
              + newest() + " is needed; the database user may not change them: open the database once with a user that "
              + "may, or have its administrator run the SQL that 'memlane schema' prints", e);
        }
        throw e;
      }
    }
    if (present > newest()) {
      throw new StoreException("the tables in the schema " + name + " are of version " + present
          + ", made by a newer Memlane; this one knows versions up to " + newest() + ": use the newer one", null);
    }
  }

  /** To a role that may not use it, a schema looks empty. */
  private void requireUsage(Connection connection) throws SQLException {
    if (!single(connection, "select not exists (select 1 from pg_namespace where nspname = '" + name
        + "' and not has_schema_privilege(oid, 'usage'))", Boolean.class)) {
      throw new StoreException(
          "the database user may not use the schema " + name + "; grant it usage on the schema, and "
              + "select, insert, update and delete on its tables",
          null);
    }
  }

  /** Quoted, because some names are SQL keywords. */
  private String quoted() {
    return '"' + name + '"';
  }

  /** Runs under the lock. Another process may have done the work during the wait for it. */
  private int upgrade(Connection connection) throws SQLException {
    if (!single(connection, "select exists (select 1 from pg_namespace where nspname = '" + name + "')",
        Boolean.class)) {
      execute(connection, "create schema " + quoted());
    }
    if (!exists(connection, VERSIONS)) {
      execute(connection, CREATE_VERSIONS);
      copyFlywayRecords(connection);
    }
    int present = version(connection);
    for (int version = present + 1; version <= newest(); version++) {
      execute(connection, sql(version));
      record(connection, version);
    }
    return Math.max(present, newest());
  }

  /**
   * Copies the records of Flyway, which ran these files before this class existed. An application may keep its own
   * migrations in a table of that name, so only the entries of these files count. That table is not changed.
   */
  private void copyFlywayRecords(Connection connection) throws SQLException {
    if (!exists(connection, "flyway_schema_history")) {
      return;
    }
    for (int version = 1; version <= newest(); version++) {
      String file = FILES.get(version - 1);
      if (single(connection, "select exists (select 1 from flyway_schema_history where success and script = '" + file
          + "')", Boolean.class)) {
        record(connection, version);
      }
    }
  }

  private int version(Connection connection) throws SQLException {
    return exists(connection, VERSIONS)
        ? single(connection, "select coalesce(max(version), 0) from " + VERSIONS, Integer.class)
        : 0;
  }

  private static void record(Connection connection, int version) throws SQLException {
    execute(connection, "insert into " + VERSIONS + " (version, file) values (" + version + ", '"
        + FILES.get(version - 1) + "')");
  }

  /** Reads the catalog's tables, because functions such as to_regclass may still see the state before the lock. */
  private boolean exists(Connection connection, String table) throws SQLException {
    return single(connection, "select exists (select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        + "where n.nspname = '" + name + "' and c.relname = '" + table + "')", Boolean.class);
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static <T> T single(Connection connection, String sql, Class<T> type) throws SQLException {
    try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getObject(1, type);
    }
  }

  private static String sql(int version) {
    String file = FILES.get(version - 1);
    try (InputStream in = DatabaseSchema.class.getResourceAsStream("migration/" + file)) {
      if (in == null) {
        throw new IllegalStateException("the file " + file + " is missing from Memlane's own jar");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("the file " + file + " of Memlane's own jar can't be read", e);
    }
  }

  @Override
  public String toString() {
    return "DatabaseSchema[" + name + "]";
  }
}
