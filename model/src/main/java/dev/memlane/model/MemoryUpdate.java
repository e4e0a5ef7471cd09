package dev.memlane.model;

import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A change to one memory. What is not named stays as it is. A new content or actor is embedded again, because the actor is
 * part of what is searched; the others are not. Everything is checked when it is built.
 *
 * <pre>{@code
 * MemoryUpdate.content(id, "Ada plays the cello")
 * MemoryUpdate.builder(id).expiresAt(nextWeek).actor(null).by("cleaner").build()
 * }</pre>
 *
 * @param content the new content, or null
 * @param metadata all of the new metadata, or null
 * @param actor who said it
 * @param occurredAt when what it tells of happened; to the microsecond
 * @param expiresAt when it stops being found; to the microsecond. A memory that has expired and is still there lives again if
 * this is cleared or lies ahead
 * @param by who makes the change, for the history, or null
 * @param expected the operation whose state the caller has read: if the memory has changed since, the update is a
 * conflict and nothing is written; null takes whatever state is there
 */
public record MemoryUpdate(MemoryId id, @Nullable String content, @Nullable Metadata metadata, Change<String> actor,
    Change<Instant> occurredAt, Change<Instant> expiresAt, @Nullable String by, @Nullable OperationId expected) {

  /**
   * @throws InvalidInputException if nothing changes, or anything can't be stored as it is
   */
  public MemoryUpdate {
    Objects.requireNonNull(id, "id");
    if (content == null && metadata == null && actor instanceof Change.Keep && occurredAt instanceof Change.Keep
        && expiresAt instanceof Change.Keep) {
      throw new InvalidInputException(
          "the update changes nothing; give it a content, metadata, an actor, or a time");
    }
    if (content != null) {
      NewMemory.requireContent(content);
    }
    if (actor instanceof Change.Set<String>(String name)) {
      Texts.requireName("the actor", name, NewMemory.LONGEST_ACTOR);
    }
    occurredAt = storable("occurredAt", occurredAt);
    expiresAt = storable("expiresAt", expiresAt);
    if (by != null) {
      Texts.requireName("the actor who makes the change", by, NewMemory.LONGEST_ACTOR);
    }
  }

  private static Change<Instant> storable(String name, Change<Instant> change) {
    return change instanceof Change.Set<Instant>(Instant time) ? Change.to(NewMemory.storable(name, time)) : change;
  }

  public static MemoryUpdate content(MemoryId id, String content) {
    return builder(id).content(content).build();
  }

  public static MemoryUpdate metadata(MemoryId id, Metadata metadata) {
    return builder(id).metadata(metadata).build();
  }

  /** Begins an update; it must change something. */
  public static Builder builder(MemoryId id) {
    return new Builder(id);
  }

  public MemoryUpdate withContent(String newContent) {
    return toBuilder().content(newContent).build();
  }

  public MemoryUpdate withMetadata(Metadata newMetadata) {
    return toBuilder().metadata(newMetadata).build();
  }

  /** The same change, made by somebody. */
  public MemoryUpdate by(@Nullable String who) {
    return toBuilder().by(who).build();
  }

  /** The same change, made only if the memory's state is still the one that {@code op} made. */
  public MemoryUpdate expecting(@Nullable OperationId op) {
    return toBuilder().expecting(op).build();
  }

  private Builder toBuilder() {
    Builder builder = new Builder(id).content(content).metadata(metadata).by(by).expecting(expected);
    builder.actor = actor;
    builder.occurredAt = occurredAt;
    builder.expiresAt = expiresAt;
    return builder;
  }

  /** Collects what changes. Not safe for use by several threads. */
  public static final class Builder {

    private final MemoryId id;
    private @Nullable String content;
    private @Nullable Metadata metadata;
    private Change<String> actor = Change.keep();
    private Change<Instant> occurredAt = Change.keep();
    private Change<Instant> expiresAt = Change.keep();
    private @Nullable String by;
    private @Nullable OperationId expected;

    private Builder(MemoryId id) {
      this.id = id;
    }

    /** The new content; null leaves it as it is. */
    public Builder content(@Nullable String content) {
      this.content = content;
      return this;
    }

    /** All of the new metadata; null leaves them as they are. */
    public Builder metadata(@Nullable Metadata metadata) {
      this.metadata = metadata;
      return this;
    }

    /** Who said it; null if nobody is to be named any more. */
    public Builder actor(@Nullable String actor) {
      this.actor = Change.to(actor);
      return this;
    }

    /** When what it tells of happened; null if that is not known any more. */
    public Builder occurredAt(@Nullable Instant occurredAt) {
      this.occurredAt = Change.to(occurredAt);
      return this;
    }

    /** When it stops being found; null if it never does. */
    public Builder expiresAt(@Nullable Instant expiresAt) {
      this.expiresAt = Change.to(expiresAt);
      return this;
    }

    /** Who makes the change, for the history. */
    public Builder by(@Nullable String by) {
      this.by = by;
      return this;
    }

    /** Makes the change only if the memory's state is still the one that {@code op} made. */
    public Builder expecting(@Nullable OperationId op) {
      this.expected = op;
      return this;
    }

    /**
     * @throws InvalidInputException if nothing changes, or anything can't be stored as it is
     */
    public MemoryUpdate build() {
      return new MemoryUpdate(id, content, metadata, actor, occurredAt, expiresAt, by, expected);
    }
  }
}
