package dev.memlane.storage.history;

import java.util.List;

/**
 * A snapshot as PostgreSQL writes it: which transactions had ended when it was taken.
 *
 * @param end all transactions from this one on had not begun
 * @param inProgress those before {@code end} that had not ended
 */
record Snapshot(String end, List<String> inProgress) {

  /**
   * Reads {@code xmin:xmax:xip,xip}, the text form of {@code pg_snapshot}.
   *
   * @throws IllegalArgumentException if it isn't one
   */
  static Snapshot parse(String text) {
    String[] parts = text.split(":", -1);
    if (parts.length != 3) {
      throw new IllegalArgumentException("this is no snapshot: " + text);
    }
    return new Snapshot(parts[1], parts[2].isEmpty() ? List.of() : List.of(parts[2].split(",", -1)));
  }
}
