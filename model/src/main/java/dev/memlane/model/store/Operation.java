package dev.memlane.model.store;

import dev.memlane.model.Embedding;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.listen.Activity;
import java.time.Instant;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One add, update or delete of one memory on its way to the stores, with everything that is needed to do and to undo
 * it.
 *
 * @param op the operation's id; becomes the row's {@code op} and {@code stamp}
 * @param before the row that it starts from: its write expects this stamp, and its undo restores this row. Null for an
 * add that expects no row; a void row for an add that replaces it; a tombstone for an update that revives
 * @param after the memory that it makes; null for a delete
 * @param embedding the vector of {@code after}; null for a delete
 * @param actor who does it, for the history, or null
 * @param at when it is done
 * @param unique whether it may only land if no other memory of exactly this scope has the same content
 * @param activity the caller's operation, to which its steps are reported; null if nobody listens
 */
public record Operation(OperationId op, Kind kind, MemoryId memory, @Nullable CoreRow before, @Nullable Memory after,
    @Nullable Embedding embedding, @Nullable String actor, Instant at, boolean unique, @Nullable Activity activity) {

  /** Creates an operation whose content need not be unique. */
  public Operation(OperationId op, Kind kind, MemoryId memory, @Nullable CoreRow before, @Nullable Memory after,
      @Nullable Embedding embedding, @Nullable String actor, Instant at) {
    this(op, kind, memory, before, after, embedding, actor, at, false);
  }

  /** Creates an operation to which nobody listens. */
  public Operation(OperationId op, Kind kind, MemoryId memory, @Nullable CoreRow before, @Nullable Memory after,
      @Nullable Embedding embedding, @Nullable String actor, Instant at, boolean unique) {
    this(op, kind, memory, before, after, embedding, actor, at, unique, null);
  }

  /** The kind of an operation. */
  public enum Kind {
    ADD, UPDATE, DELETE;

    /** The kind of entry that the operation writes to the history. */
    public HistoryEntry.Kind entry() {
      return switch (this) {
        case ADD -> HistoryEntry.Kind.ADD;
        case UPDATE -> HistoryEntry.Kind.UPDATE;
        case DELETE -> HistoryEntry.Kind.DELETE;
      };
    }
  }

  public Operation {
    Objects.requireNonNull(op, "op");
    Objects.requireNonNull(memory, "memory");
    Objects.requireNonNull(at, "at");
    if (kind == Kind.DELETE != (after == null) || kind == Kind.DELETE != (embedding == null)) {
      throw new IllegalArgumentException("adds and updates have a memory and its vector, deletes have none: " + op);
    }
    if (kind == Kind.ADD ? before != null && before.state() != CoreRow.State.VOID : before == null) {
      throw new IllegalArgumentException("an add starts from nothing, all others from a row: " + op);
    }
    if (after != null && (!after.id().equals(memory) || !after.op().equals(op))) {
      throw new IllegalArgumentException("the memory that " + op + " makes carries another id or operation");
    }
  }

  /** The stamp that the write expects, or null where it expects no row. */
  public @Nullable UUID expectedStamp() {
    return before == null ? null : before.stamp();
  }

  /** The version of the state that this operation makes. */
  public int version() {
    return before == null || before.state() == CoreRow.State.VOID ? 1 : before.version() + 1;
  }

  /**
   * The memory that an add or update makes.
   *
   * @throws IllegalStateException for a delete
   */
  public Memory requireAfter() {
    if (after == null) {
      throw new IllegalStateException(op + " is a " + kind + ", which leaves no memory");
    }
    return after;
  }

  /**
   * The vector of the memory that an add or update makes.
   *
   * @throws IllegalStateException for a delete
   */
  public Embedding requireEmbedding() {
    if (embedding == null) {
      throw new IllegalStateException(op + " is a " + kind + ", which has no vector");
    }
    return embedding;
  }

  /** The same write as a new operation, starting from another row. */
  public Operation anew(OperationId other, @Nullable CoreRow row) {
    return new Operation(other, kind, memory, row, after == null ? null : after.madeBy(other), embedding, actor, at,
        unique,
        activity);
  }

  /** The document that this operation puts into the index; null for a delete. */
  public @Nullable IndexDocument document() {
    return after == null ? null : new IndexDocument(after, requireEmbedding());
  }

  @Override
  public String toString() {
    return kind + " " + op + " of memory " + memory;
  }
}
