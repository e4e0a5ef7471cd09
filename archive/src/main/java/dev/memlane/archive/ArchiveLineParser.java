package dev.memlane.archive;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.ArchivedMessage;
import dev.memlane.model.ArchivedRow;
import dev.memlane.model.ContentHash;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.Details;
import dev.memlane.model.Embedding;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MessageRole;
import dev.memlane.model.Metadata;
import dev.memlane.model.NewMessage;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.TimeParser;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Reads the lines of an archive strictly: no field twice, nothing after the object. */
final class ArchiveLineParser {

  private static final ObjectMapper MAPPER = JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
      .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private ArchiveLineParser() {}

  /**
   * Reads a line.
   *
   * @throws InvalidInputException if it is not one; the message gives the reason
   */
  static ArchiveLine parse(String text) {
    JsonNode node = object(text);
    if (node.has("memlane")) {
      return new ArchiveLine.Header(number(node, "format"));
    }
    if (node.has("memories")) {
      return new ArchiveLine.Footer(longNumber(node, "memories"), longNumber(node, "deleted"),
          node.has("messages") ? longNumber(node, "messages") : 0);
    }
    if (node.has("conversation")) {
      return message(node);
    }
    return new ArchiveLine.Body(new ArchivedMemory(row(node), history(node)));
  }

  private static JsonNode object(String text) {
    JsonNode node;
    try {
      node = MAPPER.readTree(text);
    } catch (JsonProcessingException e) {
      throw new InvalidInputException("not JSON: " + JsonErrors.describe(e, text), e);
    }
    if (!node.isObject()) {
      throw new InvalidInputException("a line must be a JSON object, {...}");
    }
    return node;
  }

  private static ArchivedRow row(JsonNode node) {
    MemoryId id = MemoryId.parse(required(node, "id"));
    OperationId op = OperationId.parse(required(node, "op"));
    String user = text(node, "user");
    String agent = text(node, "agent");
    String run = text(node, "run");
    return switch (required(node, "state")) {
      case "live" -> new ArchivedRow.Live(
          new Memory(id, new Scope(user, agent, run), text(node, "key"), text(node, "actor"), required(node, "content"),
              requiredMetadata(node), time(node, "occurredAt"), requiredTime(node, "createdAt"),
              requiredTime(node, "updatedAt"), time(node, "expiresAt"), number(node, "version"), op),
          embedding(node), node.path("unique").asBoolean(false), embedded(node));
      case "deleted" -> new ArchivedRow.Tombstone(id, number(node, "version"), op,
          user == null && agent == null && run == null ? null : new Scope(user, agent, run),
          time(node, "createdAt"), requiredTime(node, "updatedAt"));
      default -> throw new InvalidInputException("\"state\" must be \"live\" or \"deleted\"");
    };
  }

  private static ArchiveLine message(JsonNode node) {
    JsonNode scope = node.path("conversation");
    if (!scope.isObject()) {
      throw new InvalidInputException("\"conversation\" must be an object");
    }
    NewMessage checked = new NewMessage(MemoryId.parse(required(node, "id")).value(), role(required(node, "role")),
        text(node, "text"), required(node, "format"), required(node, "payload"));
    ConversationMessage message = new ConversationMessage(longNumber(node, "position"), checked.id(), checked.role(),
        checked.text(), checked.format(), checked.payload(), requiredTime(node, "createdAt"));
    return new ArchiveLine.Message(new Scope(text(scope, "user"), text(scope, "agent"), required(scope, "run")),
        new ArchivedMessage(message, node.path("inWindow").asBoolean(false)));
  }

  private static MessageRole role(String name) {
    for (MessageRole role : MessageRole.values()) {
      if (ArchiveLineFormatter.name(role).equals(name)) {
        return role;
      }
    }
    throw new InvalidInputException("the message has the role \"" + JsonErrors.shortened(name, 60)
        + "\", which this version of Memlane does not know");
  }

