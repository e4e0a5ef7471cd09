package dev.memlane.model;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A memory to be stored. All values are checked on creation, so every instance can be stored.
 *
 * <pre>{@code
 * NewMemory.of("Ada plays the oboe", Scope.user("ada"))
 * NewMemory.builder("I moved to Lisbon", Scope.user("ada")).actor("Ada").metadata("topic", "home").build()
 * }</pre>
 *
 * @param key the memory's name within its scope, or null. A second add under the same key returns the first one's
 * memory. Keys, like actors and metadata, are kept unchanged, including blanks and Unicode forms
 * @param embedding the vector of the searchable text if the caller has it already; null lets the embedder compute it
 * @param revive whether a memory that was deleted under this key may come back
 */
public record NewMemory(String content, Scope scope, @Nullable String key, @Nullable String actor, Metadata metadata,
    @Nullable Instant occurredAt, @Nullable Instant expiresAt, @Nullable Embedding embedding, boolean revive) {

  /** The longest key, in characters. */
  public static final int LONGEST_KEY = 1_000;
  /** The longest actor, in characters. */
  public static final int LONGEST_ACTOR = 255;

  /**
   * @throws InvalidInputException if the content is empty, invisible or too long, or a value can't be stored unchanged
   */
  public NewMemory {
    Objects.requireNonNull(content, "content");
    Objects.requireNonNull(scope, "scope");
    Objects.requireNonNull(metadata, "metadata");
    requireContent(content);
    if (key != null) {
      Texts.requireName("the key", key, LONGEST_KEY);
    }
    if (actor != null) {
      Texts.requireName("the actor", actor, LONGEST_ACTOR);
    }
    occurredAt = storable("occurredAt", occurredAt);
    expiresAt = storable("expiresAt", expiresAt);
  }

  public static NewMemory of(String content, Scope scope) {
    return builder(content, scope).build();
  }

  public static Builder builder(String content, Scope scope) {
    return new Builder(content, scope);
  }

  static void requireContent(String content) {
    if (TextForm.isBlank(content)) {
      throw new InvalidInputException(
          "the content is empty" + (content.isBlank() ? "" : ", because none of its characters is visible")
              + "; a memory needs a text");
    }
    if (content.length() > Memory.LONGEST_CONTENT) {
      throw new InvalidInputException("the content has " + content.length() + " characters; the limit is "
          + Memory.LONGEST_CONTENT + ": split it into several memories");
    }
    Texts.requireStorable("the content", content);
  }

  /** Truncates a time to the microsecond, as the stores do. */
  static @Nullable Instant storable(String name, @Nullable Instant time) {
    Texts.requireStorable(name, time);
    return time == null ? null : time.truncatedTo(ChronoUnit.MICROS);
  }

  /** The builder of memories. Not safe for use by several threads. */
  public static final class Builder {

    private final String content;
    private final Scope scope;
    private @Nullable String key;
    private @Nullable String actor;
    private Metadata metadata = Metadata.empty();
    private @Nullable Instant occurredAt;
    private @Nullable Instant expiresAt;
    private @Nullable Embedding embedding;
    private boolean revive;

    private Builder(String content, Scope scope) {
      this.content = content;
      this.scope = scope;
    }

    /** Sets the memory's name within its scope, so that storing it again returns the first one. */
    public Builder key(@Nullable String key) {
      this.key = key;
      return this;
    }

    /** Sets who said it. */
    public Builder actor(@Nullable String actor) {
      this.actor = actor;
      return this;
    }

    public Builder metadata(Metadata metadata) {
      this.metadata = metadata;
      return this;
    }

    /** Adds one value to the metadata. */
    public Builder metadata(String key, Object value) {
      this.metadata = metadata.with(key, value);
      return this;
    }

    /** Sets when the event that it describes happened; kept to the microsecond. */
    public Builder occurredAt(@Nullable Instant occurredAt) {
      this.occurredAt = occurredAt;
      return this;
    }

    public Builder expiresAt(@Nullable Instant expiresAt) {
      this.expiresAt = expiresAt;
      return this;
    }

    /** Sets the vector of {@link Memory#searchableText} by the store's model, which is then not computed again. */
    public Builder embedding(@Nullable Embedding embedding) {
      this.embedding = embedding;
      return this;
    }

    /**
     * Lets a memory that was deleted under this key come back, with this content as its next version. Otherwise the
     * outcome of the add is that the memory was deleted.
     */
    public Builder revive(boolean revive) {
      this.revive = revive;
      return this;
    }

    public NewMemory build() {
      return new NewMemory(content, scope, key, actor, metadata, occurredAt, expiresAt, embedding, revive);
    }
  }
}
