package dev.memlane.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.ArchivedRow;
import dev.memlane.model.ContentHash;
import dev.memlane.model.Details;
import dev.memlane.model.Embedding;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Metadata;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.TimeParser;
import dev.memlane.storage.postgres.MetadataJson;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One line of an exported file: the header, a memory with its history, or the footer, by which a file that was cut off is
 * known. What is absent is left out. A vector says the hash of the text that it is {@code of}.
 *
 * <pre>
 * {"memlane":"export","format":1}
 * {"id":"...","state":"live","user":"ada","content":"...","version":2,"op":"...",...,"history":[{"op":"...",...}]}
 * {"memories":1,"deleted":0}
 * </pre>
 */
sealed interface ArchiveLine {

  /** The format that is written, and the newest that can be read. */
  int FORMAT = 1;
  /** The longest line, in bytes: a memory with its history, which is in memory as a whole. */
  int LONGEST_BYTES = 1 << 29;

  /** The first line. */
  record Header(int format) implements ArchiveLine {}

  /** A line of a memory. */
  record Body(ArchivedMemory memory) implements ArchiveLine {}

  /**
   * The last line.
   *
   * @param memories how many lines of memories that are there came before
   * @param deleted how many of memories that were deleted
   */
  record Footer(long memories, long deleted) implements ArchiveLine {}

  /** @param scope whose memories follow; null for all */
  static String header(@Nullable Scope scope) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("memlane", "export");
    line.put("format", FORMAT);
    putScope(line, scope);
    return Json.write(line);
  }

  static String footer(long memories, long deleted) {
    return Json.write(Json.object("memories", memories, "deleted", deleted));
  }

  static String body(ArchivedMemory archived) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("id", archived.id().toString());
    switch (archived.row()) {
      case ArchivedRow.Live live -> {
        Memory memory = live.memory();
        line.put("state", "live");
        putScope(line, memory.scope());
        put(line, "key", memory.key());
        put(line, "actor", memory.actor());
        line.put("content", memory.content());
        putMetadata(line, "metadata", memory.metadata());
        put(line, "occurredAt", memory.occurredAt());
        put(line, "createdAt", memory.createdAt());
        put(line, "updatedAt", memory.updatedAt());
        put(line, "expiresAt", memory.expiresAt());
        if (live.unique()) {
          line.put("unique", true);
        }
      }
      case ArchivedRow.Tombstone tombstone -> {
        line.put("state", "deleted");
        putScope(line, tombstone.scope());
        put(line, "createdAt", tombstone.createdAt());
        put(line, "updatedAt", tombstone.deletedAt());
      }
    }
    line.put("version", archived.row().version());
    line.put("op", archived.row().op().toString());
    if (archived.row() instanceof ArchivedRow.Live live && live.embedding() != null) {
      line.put("vector", vector(live.embedding(), live.embedded()));
    }
    line.put("history", archived.history().stream().map(ArchiveLine::entry).toList());
    return Json.write(line);
  }

  private static Map<String, Object> entry(HistoryEntry entry) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("op", entry.op().toString());
    object.put("version", entry.version());
    object.put("kind", Layout.name(entry.kind()));
    put(object, "oldContent", entry.oldContent());
    put(object, "newContent", entry.newContent());
    putMetadata(object, "oldMetadata", entry.oldMetadata());
    putMetadata(object, "newMetadata", entry.newMetadata());
    putDetails(object, "oldDetails", entry.oldDetails());
    putDetails(object, "newDetails", entry.newDetails());
    put(object, "actor", entry.actor());
    put(object, "at", entry.at());
    return object;
  }

  private static void putDetails(Map<String, Object> object, String name, @Nullable Details details) {
    if (details != null) {
      Map<String, Object> values = new LinkedHashMap<>();
      put(values, "actor", details.actor());
      put(values, "occurredAt", details.occurredAt());
      put(values, "expiresAt", details.expiresAt());
      object.put(name, values);
    }
  }

  private static Map<String, Object> vector(Embedding embedding, @Nullable ContentHash of) {
    ByteBuffer bytes = ByteBuffer.allocate(embedding.dimension() * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(embedding.vector());
    Map<String, Object> vector = new LinkedHashMap<>();
    vector.put("model", embedding.model());
    vector.put("dimension", embedding.dimension());
    put(vector, "of", of == null ? null : of.value());
    vector.put("values", Base64.getEncoder().encodeToString(bytes.array()));
    return vector;
  }

  private static void putScope(Map<String, Object> object, @Nullable Scope scope) {
    if (scope != null) {
      put(object, "user", scope.user());
      put(object, "agent", scope.agent());
      put(object, "run", scope.run());
    }
  }

  private static void put(Map<String, Object> object, String name, @Nullable Object value) {
    if (value != null) {
      object.put(name, value.toString());
    }
  }

  private static void putMetadata(Map<String, Object> object, String name, @Nullable Metadata metadata) {
    if (metadata != null) {
      object.put(name, metadata.toMap());
    }
  }

  /**
   * Reads a line.
   *
   * @throws InvalidInputException if it is none, with the reason
   */
  static ArchiveLine parse(String text) {
    JsonNode node = object(text);
    if (node.has("memlane")) {
      return new Header(number(node, "format"));
    }
    if (node.has("memories")) {
      return new Footer(number(node, "memories"), number(node, "deleted"));
    }
    return new Body(new ArchivedMemory(row(node), history(node)));
  }

  private static JsonNode object(String text) {
    JsonNode node;
    try {
      node = Json.MAPPER.readTree(text);
    } catch (JsonProcessingException e) {
      throw new InvalidInputException("not JSON: " + Problems.of(e, text), e);
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
      if (Layout.name(kind).equals(name)) {
        return kind;
      }
    }
    throw new InvalidInputException("the history holds an entry of kind \"" + Layout.shortened(name, 60)
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
      throw new InvalidInputException("the vector says that it has " + dimension + " dimensions, and has "
          + bytes.length + " bytes; it must have 4 for each");
    }
    float[] values = new float[dimension];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    return new Embedding(required(vector, "model"), values);
  }

  /** The hash of the text that the vector is of; files of earlier versions don't tell it. */
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
    JsonNode value = node.get(field);
    if (value == null) {
      throw missing(field);
    }
    if (!value.isIntegralNumber() || !value.canConvertToInt()) {
      throw new InvalidInputException("\"" + field + "\" must be a whole number");
    }
    return value.intValue();
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
    return value == null || value.isNull() ? null : MetadataJson.read(value);
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
