package dev.memlane.server.internal.mem0;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.extraction.Fact;
import dev.memlane.model.ContentHash;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.Metadata;
import dev.memlane.model.Scope;
import dev.memlane.model.TimeParser;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Memories in the form of mem0. What Memlane knows beyond it is in additional members. */
final class Mem0Json {

  /** The key of the metadata that holds who spoke: mem0 has it beside the metadata. */
  static final String ROLE = "role";

  private Mem0Json() {}

  static Map<String, @Nullable Object> memory(Memory memory) {
    Map<String, @Nullable Object> json = new LinkedHashMap<>();
    json.put("id", memory.id());
    json.put("memory", memory.content());
    json.put("hash", ContentHash.of(memory.actor(), memory.content()));
    Map<String, Object> metadata = new LinkedHashMap<>(memory.metadata().toMap());
    Object role = metadata.remove(ROLE);
    json.put("metadata", metadata);
    json.put("categories", categories(memory.metadata()));
    putScope(json, memory.scope());
    json.put("actor_id", memory.actor());
    json.put(ROLE, role);
    Instant occurredAt = memory.occurredAt();
    json.put("created_at", (occurredAt == null ? memory.createdAt() : occurredAt).toString());
    json.put("updated_at", memory.updatedAt().toString());
    json.put("expiration_date", memory.expiresAt() == null ? null : memory.expiresAt().toString());
    json.put("version", memory.version());
    json.put("op", memory.op());
    return json;
  }

  /** Those of a fact, which mem0 has beside the metadata. */
  private static List<?> categories(Metadata metadata) {
    return metadata.get(Fact.CATEGORIES) instanceof List<?> categories ? categories : List.of();
  }

  private static void putScope(Map<String, @Nullable Object> json, Scope scope) {
    json.put("user_id", scope.user());
    json.put("agent_id", scope.agent());
    json.put("run_id", scope.run());
  }

  static Map<String, @Nullable Object> entry(HistoryEntry entry, @Nullable Scope scope) {
    Map<String, @Nullable Object> json = new LinkedHashMap<>();
    json.put("id", entry.op());
    json.put("memory_id", entry.memory());
    json.put("input", List.of());
    json.put("old_memory", entry.oldContent());
    json.put("new_memory", entry.newContent());
    json.put("event", switch (entry.kind()) {
      case ADD, UPDATE, DELETE -> entry.kind().name();
      case ERASE -> "DELETE";
    });
    Metadata now = entry.newMetadata();
    json.put("categories", now == null ? List.of() : categories(now));
    if (scope != null) {
      putScope(json, scope);
    }
    json.put("actor_id", entry.actor());
    json.put("created_at", entry.at().toString());
    json.put("updated_at", entry.at().toString());
    json.put("version", entry.version());
    return json;
  }

  /** A text, a number or a boolean. */
  static Object scalar(String name, JsonNode value) {
    if (value.isTextual()) {
      return value.textValue();
    }
    if (value.isBoolean()) {
      return value.booleanValue();
    }
    if (value.canConvertToLong() && value.isIntegralNumber()) {
      return value.longValue();
    }
    if (value.isNumber() && Double.isFinite(value.doubleValue())) {
      return value.doubleValue();
    }
    throw new InvalidInputException(name + " must have a text, a number or a boolean as its value");
  }

  /** A text; null if it is absent or null. */
  static @Nullable String text(ObjectNode object, String name) {
    JsonNode value = object.get(name);
    if (value == null || value.isNull()) {
      return null;
    }
    if (value.isTextual()) {
      return value.textValue();
    }
    if (value.isIntegralNumber()) {
      // Ids in users' databases are often numbers.
      return value.asText();
    }
    throw new InvalidInputException(name + " must be a text");
  }

  /** A time: in ISO 8601, or in seconds since 1970 as mem0's timestamps are; null if it is absent or null. */
  static @Nullable Instant time(ObjectNode object, String name) {
    JsonNode value = object.get(name);
    if (value != null && value.isNumber()) {
      return TimeParser.counting(TimeParser.EpochUnit.SECONDS).parse(name, value.asText());
    }
    String text = text(object, name);
    return text == null ? null : TimeParser.standard().parse(name, text);
  }

  /** A whole number in a range. */
  static int number(ObjectNode object, String name, int usual, int most) {
    JsonNode value = object.get(name);
    if (value == null || value.isNull()) {
      return usual;
    }
    if (!value.canConvertToInt() || !value.isIntegralNumber() || value.intValue() < 1 || value.intValue() > most) {
      throw new InvalidInputException(name + " must be a whole number from 1 to " + most);
    }
    return value.intValue();
  }

}
