package dev.memlane.model.store;

import dev.memlane.model.Embedding;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One row of the core store: a memory's state, and the stamp that a change of the row must expect.
 *
 * @param version the version of the state
 * @param op the operation that made the state
 * @param stamp the name of the row's last physical change; never used twice, so a late statement finds another one
 * @param memory not null exactly if the state is {@link State#LIVE}
 * @param embedding the vector of the live memory, if it was requested and exists
 * @param unique whether no other memory of exactly this scope may have the same content
 */
public record CoreRow(MemoryId id, State state, int version, OperationId op, UUID stamp, @Nullable Memory memory,
    @Nullable Embedding embedding, boolean unique) {

  /** Creates a row whose content need not be unique. */
  public CoreRow(MemoryId id, State state, int version, OperationId op, UUID stamp, @Nullable Memory memory,
      @Nullable Embedding embedding) {
    this(id, state, version, op, stamp, memory, embedding, false);
  }

  /** The state of a row. */
  public enum State {
    /** A memory. */
    LIVE,
    /** A tombstone: the memory was deleted, and its id, and so its key, stays taken. */
    DELETED,
    /** No memory; the row only makes late statements fail that expect no row. */
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
