package dev.memlane.model.store;

import dev.memlane.model.Embedding;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What the core store holds of one memory: its state, and the stamp that a change of it must expect.
 *
 * @param version the version of the state
 * @param op the operation that made the state
 * @param stamp names the last physical change of the row; never used twice, so what arrives late finds another one
 * @param memory there exactly if the state is {@link State#LIVE}
 * @param embedding the vector of the live memory, where it was asked for and there is one
 * @param unique whether no other memory of exactly this scope may have the same content
 */
public record CoreRow(MemoryId id, State state, int version, OperationId op, UUID stamp, @Nullable Memory memory,
    @Nullable Embedding embedding, boolean unique) {

  /** A row whose content may be there more than once. */
  public CoreRow(MemoryId id, State state, int version, OperationId op, UUID stamp, @Nullable Memory memory,
      @Nullable Embedding embedding) {
    this(id, state, version, op, stamp, memory, embedding, false);
  }

  /** What a row stands for. */
  public enum State {
    /** A memory that is found. */
    LIVE,
    /** A tombstone: the memory was deleted, and its key is remembered. */
    DELETED,
    /** Nothing, and a late statement that expected no row finds that it isn't the first. */
    VOID
  }

  public CoreRow {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(op, "op");
    Objects.requireNonNull(stamp, "stamp");
    if (state == State.LIVE != (memory != null)) {
      throw new IllegalArgumentException("a live row has a memory and no other row has: " + id + " is " + state);
    }
  }
}
