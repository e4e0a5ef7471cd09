package dev.memlane.model;

import org.jspecify.annotations.Nullable;

/**
 * The deletion of one memory. Its content is removed from core and the index; its history stays, unless it is purged.
 *
 * @param actor who deletes it, for the history, or null
 * @param expected the operation whose state the caller has read, or null for any state
 * @param purgesHistory whether the history is purged as well, so that no store holds the content any more
 */
public record MemoryDeletion(MemoryId id, @Nullable String actor, @Nullable OperationId expected,
    boolean purgesHistory) {

  /** A deletion after which the history stays. */
  public MemoryDeletion(MemoryId id, @Nullable String actor, @Nullable OperationId expected) {
    this(id, actor, expected, false);
  }

  public MemoryDeletion {
    if (actor != null) {
      Texts.requireName("the actor", actor, NewMemory.LONGEST_ACTOR);
    }
  }

  public static MemoryDeletion of(MemoryId id) {
    return new MemoryDeletion(id, null, null);
  }

  public MemoryDeletion by(@Nullable String newActor) {
    return new MemoryDeletion(id, newActor, expected, purgesHistory);
  }

  /** The same deletion, to be done only if the memory is still in the state that {@code op} made. */
  public MemoryDeletion expecting(@Nullable OperationId op) {
    return new MemoryDeletion(id, actor, op, purgesHistory);
  }

  /** The same deletion, after which only the time of the erasure is known of the memory. */
  public MemoryDeletion purgingHistory() {
    return new MemoryDeletion(id, actor, expected, true);
  }
}
