package dev.memlane.model;

import org.jspecify.annotations.Nullable;

/**
 * The deletion of one memory. Its content leaves the core store and the index; its history stays.
 *
 * @param actor who deletes it, for the history, or null
 * @param expected the operation whose state the caller has read, or null for whatever is there
 */
public record MemoryDeletion(MemoryId id, @Nullable String actor, @Nullable OperationId expected) {

  public MemoryDeletion {
    if (actor != null) {
      Texts.requireName("the actor", actor, NewMemory.LONGEST_ACTOR);
    }
  }

  public static MemoryDeletion of(MemoryId id) {
    return new MemoryDeletion(id, null, null);
  }

  public MemoryDeletion by(@Nullable String newActor) {
    return new MemoryDeletion(id, newActor, expected);
  }

  /** The same deletion, made only if the memory's state is still the one that {@code op} made. */
  public MemoryDeletion expecting(@Nullable OperationId op) {
    return new MemoryDeletion(id, actor, op);
  }
}
