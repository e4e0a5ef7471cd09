package dev.memlane.model;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One exported memory: the row in core, and its whole history. All values are checked on creation, so every instance
 * can be stored.
 *
 * @param history the entries that are not void, oldest first; the last one is of the operation that made the row
 */
public record ArchivedMemory(ArchivedRow row, List<HistoryEntry> history) {

  /** The actor in the history of an edit that was found in an archive. */
  public static final String EDITOR = "import";

  /**
   * @throws InvalidInputException if the history does not fit the row, or a value can't be stored unchanged
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

  /**
   * A contradiction within this memory, which shows that it was edited; null if there is none. Several things are
   * recorded more than once: content, metadata and details are also in the newest entries of the history, each entry
   * begins with the values that the entry before it left, and a vector belongs to one text.
   */
  public @Nullable String contradiction() {
    Details details = null;
    for (int i = 1; i < history.size(); i++) {
      HistoryEntry before = history.get(i - 1);
      HistoryEntry after = history.get(i);
      boolean follows = after.version() == before.version() + 1 && before.kind().leavesMemory()
          && (after.kind() == HistoryEntry.Kind.UPDATE || after.kind() == HistoryEntry.Kind.DELETE);
      if (follows && !Objects.equals(before.newContent(), after.oldContent())) {
        return "version " + after.version() + " of its history begins with another content than version "
            + before.version() + " has left";
      }
      if (follows && !Objects.equals(before.newMetadata(), after.oldMetadata())) {
        return "version " + after.version() + " of its history begins with other metadata than version "
            + before.version() + " has left";
      }
    }
    for (HistoryEntry entry : history) {
      if (details != null && entry.oldDetails() != null && !details.equals(entry.oldDetails())) {
        return "version " + entry.version()
            + " of its history begins with other details (actor, occurredAt, expiresAt) than an "
            + "earlier version has left";
      }
      details = details(details, entry);
    }
    return stateContradiction();
  }

  /**
   * Returns in what the memory's present state contradicts the end of its history, or null. Edits of earlier entries do not
   * count: an import that accepts an edit leaves them as they are.
   */
  public @Nullable String stateContradiction() {
    return row instanceof ArchivedRow.Live live ? stateContradiction(live) : null;
  }

  private @Nullable String stateContradiction(ArchivedRow.Live live) {
    if (!isContentOfHistory(live)) {
      return "its content is not the one that its history ends with";
    }
    if (!isMetadataOfHistory(live)) {
      return "its metadata are not those that its history ends with";
    }
    if (!isDetailsOfHistory(live)) {
      return "its actor, occurredAt or expiresAt is not the one that its history ends with";
    }
    return isVectorOfContent(live) ? null : "its vector is not of its content";
  }

  /**
   * The memory's details after an entry, or null if they are not known, because only an update that changes them logs
   * them.
   *
   * @param before the details before the entry
   */
  private static @Nullable Details details(@Nullable Details before, HistoryEntry entry) {
    if (entry.newDetails() != null) {
      return entry.newDetails();
    }
    // A memory that is added again after a delete has new details.
    return entry.oldContent() == null ? null : before;
  }

  private @Nullable Details lastDetails() {
    Details details = null;
    for (HistoryEntry entry : history) {
      details = details(details, entry);
    }
    return details;
  }

  private boolean isDetailsOfHistory(ArchivedRow.Live live) {
    Details last = lastDetails();
    return last == null || last.equals(Details.of(live.memory()));
  }

  private boolean isContentOfHistory(ArchivedRow.Live live) {
    return live.memory().content().equals(history.getLast().newContent());
  }

  private boolean isMetadataOfHistory(ArchivedRow.Live live) {
    return live.memory().metadata().equals(history.getLast().newMetadata());
  }

  private static boolean isVectorOfContent(ArchivedRow.Live live) {
    return live.embedded() == null || live.embedded().equals(live.memory().contentHash());
  }

  /**
   * Makes an edit of the archive an update of the memory: if the memory differs from the end of its history, the
   * history gets one more entry. A vector that does not belong to the content is left out, so that it is embedded
   * again. Existing entries do not change.
   *
   * @param at the time of the update
   * @return a memory whose operation is derived from its values, so that the same edit always gives the same memory
   */
  public ArchivedMemory asEdit(Instant at) {
    if (!(row instanceof ArchivedRow.Live live)) {
      return this;
    }
    boolean same = isContentOfHistory(live) && isMetadataOfHistory(live) && isDetailsOfHistory(live);
    if (same) {
      return isVectorOfContent(live)
          ? this
          : new ArchivedMemory(new ArchivedRow.Live(live.memory(), null, live.unique()), history);
    }
    Memory memory = live.memory();
    HistoryEntry newest = history.getLast();
    Memory edited = new Memory(memory.id(), memory.scope(), memory.key(), memory.actor(), memory.content(),
        memory.metadata(), memory.occurredAt(), memory.createdAt(), at, memory.expiresAt(), memory.version() + 1,
        editOperation(memory));
    List<HistoryEntry> entries = new ArrayList<>(history);
    entries.add(new HistoryEntry(memory.id(), edited.op(), edited.version(), HistoryEntry.Kind.UPDATE,
        newest.newContent(), memory.content(), newest.newMetadata(), memory.metadata(),
        isDetailsOfHistory(live) ? null : lastDetails(), isDetailsOfHistory(live) ? null : Details.of(memory), EDITOR,
        at));
    boolean kept = isContentOfHistory(live) && isVectorOfContent(live);
    return new ArchivedMemory(new ArchivedRow.Live(edited, kept ? live.embedding() : null, live.unique()), entries);
  }

  private static OperationId editOperation(Memory memory) {
    String said = memory.op() + "\0" + memory.content() + "\0" + memory.metadata() + "\0" + Details.of(memory);
    return new OperationId(ContentHash.of(null, said).value());
  }

  /** Whether the newest entry belongs to the operation that made the row. */
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
    requireStorable(entry.oldDetails());
    requireStorable(entry.newDetails());
    Texts.requireStorable("the history's time", entry.at());
  }

  private static void requireStorable(@Nullable Details details) {
    if (details != null) {
      if (details.actor() != null) {
        Texts.requireStorable("the history's actor", details.actor());
      }
      Texts.requireStorable("the history's occurredAt", details.occurredAt());
      Texts.requireStorable("the history's expiresAt", details.expiresAt());
    }
  }

  public MemoryId id() {
    return row.id();
  }
}
