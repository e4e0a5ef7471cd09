package dev.memlane.server.internal.mem0;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Metadata;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.server.internal.api.MemoryAccess;
import dev.memlane.server.internal.http.Json;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads what mem0's clients send to be stored: messages, each of which becomes a memory. */
final class Mem0Memory {

  private static final int MOST_MESSAGES = 1_000;
  static final Set<String> SPEAKERS = Set.of("user", "assistant");

  private Mem0Memory() {}

  /**
   * Reads the memories of a request. Messages of a system are left out, as mem0 leaves them out.
   *
   * @param key names the request, so that it can be repeated; null if it can't
   * @throws InvalidInputException if a value is missing or can't be stored
   */
  static List<NewMemory> read(ObjectNode body, MemoryAccess access, @Nullable String key, Json json) {
    requireNoInference(body);
    Scope scope = access.scope(scope(body));
    Metadata metadata = metadata(body, json);
    Instant occurredAt = Mem0Json.time(body, "timestamp");
    Instant expiresAt = Mem0Json.time(body, "expiration_date");
    List<NewMemory> memories = new ArrayList<>();
    for (JsonNode message : messages(body, json)) {
      String role = message.path("role").asText("user");
      if (SPEAKERS.contains(role)) {
        NewMemory.Builder memory = NewMemory.builder(content(message), scope)
            .metadata(metadata.with(Mem0Json.ROLE, role)).expiresAt(expiresAt)
            // mem0 filters by this time, whether or not one was sent.
            .occurredAt(occurredAt == null ? Instant.now() : occurredAt)
            .key(key == null ? null : key + "/" + memories.size());
        if (message.path("name").isTextual()) {
          memory.actor(message.path("name").textValue());
        }
        memories.add(memory.build());
      }
    }
    if (memories.isEmpty()) {
      throw new InvalidInputException("there is no message of a user or an assistant to store");
    }
    return memories;
  }

  private static void requireNoInference(ObjectNode body) {
    if (body.path("infer").asBoolean(false)) {
      throw new InvalidInputException(
          "this server stores messages as they are and does not infer facts from them; send "
              + "\"infer\": false, or leave it out");
    }
  }

  /** The scope that the members name; null if they name none. */
  static @Nullable Scope scope(ObjectNode body) {
    if (Mem0Json.text(body, "app_id") != null) {
      throw new InvalidInputException("an app_id is not supported; put the application into agent_id or the metadata");
    }
    String user = Mem0Json.text(body, "user_id");
    String agent = Mem0Json.text(body, "agent_id");
    String run = Mem0Json.text(body, "run_id");
    return user == null && agent == null && run == null ? null : new Scope(user, agent, run);
  }

  /** The metadata; empty if there are none. */
  static Metadata metadata(ObjectNode body, Json json) {
    JsonNode metadata = body.get("metadata");
    return metadata == null || metadata.isNull() ? Metadata.empty() : Metadata.fromJson(json.toPlain(metadata));
  }

  static Iterable<JsonNode> messages(ObjectNode body, Json json) {
    JsonNode messages = body.get("messages");
    if (messages != null && messages.isTextual()) {
      return List.of(json.mapper().createObjectNode().set("content", messages));
    }
    if (messages != null && messages.isObject()) {
      return List.of(messages);
    }
    if (messages == null || !messages.isArray() || messages.isEmpty() || messages.size() > MOST_MESSAGES) {
      throw new InvalidInputException("messages must be a list of 1 to " + MOST_MESSAGES + " messages, or a text");
    }
    return messages;
  }

  static String content(JsonNode message) {
    JsonNode content = message.path("content");
    if (!content.isTextual()) {
      throw new InvalidInputException("each message must have a text as its content; images are not supported");
    }
    return content.textValue();
  }
}
