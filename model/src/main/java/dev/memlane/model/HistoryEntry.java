package dev.memlane.model;

import com.fasterxml.jackson.annotation.JsonFormat;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One entry of the log: the changes of one operation.
 *
 * @param version the version that the operation made
 * @param oldContent null for an add or an erasure
 * @param newContent null for a delete or an erasure
 * @param oldMetadata null for an add or an erasure
 * @param newMetadata null for a delete or an erasure
 * @param oldDetails null except for an update that changed them
 * @param newDetails null except for an update that changed them
 * @param actor who did it, or null; null for an erasure
 * @param at when it was done
 */
public record HistoryEntry(MemoryId memory, OperationId op, int version, Kind kind,
    @Nullable String oldContent, @Nullable String newContent, @Nullable Metadata oldMetadata,
    @Nullable Metadata newMetadata, @Nullable Details oldDetails, @Nullable Details newDetails,
    @Nullable String actor, @JsonFormat(shape = JsonFormat.Shape.STRING) Instant at) {

  /** Creates an entry of an operation that did not change the details. */
  public HistoryEntry(MemoryId memory, OperationId op, int version, Kind kind, @Nullable String oldContent,
      @Nullable String newContent, @Nullable Metadata oldMetadata, @Nullable Metadata newMetadata,
      @Nullable String actor, Instant at) {
    this(memory, op, version, kind, oldContent, newContent, oldMetadata, newMetadata, null, null, actor, at);
  }

  /** The kind of operation. */
  public enum Kind {
    ADD, UPDATE, DELETE,
    /** A delete after which everything else known of the memory was purged; the entry only says when. */
    ERASE;

    /** Whether the memory exists after it. */
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
