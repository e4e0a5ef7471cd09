package dev.memlane.archive.parquet;

import org.jspecify.annotations.Nullable;

/** The values of one row, by column. A value is a String, byte[], Long, Integer, Boolean or float[], or null. */
final class Row {

  /** The length in bytes that a row counts at least, for the objects that it becomes. */
  private static final long LEAST_LENGTH = 200;

  private final @Nullable Object[] values = new Object[Column.ALL.size()];
  private long number;
  private long length = LEAST_LENGTH;
  private boolean oldDetails;
  private boolean newDetails;

  Row() {}

  /** @param number its number in the file, from 1 */
  Row(long number) {
    this.number = number;
  }

  long number() {
    return number;
  }

  /** The bytes that its values take, about. */
  long length() {
    return length;
  }

  Row with(Column column, @Nullable Object value) {
    values[column.place()] = value;
    return this;
  }

  /** Sets a value that has this length in bytes. */
  void with(Column column, Object value, long bytes) {
    values[column.place()] = value;
    length += bytes;
  }

  @Nullable
  Object get(Column column) {
    return values[column.place()];
  }

  /** Whether the details before a change are there, all of whose values may be null. */
  boolean hasOldDetails() {
    return oldDetails;
  }

  /** Whether the details after a change are there, all of whose values may be null. */
  boolean hasNewDetails() {
    return newDetails;
  }

  void setDetails(boolean old, boolean isThere) {
    if (old) {
      oldDetails = isThere;
    } else {
      newDetails = isThere;
    }
  }

  /** Whether the group that a column is in is there; true for columns in none. */
  boolean hasGroup(Column column) {
    return switch (column) {
      case OLD_ACTOR, OLD_OCCURRED_AT, OLD_EXPIRES_AT -> oldDetails;
      case NEW_ACTOR, NEW_OCCURRED_AT, NEW_EXPIRES_AT -> newDetails;
      default -> true;
    };
  }
}
