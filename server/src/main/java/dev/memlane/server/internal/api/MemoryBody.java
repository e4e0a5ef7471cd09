package dev.memlane.server.internal.api;

import dev.memlane.model.Embedding;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Metadata;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.TimeParser;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A new memory in the body of a request.
 *
 * @param scope where it is stored; null for the scope of a key that has exactly one
 * @param occurredAt a day or a moment
 * @param expiresAt a day or a moment
 * @param revive whether a memory that was deleted under this key comes back
 */
record MemoryBody(@Nullable String content, @Nullable Scope scope, @Nullable String key, @Nullable String actor,
    @Nullable Metadata metadata, @Nullable String occurredAt, @Nullable String expiresAt, @Nullable Embedding embedding,
    @Nullable Boolean revive) {

  /**
   * @param header the header {@code Idempotency-Key}, which is another way to say the key; null if it is absent
   * @throws InvalidInputException if a value is missing or can't be stored
   */
  NewMemory toMemory(MemoryAccess access, @Nullable String header) {
    if (content == null) {
      throw new InvalidInputException("the memory has no content");
    }
    if (key != null && header != null && !key.equals(header)) {
      throw new InvalidInputException("the header Idempotency-Key and the property key differ; send one of them");
    }
    return NewMemory.builder(content, access.scope(scope)).key(key == null ? header : key).actor(actor)
        .metadata(metadata == null ? Metadata.empty() : metadata).occurredAt(time("occurredAt", occurredAt))
        .expiresAt(time("expiresAt", expiresAt)).embedding(embedding).revive(revive != null && revive).build();
  }

  /** The same memory; in this scope if it names none. */
  MemoryBody in(@Nullable Scope usual) {
    return scope == null
        ? new MemoryBody(content, usual, key, actor, metadata, occurredAt, expiresAt, embedding, revive)
        : this;
  }

  private static @Nullable Instant time(String name, @Nullable String text) {
    return text == null ? null : TimeParser.standard().parse(name, text);
  }
}
