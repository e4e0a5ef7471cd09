package dev.memlane.storage.postgres;

import dev.memlane.model.ContentTakenException;
import dev.memlane.model.StoreException;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.util.Set;
import org.jdbi.v3.core.ConnectionException;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.PSQLWarning;
import org.postgresql.util.ServerErrorMessage;

/** The meaning of an {@link SQLException}: whether it is certain, whether to try again, and how to explain it. */
final class SqlFailures {

  /** Deadlock, lock time-out, serialization failure: the same statement may succeed the next time. */
  private static final Set<String> TRANSIENT = Set.of("40P01", "55P03", "40001");

  /** The severities, in English, after which a server closes the connection. */
  private static final Set<String> FINAL = Set.of("FATAL", "PANIC");

  /** The SQLSTATE of messages that are neither errors nor warnings. */
  private static final String NOTICE = "00000";

  private SqlFailures() {}

  /**
   * Whether the transaction is certainly rolled back. It is if the server itself reported an error and went on, because
   * it has aborted the transaction by then. An error after which the connection ended, a broken connection and an error
   * of the driver itself say nothing about what happened before.
   */
  static boolean isCertain(SQLException failure) {
    if (!(failure instanceof PSQLException postgresFailure) || "40003".equals(failure.getSQLState())) {
      return false;
    }
    // The severity can't tell, because a server reports it in its own language.
    return postgresFailure.getServerErrorMessage() != null && !endedTheConnection(failure);
  }

  /** After a FATAL or PANIC the server closes the connection, which the driver reports next. */
  private static boolean endedTheConnection(SQLException failure) {
    int depth = 0;
    for (SQLException next = failure; next != null && depth < 20; next = next.getNextException(), depth++) {
      ServerErrorMessage message = next instanceof PSQLException postgres ? postgres.getServerErrorMessage() : null;
      if (message == null || FINAL.contains(String.valueOf(message.getSeverity()))) {
        return true;
      }
    }
    return false;
  }

  /** Whether this is a warning of the server and not a notice. */
  static boolean isWarning(SQLWarning warning) {
    // The severity can't tell, because a server reports it in its own language.
    return warning instanceof PSQLWarning && !NOTICE.equals(warning.getSQLState());
  }

  static boolean isTransient(SQLException failure) {
    return TRANSIENT.contains(String.valueOf(failure.getSQLState()));
  }

  /** Whether a connection broke in use, so that another may work; false where there was no connection at all. */
  static boolean isBrokenConnection(Throwable failure) {
    SQLException sql = sqlCause(failure);
    return sql instanceof PSQLException && !isCertain(sql)
        && (String.valueOf(sql.getSQLState()).startsWith("08") || String.valueOf(sql.getSQLState()).startsWith("57P"));
  }

  /**
   * Whether a callback that failed may have changed something: one of its tries had a connection, and the server did
   * not report that it rolled back.
   */
  static boolean isInDoubt(Throwable failure) {
    for (Throwable before : failure.getSuppressed()) {
      if (isInDoubt(before)) {
        return true;
      }
    }
    SQLException sql = sqlCause(failure);
    return sql != null && !(failure instanceof ConnectionException) && !isCertain(sql);
  }

  /** Translates a failure into an exception that says what happened and what to do. */
  static StoreException explain(String what, Throwable failure) {
    SQLException sql = sqlCause(failure);
    if (sql == null) {
      return new StoreException(what + ": " + failure.getMessage(), failure);
    }
    String state = String.valueOf(sql.getSQLState());
    String message = what + ": " + advice(state, sql);
    return isContentTaken(sql)
        ? new ContentTakenException(message, failure)
        : new StoreException(message, failure);
  }

  private static @Nullable SQLException sqlCause(Throwable failure) {
    SQLException found = null;
    int depth = 0;
    for (Throwable cause = failure; cause != null && depth < 20; cause = cause.getCause(), depth++) {
      if (cause instanceof SQLException sql && (found == null || sql instanceof PSQLException)) {
        found = sql;
      }
    }
    return found;
  }

  private static String advice(String state, SQLException sql) {
    String message = firstLine(sql);
    if (isContentTaken(sql)) {
      return "another memory of the scope has this content already, and the scope holds each content once (" + message
          + ")";
    }
    return switch (state) {
      case "28P01", "28000" -> "the database refuses the user or the password; check both (" + message + ")";
      case "3D000" -> "there is no such database; create it first (" + message + ")";
      case "53300" -> "the database has no connection left; raise max_connections or lower the pool size (" + message
          + ")";
      case "53100" -> "the database's disk is full; free some space, nothing that was acknowledged is lost (" + message
          + ")";
      case "25006" -> "the database is read-only (a standby, or default_transaction_read_only is on); connect to the "
          + "primary (" + message + ")";
      case "42501" -> "the database user lacks a privilege; grant it (" + message + ")";
      case "57014" -> "the statement took longer than statement_timeout (" + message + ")";
      case "55P03" -> "another transaction held the row longer than lock_timeout (" + message + ")";
      case "57P03" -> "the database is starting or stopping; try again (" + message + ")";
      default -> state.startsWith("08") || state.startsWith("57P")
          ? "the database cannot be reached; check that it runs and that the address is right (" + message + ")"
          : message + " (SQLSTATE " + state + ")";
    };
  }

  /** Whether the unique index on contents was violated, the only one that a caller can violate. */
  private static boolean isContentTaken(SQLException failure) {
    ServerErrorMessage message = failure instanceof PSQLException postgres ? postgres.getServerErrorMessage() : null;
    return message != null && "23505".equals(message.getSQLState()) && "memory_dedup".equals(message.getConstraint());
  }

  private static String firstLine(SQLException sql) {
    String message = String.valueOf(sql.getMessage());
    int end = message.indexOf('\n');
    return end < 0 ? message : message.substring(0, end);
  }
}
