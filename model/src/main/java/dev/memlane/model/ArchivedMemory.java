package dev.memlane.model;

import java.util.List;

/**
 * One memory with its whole history, as it is exported and comes back: the row in core, and the entries of the log that led
 * to it. Everything is checked when it is built, so one that exists can be stored.
 *
 * @param history the entries that are not void, oldest first; the last one is of the operation that made the row
 */
public record ArchivedMemory(ArchivedRow row, List<HistoryEntry> history) {

  /**
   * @throws InvalidInputException if the history is not that of the row, or anything can't be stored as it is
   */
  public ArchivedMemory {
    history = List.copyOf(history);
    int last = 0;
    for (HistoryEntry entry : history) {
      if (!entry.memory().equals(row.id())) {
        throw new InvalidInputException(
            "the history of memory " + row.id() + " holds an entry of memory " + entry.memory());
      }
      if (entry.version() <= last) {
        throw new InvalidInputException("the history's versions must go up from 1, and after " + last + " comes "
            + entry.version());
      }
      last = entry.version();
      requireStorable(entry);
    }
    if (!isOf(row, history)) {
      throw new InvalidInputException("the history must end with operation " + row.op() + ", which made version "
          + row.version() + " of the memory");
    }
  }

  /** Whether the newest of these entries is of the operation that made the row. */
  public static boolean isOf(ArchivedRow row, List<HistoryEntry> history) {
    if (history.isEmpty()) {
      return false;
    }
    HistoryEntry newest = history.getLast();
    boolean live = newest.kind() == HistoryEntry.Kind.ADD || newest.kind() == HistoryEntry.Kind.UPDATE;
    return newest.op().equals(row.op()) && newest.version() == row.version()
        && live == row instanceof ArchivedRow.Live;
  }

  private static void requireStorable(HistoryEntry entry) {
    if (entry.oldContent() != null) {
      Texts.requireStorable("the history's content", entry.oldContent());
    }
    if (entry.newContent() != null) {
      Texts.requireStorable("the history's content", entry.newContent());
    }
    if (entry.actor() != null) {
      Texts.requireStorable("the history's actor", entry.actor());
    }
    Texts.requireStorable("the history's time", entry.at());
  }

  public MemoryId id() {
    return row.id();
  }
}
