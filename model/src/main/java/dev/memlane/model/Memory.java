package dev.memlane.model;

import com.fasterxml.jackson.annotation.JsonFormat;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A stored memory.
 *
 * @param key the key under which the caller stored it, or null
 * @param actor who said it, or null; part of the searchable text
 * @param occurredAt when the event that it describes happened, or null; to the microsecond
 * @param createdAt when it was accepted. Memories given to one process one after the other, or in one list, have
 * ascending times
 * @param updatedAt when its present state was made
 * @param expiresAt when it stops being found, or null
 * @param version 1 for a new memory, one more with every change; for people
 * @param op the operation that made this state, which an update or delete may expect
 */
public record Memory(MemoryId id, Scope scope, @Nullable String key, @Nullable String actor, String content,
    Metadata metadata, @JsonFormat(shape = JsonFormat.Shape.STRING) @Nullable Instant occurredAt,
    @JsonFormat(shape = JsonFormat.Shape.STRING) Instant createdAt,
    @JsonFormat(shape = JsonFormat.Shape.STRING) Instant updatedAt,
    @JsonFormat(shape = JsonFormat.Shape.STRING) @Nullable Instant expiresAt, int version, OperationId op) {

  /** The longest content, in characters. */
  public static final int LONGEST_CONTENT = 100_000;

  public Memory {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(scope, "scope");
    Objects.requireNonNull(content, "content");
    Objects.requireNonNull(metadata, "metadata");
    Objects.requireNonNull(createdAt, "createdAt");
    Objects.requireNonNull(updatedAt, "updatedAt");
    Objects.requireNonNull(op, "op");
  }

  /** The text that is embedded and indexed: the content, preceded by the actor if there is one. */
  public String searchableText() {
    return searchableText(actor, content);
  }

  /** See {@link #searchableText()}. */
  public static String searchableText(@Nullable String actor, String content) {
    return actor == null ? content : actor + ": " + content;
  }

  public ContentHash contentHash() {
    return ContentHash.of(actor, content);
  }

  /** The same state, made by another operation. */
  public Memory madeBy(OperationId operation) {
    return new Memory(id, scope, key, actor, content, metadata, occurredAt, createdAt, updatedAt, expiresAt, version,
        operation);
  }
}
