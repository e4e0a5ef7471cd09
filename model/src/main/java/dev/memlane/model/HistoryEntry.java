package dev.memlane.model;

import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One entry of the log: what one operation changed.
 *
 * @param version the version that it made
 * @param oldContent null for an add
 * @param newContent null for a delete
 * @param oldMetadata null for an add
 * @param newMetadata null for a delete
 * @param actor who did it, or null
 * @param at when
 */
public record HistoryEntry(MemoryId memory, OperationId op, int version, Operation.Kind kind,
    @Nullable String oldContent, @Nullable String newContent, @Nullable Metadata oldMetadata,
    @Nullable Metadata newMetadata, @Nullable String actor, Instant at) {

  public HistoryEntry {
    Objects.requireNonNull(memory, "memory");
    Objects.requireNonNull(op, "op");
    Objects.requireNonNull(kind, "kind");
    Objects.requireNonNull(at, "at");
  }
}
