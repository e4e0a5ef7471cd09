package dev.memlane.storage.postgres;

import dev.memlane.model.StoreException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.postgresql.PGConnection;
import org.postgresql.jdbc.PreferQueryMode;

/** The properties that a server and its connections must have to hold memories. */
final class ServerRequirements {

  private static final System.Logger LOGGER = System.getLogger(ServerRequirements.class.getName());
  private static final int OLDEST_SERVER = 15;

  private ServerRequirements() {}

  /**
   * Checks the requirements, and logs a warning for settings that endanger what was acknowledged.
   *
   * @return the server's major version
   * @throws StoreException if a requirement is not met; the message says what to change
   */
  static int check(Handle handle) {
    int version = handle.createQuery("select current_setting('server_version_num')::int / 10000").mapTo(Integer.class)
        .one();
    if (version < OLDEST_SERVER) {
      throw new StoreException(
          "the database is PostgreSQL " + version + "; Memlane needs " + OLDEST_SERVER + " or later",
          null);
    }
    String encoding = handle.createQuery("show server_encoding").mapTo(String.class).one();
    if (!"UTF8".equals(encoding)) {
      throw new StoreException("the database's encoding is " + encoding + "; create one with encoding UTF8", null);
    }
    boolean readOnly = handle
        .createQuery("select pg_is_in_recovery() or current_setting('transaction_read_only')::bool")
        .mapTo(Boolean.class).one();
    if (readOnly) {
      throw new StoreException("the database is read-only (a standby, or default_transaction_read_only is on); "
          + "connect to the primary, or allow writing", null);
    }
    warnOfRisks(handle);
    String isolation = handle.createQuery("show transaction_isolation").mapTo(String.class).one();
    if (!"read committed".equals(isolation)) {
      throw new StoreException(
          "transactions of these connections are " + isolation + "; Memlane compares and sets, which "
              + "needs read committed: change the pool's or the role's default",
          null);
    }
    requireExtendedQueries(handle.getConnection());
    return version;
  }

  private static void warnOfRisks(Handle handle) {
    for (String setting : List.of("fsync", "synchronous_commit", "full_page_writes")) {
      String value = handle.createQuery("select current_setting(:name)").bind("name", setting).mapTo(String.class)
          .one();
      if ("off".equals(value)) {
        LOGGER.log(System.Logger.Level.WARNING,
            "the database has {0} = off: a crash of its server may lose what was acknowledged; switch it on", setting);
      }
    }
  }

  /** In the simple mode the driver would split statements that must be one transaction. */
  private static void requireExtendedQueries(Connection connection) {
    try {
      if (connection.unwrap(PGConnection.class).getPreferQueryMode() == PreferQueryMode.SIMPLE) {
        throw new StoreException(
            "statements would not be sent together; remove preferQueryMode from the database's URL", null);
      }
    } catch (SQLException e) {
      throw SqlFailures.explain("the connections can't be used", e);
    }
  }
}