  private static List<HistoryEntry> history(JsonNode node) {
    MemoryId id = MemoryId.parse(required(node, "id"));
    List<HistoryEntry> entries = new ArrayList<>();
    if (!node.path("history").isArray()) {
      throw new InvalidInputException("\"history\" must be a list");
    }
    for (JsonNode entry : node.path("history")) {
      entries.add(new HistoryEntry(id, OperationId.parse(required(entry, "op")), number(entry, "version"),
          kind(required(entry, "kind")), text(entry, "oldContent"), text(entry, "newContent"),
          metadata(entry, "oldMetadata"), metadata(entry, "newMetadata"), details(entry, "oldDetails"),
          details(entry, "newDetails"), text(entry, "actor"),
          requiredTime(entry, "at")));
    }
    return entries;
  }

  private static @Nullable Details details(JsonNode node, String field) {
    JsonNode value = node.get(field);
    if (value == null || value.isNull()) {
      return null;
    }
    if (!value.isObject()) {
      throw new InvalidInputException("\"" + field + "\" must be an object");
    }
    return new Details(text(value, "actor"), time(value, "occurredAt"), time(value, "expiresAt"));
  }

  private static HistoryEntry.Kind kind(String name) {
    for (HistoryEntry.Kind kind : HistoryEntry.Kind.values()) {
      if (ArchiveLineFormatter.name(kind).equals(name)) {
        return kind;
      }
    }
    throw new InvalidInputException("the history holds an entry of kind \"" + JsonErrors.shortened(name, 60)
        + "\", which this version of Memlane does not know");
  }

  private static @Nullable Embedding embedding(JsonNode node) {
    JsonNode vector = node.get("vector");
    if (vector == null || vector.isNull()) {
      return null;
    }
    byte[] bytes;
    try {
      bytes = Base64.getDecoder().decode(required(vector, "values"));
    } catch (IllegalArgumentException e) {
      throw new InvalidInputException("the vector's \"values\" must be base64", e);
    }
    int dimension = number(vector, "dimension");
    if (bytes.length != (long) dimension * Float.BYTES) {
      throw new InvalidInputException("the vector declares " + dimension + " dimensions, but has "
          + bytes.length + " bytes; it must have 4 for each dimension");
    }
    float[] values = new float[dimension];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    return new Embedding(required(vector, "model"), values);
  }

  /** The hash of the text that the vector was made from. Archives of earlier versions lack it. */
  private static @Nullable ContentHash embedded(JsonNode node) {
    JsonNode vector = node.get("vector");
    String hash = vector == null ? null : text(vector, "of");
    try {
      return hash == null ? null : new ContentHash(UUID.fromString(hash));
    } catch (IllegalArgumentException e) {
      throw new InvalidInputException("the vector's \"of\" must be the hash of a text", e);
    }
  }

  private static String required(JsonNode node, String field) {
    String text = text(node, field);
    if (text == null) {
      throw missing(field);
    }
    return text;
  }

  private static InvalidInputException missing(String field) {
    return new InvalidInputException("the field \"" + field + "\" is missing");
  }

  private static @Nullable String text(JsonNode node, String field) {
    JsonNode value = node.get(field);
    if (value == null || value.isNull()) {
      return null;
    }
    if (!value.isTextual()) {
      throw new InvalidInputException("\"" + field + "\" must be a text");
    }
    return value.textValue();
  }

  private static int number(JsonNode node, String field) {
    long number = longNumber(node, field);
    if (number != (int) number) {
      throw new InvalidInputException("\"" + field + "\" must be a whole number");
    }
    return (int) number;
  }

  private static long longNumber(JsonNode node, String field) {
    JsonNode value = node.get(field);
    if (value == null) {
      throw missing(field);
    }
    if (!value.isIntegralNumber() || !value.canConvertToLong()) {
      throw new InvalidInputException("\"" + field + "\" must be a whole number");
    }
    return value.longValue();
  }

  private static Metadata requiredMetadata(JsonNode node) {
    Metadata metadata = metadata(node, "metadata");
    if (metadata == null) {
      throw missing("metadata");
    }
    return metadata;
  }

  private static @Nullable Metadata metadata(JsonNode node, String field) {
    JsonNode value = node.get(field);
    return value == null || value.isNull() ? null : Metadata.fromJson(MAPPER.convertValue(value, Object.class));
  }

  private static Instant requiredTime(JsonNode node, String field) {
    Instant time = time(node, field);
    if (time == null) {
      throw missing(field);
    }
    return time;
  }

  private static @Nullable Instant time(JsonNode node, String field) {
    String text = text(node, field);
    return text == null ? null : TimeParser.standard().parse("\"" + field + "\"", text);
  }
}
