package dev.memlane.model;

import com.fasterxml.jackson.annotation.JsonFormat;
import java.time.Instant;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A message in a conversation. It never changes; see {@link NewMessage} for what was given.
 *
 * @param position its place in the conversation: messages that were appended later have greater ones, which need not be
 * consecutive. The first is at least 1
 * @param createdAt when it was accepted, to the microsecond; messages of one call have the same time
 */
public record ConversationMessage(long position, UUID id, MessageRole role, @Nullable String text, String format,
    String payload, @JsonFormat(shape = JsonFormat.Shape.STRING) Instant createdAt) {

  public ConversationMessage {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(role, "role");
    Objects.requireNonNull(format, "format");
    Objects.requireNonNull(payload, "payload");
    Objects.requireNonNull(createdAt, "createdAt");
  }

  /** Without text and payload, which belong in no log. */
  @Override
  public String toString() {
    return "ConversationMessage[" + position + ", " + id + ", " + role + ", " + format + "]";
  }
}
