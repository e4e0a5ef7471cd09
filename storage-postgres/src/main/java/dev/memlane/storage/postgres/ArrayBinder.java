package dev.memlane.storage.postgres;

import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The binder of a statement's parameters, in order: one array per column for the values of many units, or one value per
 * parameter for a single unit. Not safe for use by several threads.
 */
public final class ArrayBinder {

  private final PreparedStatement statement;
  private final boolean single;
  private int next;

  /**
   * @param single whether there is one unit, whose parameters are no arrays
   */
  ArrayBinder(PreparedStatement statement, int first, boolean single) {
    this.statement = statement;
    this.next = first;
    this.single = single;
  }

  public <I> ArrayBinder uuids(List<I> items, Function<I, @Nullable UUID> value) throws SQLException {
    return single
        ? bind(value.apply(items.getFirst()), Types.OTHER)
        : bind(BinaryArray.ofUuids(items, value), Types.OTHER);
  }

  public <I> ArrayBinder texts(List<I> items, Function<I, @Nullable String> value) throws SQLException {
    return single
        ? bind(value.apply(items.getFirst()), Types.VARCHAR)
        : bind(BinaryArray.ofTexts(items, value), Types.OTHER);
  }

  public <I> ArrayBinder numbers(List<I> items, Function<I, @Nullable Integer> value) throws SQLException {
    return single
        ? bind(value.apply(items.getFirst()), Types.INTEGER)
        : bind(BinaryArray.ofNumbers(items, value), Types.OTHER);
  }

  public <I> ArrayBinder bytes(List<I> items, Function<I, byte @Nullable []> value) throws SQLException {
    return single
        ? bind(value.apply(items.getFirst()), Types.BINARY)
        : bind(BinaryArray.ofBytes(items, value), Types.OTHER);
  }

  /** To the microsecond. */
  public <I> ArrayBinder times(List<I> items, Function<I, @Nullable Instant> value) throws SQLException {
    if (!single) {
      return bind(BinaryArray.ofTimes(items, value), Types.OTHER);
    }
    Instant time = value.apply(items.getFirst());
    return bind(time == null ? null : time.truncatedTo(ChronoUnit.MICROS).toString(), Types.OTHER);
  }

  /** The number after the last parameter bound. */
  int next() {
    return next;
  }

  private ArrayBinder bind(@Nullable Object value, int type) throws SQLException {
    statement.setObject(next++, value, type);
    return this;
  }
}
