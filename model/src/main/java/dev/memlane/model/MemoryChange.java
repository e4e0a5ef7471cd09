package dev.memlane.model;

import com.fasterxml.jackson.annotation.JsonFormat;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One operation that changed a memory, or that was undone, as it is reported to those who follow changes. It says that a
 * memory has changed and not how: what the memory is now has to be read.
 *
 * @param op the operation; an erasure carries that of the delete
 * @param version the version that the operation made
 * @param at when the operation was done, or begun if it was undone. Not the order in which changes are reported
 * @param scope null if nothing is left of the memory
 */
public record MemoryChange(MemoryId memory, OperationId op, Kind kind, int version,
    @JsonFormat(shape = JsonFormat.Shape.STRING) Instant at, @Nullable Scope scope) {

  /** The kind of a change. */
  public enum Kind {
    ADD, UPDATE, DELETE,
    /** The memory was deleted, and its history and whatever else was known of it was erased. */
    ERASE,
    /** The operation was undone. If it was reported before, that report is void. The memory is in the state before it. */
    UNDO
  }

  public MemoryChange {
    Objects.requireNonNull(memory, "memory");
    Objects.requireNonNull(op, "op");
    Objects.requireNonNull(kind, "kind");
    Objects.requireNonNull(at, "at");
  }

  public MemoryChange withScope(@Nullable Scope scope) {
    return new MemoryChange(memory, op, kind, version, at, scope);
  }
}
