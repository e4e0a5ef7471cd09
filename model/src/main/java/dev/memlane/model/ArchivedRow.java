package dev.memlane.model;

import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Everything in core that an archive needs to restore one memory, live or deleted. All values are checked on creation,
 * so every instance can be stored.
 */
public sealed interface ArchivedRow {

  MemoryId id();

  /** The version of the state, from 1. */
  int version();

  /** The operation that made the state. */
  OperationId op();

  /**
   * A live memory, expired or not.
   *
   * @param embedding its vector by any model, or null if it is not archived
   * @param unique whether no other memory of exactly this scope may have the same content
   * @param embedded the hash of the text that was embedded, or null if it is not known
   */
  record Live(Memory memory, @Nullable Embedding embedding, boolean unique, @Nullable ContentHash embedded)
      implements
        ArchivedRow {

    /** Creates a row whose embedding is of the memory's own text. */
    public Live(Memory memory, @Nullable Embedding embedding, boolean unique) {
      this(memory, embedding, unique, embedding == null ? null : memory.contentHash());
    }

    /**
     * @throws InvalidInputException if a value can't be stored unchanged
     */
    public Live {
      NewMemory.requireContent(memory.content());
      if (memory.key() != null) {
        Texts.requireName("the key", memory.key(), NewMemory.LONGEST_KEY);
      }
      if (memory.actor() != null) {
        Texts.requireName("the actor", memory.actor(), NewMemory.LONGEST_ACTOR);
      }
      Texts.requireStorable("createdAt", memory.createdAt());
      Texts.requireStorable("updatedAt", memory.updatedAt());
      Texts.requireStorable("occurredAt", memory.occurredAt());
      Texts.requireStorable("expiresAt", memory.expiresAt());
      requireVersion(memory.version());
    }

    @Override
    public MemoryId id() {
      return memory.id();
    }

    @Override
    public int version() {
      return memory.version();
    }

    @Override
    public OperationId op() {
      return memory.op();
    }
  }

  /**
   * The tombstone of a deleted memory.
   *
   * @param scope the memory's scope, or null if it is no longer known
   * @param createdAt when the memory was accepted, or null if it is no longer known
   * @param deletedAt when it was deleted; the retention time counts from then
   */
  record Tombstone(MemoryId id, int version, OperationId op, @Nullable Scope scope,
      @Nullable Instant createdAt, Instant deletedAt) implements ArchivedRow {

    /**
     * @throws InvalidInputException if a value can't be stored unchanged
     */
    public Tombstone {
      Objects.requireNonNull(id, "id");
      Objects.requireNonNull(op, "op");
      Objects.requireNonNull(deletedAt, "deletedAt");
      Texts.requireStorable("createdAt", createdAt);
      Texts.requireStorable("the time of the delete", deletedAt);
      requireVersion(version);
    }
  }

  private static void requireVersion(int version) {
    if (version < 1) {
      throw new InvalidInputException("the version is " + version + "; versions begin with 1");
    }
  }
}
