package dev.memlane.storage.postgres;

import java.sql.Types;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.jdbi.v3.core.argument.Argument;
import org.jspecify.annotations.Nullable;

/**
 * Arrays as arguments of statements outside of units, one for each column of many rows. They are sent in binary form
 * where the connection allows it.
 */
public final class ArrayArguments {

  private ArrayArguments() {}

  public static <I> Argument uuids(List<I> items, Function<I, @Nullable UUID> value) {
    return argument(BinaryArray.ofUuids(items, value));
  }

  public static <I> Argument texts(List<I> items, Function<I, @Nullable String> value) {
    return argument(BinaryArray.ofTexts(items, value));
  }

  public static <I> Argument numbers(List<I> items, Function<I, @Nullable Integer> value) {
    return argument(BinaryArray.ofNumbers(items, value));
  }

  /** To the microsecond. */
  public static <I> Argument times(List<I> items, Function<I, @Nullable Instant> value) {
    return argument(BinaryArray.ofTimes(items, value));
  }

  private static Argument argument(BinaryArray array) {
    return (position, statement, context) -> statement.setObject(position, array, Types.OTHER);
  }
}
