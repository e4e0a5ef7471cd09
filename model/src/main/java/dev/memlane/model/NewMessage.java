package dev.memlane.model;

import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A message to be appended to a conversation.
 *
 * <p>
 * Text and payload are kept exactly: any string, also one with NUL characters or unpaired surrogates. Neither is
 * searchable.
 *
 * @param id the caller's name for the message, unique within its conversation. Appending a message again under its id
 * stores it once
 * @param text what people read of it, at most {@value #LONGEST_TEXT} characters; null if there is nothing to read
 * @param format the form of the payload, such as {@code langchain4j}; a name of at most {@value #LONGEST_FORMAT}
 * characters
 * @param payload the whole message in that form, at most {@value #LONGEST_TEXT} characters
 */
public record NewMessage(UUID id, MessageRole role, @Nullable String text, String format, String payload) {

  /** The longest text and the longest payload, in characters. */
  public static final int LONGEST_TEXT = 16_000_000;
  /** The longest name of a format, in characters. */
  public static final int LONGEST_FORMAT = 100;

  /**
   * @throws InvalidInputException if a value is too long, or the format is empty
   */
  public NewMessage {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(role, "role");
    Objects.requireNonNull(format, "format");
    Objects.requireNonNull(payload, "payload");
    Texts.requireName("the message's format", format, LONGEST_FORMAT);
    requireLength("text", text);
    requireLength("payload", payload);
  }

  /** A message with a fresh id. */
  public static NewMessage of(MessageRole role, @Nullable String text, String format, String payload) {
    return new NewMessage(UUID.randomUUID(), role, text, format, payload);
  }

  /** The length of text and payload together, in characters. */
  public int length() {
    return payload.length() + (text == null ? 0 : text.length());
  }

  private static void requireLength(String name, @Nullable String value) {
    if (value != null && value.length() > LONGEST_TEXT) {
      throw new InvalidInputException("the message's " + name + " has " + value.length()
          + " characters; the limit is " + LONGEST_TEXT + ": keep large contents elsewhere and refer to them");
    }
  }

  /** Without text and payload, which belong in no log. */
  @Override
  public String toString() {
    return "NewMessage[" + id + ", " + role + ", " + format + "]";
  }
}
