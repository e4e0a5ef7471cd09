package dev.memlane.server.internal.mem0;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MessageRole;
import dev.memlane.model.NewMessage;
import dev.memlane.model.Scope;
import dev.memlane.server.internal.api.MemoryAccess;
import dev.memlane.server.internal.http.Json;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Messages from which facts are to be inferred, with their conversation: the scope of the request, with a run of its own if the
 * request names none.
 */
record Mem0Conversation(Scope scope, List<NewMessage> messages) {

  /** The run of requests that name none. */
  static final String RUN = "mem0";

  private static final List<String> OF_MEMORIES = List.of("metadata", "timestamp", "expiration_date");

  /**
   * Reads the messages of a request. Those of a system are left out, as mem0 leaves them out.
   *
   * @param key names the request, so that it can be repeated; null if it can't
   * @throws InvalidInputException if a value is missing or can't be stored
   */
  static Mem0Conversation read(ObjectNode body, MemoryAccess access, @Nullable String key, Json json) {
    for (String field : OF_MEMORIES) {
      if (body.hasNonNull(field) && (body.get(field).isValueNode() || !body.get(field).isEmpty())) {
        throw new InvalidInputException(field + " can't be given to facts that are inferred; leave it out, or send "
            + "\"infer\": false to store the messages as they are");
      }
    }
    Scope scope = access.scope(Mem0Memory.scope(body));
    List<NewMessage> messages = new ArrayList<>();
    for (JsonNode message : Mem0Memory.messages(body, json)) {
      String role = message.path("role").asText("user");
      if (Mem0Memory.SPEAKERS.contains(role)) {
        messages.add(new NewMessage(id(key, messages.size()),
            role.equals("user") ? MessageRole.USER : MessageRole.ASSISTANT, Mem0Memory.content(message), "mem0", ""));
      }
    }
    if (messages.isEmpty()) {
      throw new InvalidInputException("there is no message of a user or an assistant to remember");
    }
    return new Mem0Conversation(scope.run() == null ? scope.withRun(RUN) : scope, messages);
  }

  private static UUID id(@Nullable String key, int number) {
    return key == null
        ? UUID.randomUUID()
        : UUID.nameUUIDFromBytes((key + "/" + number).getBytes(StandardCharsets.UTF_8));
  }
}
