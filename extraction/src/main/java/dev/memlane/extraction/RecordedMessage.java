package dev.memlane.extraction;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.NewMessage;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A message of a conversation that was held elsewhere, such as in a messenger: it says who said it and when, which the message
 * of a conversation alone does not. {@link MemoryExtractor} shows both to the model, and takes the time for that of the facts.
 *
 * <pre>{@code
 * var message = new RecordedMessage(id, Party.OTHER, "Bo", Instant.parse("2024-05-02T18:03:00Z"), "I live in Porto now");
 * memory.conversations().append(chat, List.of(message.message()));
 * }</pre>
 *
 * @param id unique in its conversation; the same whenever the message is read again
 * @param name who says it, at most {@value #LONGEST_NAME} characters; null if that is not known
 * @param saidAt when, kept to the second; null if that is not known: then it is when the message is appended
 */
public record RecordedMessage(UUID id, Party party, @Nullable String name, @Nullable Instant saidAt, String text) {

  /** The format of such messages in a conversation. */
  public static final String FORMAT = "memlane.recorded";
  /** The longest name, in characters. */
  public static final int LONGEST_NAME = 200;

  /** @throws InvalidInputException if the name is too long */
  public RecordedMessage {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(party, "party");
    Objects.requireNonNull(text, "text");
    saidAt = saidAt == null ? null : saidAt.truncatedTo(ChronoUnit.SECONDS);
    if (name != null && name.length() > LONGEST_NAME) {
      throw new InvalidInputException(
          "a speaker's name has " + name.length() + " characters; the limit is " + LONGEST_NAME);
    }
  }

  /** The message as it is appended to a conversation. */
  public NewMessage message() {
    ObjectNode payload = Json.object().put("party", party.word());
    if (name != null) {
      payload.put("name", StorableText.of(name));
    }
    if (saidAt != null) {
      payload.put("time", saidAt.toString());
    }
    return new NewMessage(id, party.role(), text, FORMAT, Json.write(payload));
  }

  /** Reads a message of a conversation; empty if it is none that was recorded. */
  public static Optional<RecordedMessage> of(ConversationMessage message) {
    String text = message.text();
    if (!message.format().equals(FORMAT) || text == null) {
      return Optional.empty();
    }
    try {
      JsonNode payload = Json.read(message.payload());
      JsonNode time = payload.path("time");
      JsonNode name = payload.path("name");
      return Party.of(payload.path("party").asText())
          .map(party -> new RecordedMessage(message.id(), party, name.isTextual() ? name.textValue() : null,
              time.isTextual() ? Instant.parse(time.textValue()) : null, text));
    } catch (JsonProcessingException | DateTimeException | InvalidInputException e) {
      // Somebody else has written it.
      return Optional.empty();
    }
  }

  /** When a message of any format was said. */
  static Instant saidAt(ConversationMessage message) {
    return of(message).map(RecordedMessage::saidAt).orElse(message.createdAt());
  }

  /** Without name and text, which belong in no log. */
  @Override
  public String toString() {
    return "RecordedMessage[" + id + ", " + party + ", " + saidAt + "]";
  }
}
