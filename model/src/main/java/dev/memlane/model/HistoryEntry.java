package dev.memlane.model;

import com.fasterxml.jackson.annotation.JsonFormat;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One entry of the log: what one operation changed.
 *
 * @param version the version that it made
 * @param oldContent null for an add or an erasing
 * @param newContent null for a delete or an erasing
 * @param oldMetadata null for an add or an erasing
 * @param newMetadata null for a delete or an erasing
 * @param oldDetails null for everything but an update that changed them
 * @param newDetails null for everything but an update that changed them
 * @param actor who did it, or null; null for an erasing
 * @param at when
 */
public record HistoryEntry(MemoryId memory, OperationId op, int version, Kind kind,
    @Nullable String oldContent, @Nullable String newContent, @Nullable Metadata oldMetadata,
    @Nullable Metadata newMetadata, @Nullable Details oldDetails, @Nullable Details newDetails,
    @Nullable String actor, @JsonFormat(shape = JsonFormat.Shape.STRING) Instant at) {

  /** An entry of an operation that left the details as they were. */
  public HistoryEntry(MemoryId memory, OperationId op, int version, Kind kind, @Nullable String oldContent,
      @Nullable String newContent, @Nullable Metadata oldMetadata, @Nullable Metadata newMetadata,
      @Nullable String actor, Instant at) {
    this(memory, op, version, kind, oldContent, newContent, oldMetadata, newMetadata, null, null, actor, at);
  }

  /** What an entry tells of. */
  public enum Kind {
    ADD, UPDATE, DELETE,
    /** A delete after which everything that was known of the memory went; what the entry says besides is when. */
    ERASE;

    /** Whether the memory is there after it. */
    public boolean leavesMemory() {
      return this == ADD || this == UPDATE;
    }
  }

  public HistoryEntry {
    Objects.requireNonNull(memory, "memory");
    Objects.requireNonNull(op, "op");
    Objects.requireNonNull(kind, "kind");
    Objects.requireNonNull(at, "at");
    if (oldDetails == null != (newDetails == null)) {
      throw new InvalidInputException("an entry has both the old and the new details of a memory, or neither");
    }
  }
}
