package dev.memlane.storage.postgres;

import dev.memlane.model.OperationId;
import dev.memlane.model.listen.Activity;
import dev.memlane.model.listen.StepType;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.jdbi.v3.core.ConnectionFactory;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;

/**
 * The sender of batches: it sends the units of a batch as one transaction.
 *
 * <p>
 * The statements of all units go out joined in one string, each statement once for all the units that need it. A single
 * unit takes one round trip: outside of an explicit transaction its statements form an implicit one. Several units get
 * an explicit transaction, because the driver may split a long message, which would end an implicit one. The commit is
 * the last statement, which a server that has reported an error skips.
 */
final class BatchSender {

  /**
   * Many callers wait for a batch, so it waits only briefly for a lock; a unit whose row is locked is sent again alone.
   */
  static final String LOCK_TIMEOUT = "lock_timeout";
  static final String SHORT_WAIT_MILLIS = "100";

  private final ConnectionFactory connections;
  private final @Nullable String beforeOne;
  private final String beforeMany;

  /** Creates a sender for connections that have their settings from the start. */
  BatchSender(ConnectionFactory connections) {
    this(connections, null, "select set_config('" + LOCK_TIMEOUT + "', '" + SHORT_WAIT_MILLIS + "', true)");
  }

  /**
   * @param beforeOne a statement with one result that precedes those of a single unit; null for none
   * @param beforeMany the same for several units
   */
  BatchSender(ConnectionFactory connections, @Nullable String beforeOne, String beforeMany) {
    this.connections = connections;
    this.beforeOne = beforeOne;
    this.beforeMany = beforeMany;
  }

  /** There was no connection; nothing was sent. */
  static final class NotSentException extends Exception {
    NotSentException(SQLException cause) {
      super(cause);
    }
  }

  /**
   * Sends a batch and waits for the answer.
   *
   * @param skipping whether to pass over locked rows, where a statement can
   * @throws NotSentException if nothing was sent
   * @throws SQLException see {@link SqlFailures#isCertain} for whether the batch is certainly not applied
   */
  BatchAnswer send(List<DatabaseUnit> batch, boolean skipping) throws NotSentException, SQLException {
    Activity transaction = Activity.sharedStep(activities(batch), StepType.TRANSACTION, batch.size(), null, null);
    if (transaction == null) {
      return sendUnreported(batch, skipping);
    }
    try {
      Runnable entered = Activity.enter(transaction);
      BatchAnswer answer;
      try {
        answer = sendUnreported(batch, skipping);
      } finally {
        Activity.leave(entered);
      }
      Activity.end(transaction, null, null);
      return answer;
    } catch (NotSentException | SQLException | RuntimeException | Error e) {
      Activity.end(transaction, null, e);
      throw e;
    }
  }

  /** The activities of those units to which somebody listens. */
  private static List<Activity> activities(List<DatabaseUnit> batch) {
    List<Activity> activities = List.of();
    for (DatabaseUnit unit : batch) {
      Activity activity = unit.activity();
      if (activity != null) {
        if (activities.isEmpty()) {
          activities = new ArrayList<>(batch.size());
        }
        activities.add(activity);
      }
    }
    return activities;
  }

  private BatchAnswer sendUnreported(List<DatabaseUnit> batch, boolean skipping)
      throws NotSentException, SQLException {
    Map<UnitStatement<?>, List<Object>> groups = groups(batch);
    // One unit may have several rows for a statement, which need arrays again.
    boolean single = batch.size() == 1 && groups.values().stream().allMatch(rows -> rows.size() == 1);
    String before = single ? beforeOne : beforeMany;
    StringBuilder sql = new StringBuilder(before == null ? "" : before);
    for (UnitStatement<?> statement : groups.keySet()) {
      String skippingSql = statement.skippingSql();
      sql.append(sql.isEmpty() ? "" : ";")
          .append(single ? statement.singleSql() : skipping && skippingSql != null ? skippingSql : statement.sql());
    }
    sql.append(single ? "" : ";commit");
    Connection connection = connect();
    try {
      BatchAnswer answer = send(connection, sql.toString(), groups, single, before != null);
      connections.closeConnection(connection);
      return answer;
    } catch (SQLException | RuntimeException | Error e) {
      closeAfter(connection, e);
      throw e;
    }
  }

