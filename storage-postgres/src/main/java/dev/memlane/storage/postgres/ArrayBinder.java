package dev.memlane.storage.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Binds the values of many units to a statement's parameters, one array a column, in order; or those of a single unit, one
 * value a parameter. Not safe for use by several threads.
 */
public final class ArrayBinder {

  private final Connection connection;
  private final PreparedStatement statement;
  private final boolean single;
  private int next;

  /**
   * @param single whether there is one unit, bound to parameters that are no arrays
   */
  ArrayBinder(Connection connection, PreparedStatement statement, int first, boolean single) {
    this.connection = connection;
    this.statement = statement;
    this.next = first;
    this.single = single;
  }

  public <I> ArrayBinder uuids(List<I> items, Function<I, @Nullable UUID> value) throws SQLException {
    return single
        ? bind(value.apply(items.getFirst()), Types.OTHER)
        : bind("uuid", column(items, value, new @Nullable UUID[items.size()]));
  }

  public <I> ArrayBinder texts(List<I> items, Function<I, @Nullable String> value) throws SQLException {
    return single
        ? bind(value.apply(items.getFirst()), Types.VARCHAR)
        : bind("text", column(items, value, new @Nullable String[items.size()]));
  }

  public <I> ArrayBinder numbers(List<I> items, Function<I, @Nullable Integer> value) throws SQLException {
    return single
        ? bind(value.apply(items.getFirst()), Types.INTEGER)
        : bind("integer", column(items, value, new @Nullable Integer[items.size()]));
  }

  public <I> ArrayBinder bytes(List<I> items, Function<I, byte @Nullable []> value) throws SQLException {
    if (single) {
      return bind(value.apply(items.getFirst()), Types.BINARY);
    }
    byte[] @Nullable [] column = new byte[items.size()] @Nullable [];
    for (int i = 0; i < column.length; i++) {
      column[i] = value.apply(items.get(i));
    }
    return bind("bytea", column);
  }

  /** As texts in ISO 8601, which the statement casts: that keeps every microsecond. */
  public <I> ArrayBinder times(List<I> items, Function<I, @Nullable Instant> value) throws SQLException {
    return texts(items, item -> {
      Instant time = value.apply(item);
      return time == null ? null : time.toString();
    });
  }

  /** The number after the last parameter bound. */
  int next() {
    return next;
  }

  private static <I, V> @Nullable V[] column(List<I> items, Function<I, @Nullable V> value, @Nullable V[] column) {
    for (int i = 0; i < column.length; i++) {
      column[i] = value.apply(items.get(i));
    }
    return column;
  }

  private ArrayBinder bind(@Nullable Object value, int type) throws SQLException {
    statement.setObject(next++, value, type);
    return this;
  }

  private ArrayBinder bind(String type, @Nullable Object[] column) throws SQLException {
    statement.setArray(next++, connection.createArrayOf(type, column));
    return this;
  }
}
