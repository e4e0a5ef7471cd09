package dev.memlane.storage.history;

import java.util.List;

/**
 * A snapshot of PostgreSQL: the transactions that had ended when it was taken.
 *
 * @param end the first transaction that had not begun
 * @param inProgress the transactions before {@code end} that had not ended
 */
record Snapshot(String end, List<String> inProgress) {

  /**
   * Parses {@code xmin:xmax:xip,xip}, the text form of {@code pg_snapshot}.
   *
   * @throws IllegalArgumentException if the text has another form
   */
  static Snapshot parse(String text) {
    String[] parts = text.split(":", -1);
    if (parts.length != 3) {
      throw new IllegalArgumentException("this is no snapshot: " + text);
    }
    return new Snapshot(parts[1], parts[2].isEmpty() ? List.of() : List.of(parts[2].split(",", -1)));
  }
}
