package dev.memlane.model;

import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A change of one memory. Values that are not set stay. A new content or actor is embedded again, because both are part
 * of the searchable text; other changes are not. All values are checked on creation.
 *
 * <pre>{@code
 * MemoryUpdate.content(id, "Ada plays the cello")
 * MemoryUpdate.builder(id).expiresAt(nextWeek).actor(null).by("cleaner").build()
 * }</pre>
 *
 * @param content the new content, or null
 * @param metadata all of the new metadata, or null
 * @param actor who said it
 * @param occurredAt when the event that it describes happened; to the microsecond
 * @param expiresAt when it stops being found; to the microsecond. An expired memory that still exists is found again if
 * this is cleared or set to a future time
 * @param by who makes the change, for the history, or null
 * @param expected the operation whose state the caller has read: if the memory has changed since, the outcome is a
 * conflict and nothing is written; null for any state
 */
public record MemoryUpdate(MemoryId id, @Nullable String content, @Nullable Metadata metadata, Change<String> actor,
    Change<Instant> occurredAt, Change<Instant> expiresAt, @Nullable String by, @Nullable OperationId expected) {

  /**
   * @throws InvalidInputException if nothing changes, or a value can't be stored unchanged
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

  /** The same change, with its author. */
  public MemoryUpdate by(@Nullable String who) {
    return toBuilder().by(who).build();
  }

  /** The same change, to be done only if the memory is still in the state that {@code op} made. */
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

  /** The builder of updates. Not safe for use by several threads. */
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

    /** Sets a new content; null keeps the present one. */
    public Builder content(@Nullable String content) {
      this.content = content;
      return this;
    }

    /** Replaces all metadata; null keeps the present ones. */
    public Builder metadata(@Nullable Metadata metadata) {
      this.metadata = metadata;
      return this;
    }

    /** Sets who said it; null removes the actor. */
    public Builder actor(@Nullable String actor) {
      this.actor = Change.to(actor);
      return this;
    }

    /** Sets when the event happened; null removes the time. */
    public Builder occurredAt(@Nullable Instant occurredAt) {
      this.occurredAt = Change.to(occurredAt);
      return this;
    }

    /** Sets when it stops being found; null for never. */
    public Builder expiresAt(@Nullable Instant expiresAt) {
      this.expiresAt = Change.to(expiresAt);
      return this;
    }

    /** Sets who makes the change, for the history. */
    public Builder by(@Nullable String by) {
      this.by = by;
      return this;
    }

    /** Makes the change only if the memory is still in the state that {@code op} made. */
    public Builder expecting(@Nullable OperationId op) {
      this.expected = op;
      return this;
    }

    /**
     * @throws InvalidInputException if nothing changes, or a value can't be stored unchanged
     */
    public MemoryUpdate build() {
      return new MemoryUpdate(id, content, metadata, actor, occurredAt, expiresAt, by, expected);
    }
  }
}