  private void closeAfter(Connection connection, Throwable failure) {
    try {
      connections.closeConnection(connection);
    } catch (SQLException e) {
      failure.addSuppressed(e);
    }
  }

  private static BatchAnswer send(Connection connection, String sql, Map<UnitStatement<?>, List<Object>> groups,
      boolean single, boolean skipsFirst) throws SQLException {
    connection.setAutoCommit(single);
    try {
      BatchAnswer answer = execute(connection, sql, groups, single, skipsFirst);
      requireNoTransaction(connection);
      return answer;
    } catch (SQLException | RuntimeException e) {
      if (!single) {
        rollback(connection, e);
      }
      throw e;
    }
  }

  private Connection connect() throws NotSentException {
    try {
      return connections.openConnection();
    } catch (SQLException e) {
      throw new NotSentException(e);
    }
  }

  /** The statements of a batch in their order, each with the values of its units. */
  private static Map<UnitStatement<?>, List<Object>> groups(List<DatabaseUnit> batch) {
    SortedMap<Integer, Map<UnitStatement<?>, List<Object>>> phases = new TreeMap<>();
    for (DatabaseUnit unit : batch) {
      for (Part part : unit.parts()) {
        for (Part.Step<?> step : part.steps()) {
          phases.computeIfAbsent(step.phase(), phase -> new LinkedHashMap<>())
              .computeIfAbsent(step.statement(), statement -> new ArrayList<>()).add(step.item());
        }
      }
    }
    Map<UnitStatement<?>, List<Object>> groups = new LinkedHashMap<>();
    phases.values().forEach(groups::putAll);
    return groups;
  }

  /**
   * @param skipsFirst whether the first result belongs to no unit
   */
  private static BatchAnswer execute(Connection connection, String sql, Map<UnitStatement<?>, List<Object>> groups,
      boolean single, boolean skipsFirst) throws SQLException {
    BatchAnswer answer = new BatchAnswer();
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      int next = 1;
      for (Map.Entry<UnitStatement<?>, List<Object>> group : groups.entrySet()) {
        next = bind(new ArrayBinder(statement, next, single), group.getKey(), group.getValue());
      }
      boolean rows = statement.execute();
      if (skipsFirst) {
        rows = statement.getMoreResults();
      }
      for (UnitStatement<?> each : groups.keySet()) {
        if (!rows) {
          throw new IllegalStateException("the statement \"" + each.name() + "\" returned no rows");
        }
        answer.put(each, versions(statement));
        rows = statement.getMoreResults();
      }
      requireNoWarning(statement.getWarnings());
    }
    return answer;
  }

  @SuppressWarnings("unchecked") // a step's item is of its statement's type; groups() only collected them
  private static <I> int bind(ArrayBinder binder, UnitStatement<I> unitStatement, List<Object> items)
      throws SQLException {
    unitStatement.binder().bind(binder, (List<I>) items);
    return binder.next();
  }

  private static Map<OperationId, Integer> versions(PreparedStatement statement) throws SQLException {
    Map<OperationId, Integer> versions = new HashMap<>();
    try (ResultSet rows = statement.getResultSet()) {
      while (rows.next()) {
        versions.put(new OperationId(rows.getObject(1, UUID.class)), rows.getInt(2));
      }
    }
    return versions;
  }

  private static void rollback(Connection connection, Exception cause) {
    try {
      connection.rollback();
    } catch (SQLException e) {
      // The connection is broken, and its end rolls back the transaction.
      cause.addSuppressed(e);
    }
  }

  /** A transaction that is still open was not committed. */
  private static void requireNoTransaction(Connection connection) throws SQLException {
    TransactionState state = connection.unwrap(BaseConnection.class).getTransactionState();
    if (state != TransactionState.IDLE) {
      throw new SQLException("the transaction was still " + state + " after its commit", "25P02");
    }
  }

  /** A commit with a warning may be less durable than requested, so it counts as in doubt. */
  private static void requireNoWarning(@Nullable SQLWarning first) throws SQLException {
    for (SQLWarning warning = first; warning != null; warning = warning.getNextWarning()) {
      if (SqlFailures.isWarning(warning)) {
        throw new SQLException("the database answered with a warning: " + warning.getMessage(), warning.getSQLState(),
            warning);
      }
    }
  }
}
