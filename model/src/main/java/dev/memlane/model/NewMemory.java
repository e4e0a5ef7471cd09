package dev.memlane.model;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A memory to be stored. Everything is checked when it is built, so one that exists can be stored.
 *
 * <pre>{@code
 * NewMemory.of("Ada plays the oboe", Scope.user("ada"))
 * NewMemory.builder("I moved to Lisbon", Scope.user("ada")).actor("Ada").metadata("topic", "home").build()
 * }</pre>
 *
 * @param key names the memory within its scope: a second add under it answers with the first one's memory; or null. Taken as it
 * is, blanks and Unicode form included, as are the actor and the metadata
 * @param embedding the content's vector where the caller has it already; null lets the embedder make it
 * @param revive whether a memory that was deleted under this key may come back
 */
public record NewMemory(String content, Scope scope, @Nullable String key, @Nullable String actor, Metadata metadata,
    @Nullable Instant occurredAt, @Nullable Instant expiresAt, @Nullable Embedding embedding, boolean revive) {

  /** The longest key, in characters. */
  public static final int LONGEST_KEY = 1_000;
  /** The longest actor, in characters. */
  public static final int LONGEST_ACTOR = 255;

  /**
   * @throws InvalidInputException if the content is empty, too long, or nothing of it is seen, or anything can't be stored as it is
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
          "the content is empty" + (content.isBlank() ? "" : ", because none of its characters is seen")
              + "; a memory needs a text");
    }
    if (content.length() > Memory.LONGEST_CONTENT) {
      throw new InvalidInputException("the content has " + content.length() + " characters; the limit is "
          + Memory.LONGEST_CONTENT + ": split it into several memories");
    }
    Texts.requireStorable("the content", content);
  }

  /** To the microsecond, as the stores keep it. */
  static @Nullable Instant storable(String name, @Nullable Instant time) {
    Texts.requireStorable(name, time);
    return time == null ? null : time.truncatedTo(ChronoUnit.MICROS);
  }

  /** Collects what is optional. Not safe for use by several threads. */
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

    /** Names the memory within its scope, so that storing it again finds it there. */
    public Builder key(@Nullable String key) {
      this.key = key;
      return this;
    }

    /** Who said it. */
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

    /** When what it tells of happened; kept to the microsecond. */
    public Builder occurredAt(@Nullable Instant occurredAt) {
      this.occurredAt = occurredAt;
      return this;
    }

    public Builder expiresAt(@Nullable Instant expiresAt) {
      this.expiresAt = expiresAt;
      return this;
    }

    /** The vector of {@link Memory#searchableText}, by the store's own model; it is not made again. */
    public Builder embedding(@Nullable Embedding embedding) {
      this.embedding = embedding;
      return this;
    }

    /**
     * Lets a memory that was deleted under this key come back, with this content and as its next version. Without it, an
     * add is told that the memory was deleted.
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
