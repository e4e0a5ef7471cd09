package dev.memlane.memory.tools;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.model.Details;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.Memory;
import dev.memlane.model.Metadata;
import dev.memlane.model.PastMemory;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.HistoryPage;
import dev.memlane.orchestrator.PromptContext;
import dev.memlane.orchestrator.SearchHit;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The answers of the tools: JSON on one line. Absent values are left out, because a model pays for every token. */
final class Answers {

  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final double HUNDREDTHS = 100;

  private Answers() {}

  static String memory(Memory memory) {
    return fields(memory).toString();
  }

  private static ObjectNode fields(Memory memory) {
    ObjectNode object = JSON.objectNode().put("id", memory.id().toString()).put("content", memory.content());
    put(object, "actor", memory.actor());
    put(object, "occurredAt", memory.occurredAt());
    put(object, "expiresAt", memory.expiresAt());
    put(object, "key", memory.key());
    putMetadata(object, "metadata", memory.metadata());
    return object.put("updatedAt", memory.updatedAt().toString()).put("version", memory.version()).put("op",
        memory.op().toString());
  }

  static String hits(List<SearchHit> hits) {
    ArrayNode array = JSON.arrayNode();
    for (SearchHit hit : hits) {
      ObjectNode object = JSON.objectNode().put("score", Math.round(hit.score() * HUNDREDTHS) / HUNDREDTHS);
      array.add(object.<ObjectNode>setAll(fields(hit.memory())));
    }
    return JSON.objectNode().<ObjectNode>set("hits", array).toString();
  }

  static String context(PromptContext context) {
    long noRoom = context.leftOut().stream().filter(each -> each.reason() == PromptContext.Reason.NO_ROOM).count();
    return JSON.objectNode().put("text", context.text()).put("memories", context.memories().size())
        .put("leftOut", noRoom).toString();
  }

  /** @param next where the next page begins; null if this is the last one */
  static String page(List<Memory> memories, @Nullable Object next) {
    ArrayNode array = JSON.arrayNode();
    memories.forEach(memory -> array.add(fields(memory)));
    ObjectNode object = JSON.objectNode().set("memories", array);
    put(object, "next", next);
    return object.toString();
  }

  /**
   * Memories as they were, with what a memory has; {@code updatedAt} is when that state was made.
   *
   * @param next where the next page begins; null if this is the last one
   */
  static String past(List<PastMemory> memories, @Nullable Object next) {
    ArrayNode array = JSON.arrayNode();
    for (PastMemory memory : memories) {
      ObjectNode object = array.addObject().put("id", memory.id().toString()).put("content", memory.content());
      Details details = memory.details();
      if (details != null) {
        put(object, "actor", details.actor());
        put(object, "occurredAt", details.occurredAt());
        put(object, "expiresAt", details.expiresAt());
      }
      putMetadata(object, "metadata", memory.metadata());
      object.put("updatedAt", memory.since().toString()).put("version", memory.version()).put("op",
          memory.op().toString());
    }
    ObjectNode object = JSON.objectNode().set("memories", array);
    put(object, "next", next);
    return object.toString();
  }

  static String history(HistoryPage page) {
    ArrayNode array = JSON.arrayNode();
    for (HistoryEntry entry : page.entries().reversed()) {
      ObjectNode object = array.addObject().put("version", entry.version())
          .put("kind", entry.kind().name().toLowerCase(Locale.ROOT)).put("at", entry.at().toString());
      put(object, "actor", entry.actor());
      put(object, "oldContent", entry.oldContent());
      put(object, "newContent", entry.newContent());
      putMetadata(object, "oldMetadata", entry.oldMetadata());
      putMetadata(object, "newMetadata", entry.newMetadata());
      putDetails(object, "oldDetails", entry.oldDetails());
      putDetails(object, "newDetails", entry.newDetails());
    }
    ObjectNode answer = JSON.objectNode().set("history", array);
    return (page.next() == null ? answer : answer.put("next", page.next())).toString();
  }

  /** The result of an add that is stored, or of one that was stored before. */
  static ObjectNode added(Memory memory, boolean duplicate) {
    ObjectNode object = JSON.objectNode().put("outcome", duplicate ? "duplicate" : "stored").put("id",
        memory.id().toString());
    if (duplicate) {
      object.put("content", memory.content());
    }
    return object.put("version", memory.version()).put("op", memory.op().toString());
  }

  static ObjectNode failed(String error) {
    return JSON.objectNode().put("outcome", "failed").put("error", error);
  }

  static String results(List<ObjectNode> results) {
    return JSON.objectNode().<ObjectNode>set("results", JSON.arrayNode().addAll(results)).toString();
  }

  static String deleted(WriteOutcome.Deleted deleted) {
    return JSON.objectNode().put("outcome", "deleted").put("id", deleted.id().toString()).toString();
  }

  private static void put(ObjectNode object, String name, @Nullable Object value) {
    if (value != null) {
      object.put(name, value.toString());
    }
  }

  private static void putDetails(ObjectNode object, String name, @Nullable Details details) {
    if (details != null) {
      ObjectNode values = object.putObject(name);
      put(values, "actor", details.actor());
      put(values, "occurredAt", details.occurredAt());
      put(values, "expiresAt", details.expiresAt());
    }
  }

  private static void putMetadata(ObjectNode object, String name, @Nullable Metadata metadata) {
    if (metadata != null && !metadata.isEmpty()) {
      ObjectNode values = object.putObject(name);
      metadata.forEach((key, value) -> values.set(key, node(value)));
    }
  }

  private static JsonNode node(Object value) {
    if (value instanceof List<?> list) {
      ArrayNode array = JSON.arrayNode();
      list.forEach(element -> array.add(node(element)));
      return array;
    }
    return JSON.pojoNode(value);
  }
}
