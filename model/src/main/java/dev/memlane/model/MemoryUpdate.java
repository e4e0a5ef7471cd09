package dev.memlane.model;

import org.jspecify.annotations.Nullable;

/**
 * A change to one memory. What is null stays as it is; a change of metadata alone doesn't embed again.
 *
 * @param content the new content, or null
 * @param metadata all of the new metadata, or null
 * @param actor who makes the change, for the history, or null
 * @param expected the operation whose state the caller has read: if the memory has changed since, the update is a
 * conflict and nothing is written; null takes whatever state is there
 */
public record MemoryUpdate(MemoryId id, @Nullable String content, @Nullable Metadata metadata, @Nullable String actor,
    @Nullable OperationId expected) {

  /**
   * @throws InvalidInputException if nothing changes, or the content can't be stored
   */
  public MemoryUpdate {
    if (content == null && metadata == null) {
      throw new InvalidInputException("the update changes nothing; give it a content or metadata");
    }
    if (content != null) {
      NewMemory.requireContent(content);
    }
    if (actor != null) {
      Texts.requireName("the actor", actor, NewMemory.LONGEST_ACTOR);
    }
  }

  public static MemoryUpdate content(MemoryId id, String content) {
    return new MemoryUpdate(id, content, null, null, null);
  }

  public static MemoryUpdate metadata(MemoryId id, Metadata metadata) {
    return new MemoryUpdate(id, null, metadata, null, null);
  }

  public MemoryUpdate withContent(String newContent) {
    return new MemoryUpdate(id, newContent, metadata, actor, expected);
  }

  public MemoryUpdate withMetadata(Metadata newMetadata) {
    return new MemoryUpdate(id, content, newMetadata, actor, expected);
  }

  public MemoryUpdate by(@Nullable String newActor) {
    return new MemoryUpdate(id, content, metadata, newActor, expected);
  }

  /** The same change, made only if the memory's state is still the one that {@code op} made. */
  public MemoryUpdate expecting(@Nullable OperationId op) {
    return new MemoryUpdate(id, content, metadata, actor, op);
  }
}
