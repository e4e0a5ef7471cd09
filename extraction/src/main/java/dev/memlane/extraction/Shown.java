package dev.memlane.extraction;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import java.util.ArrayList;
import java.util.List;

/**
 * A memory that a model was shown, in the state of an operation. The model knows it by its place in the list, and by no id
 * with which it could name another.
 */
record Shown(MemoryId id, OperationId op) {

  private static final String PREFIX = "m";

  /** The id that the model is given for the memory at a place, from 0 on. */
  static String handle(int place) {
    return PREFIX + (place + 1);
  }

  /** The place of the id that a model gave, or -1. */
  static int place(String handle, int size) {
    for (int place = 0; place < size; place++) {
      if (handle(place).equals(handle)) {
        return place;
      }
    }
    return -1;
  }

  static String write(List<Memory> memories) {
    ArrayNode list = Json.array();
    memories.forEach(
        memory -> list.addObject().put("id", memory.id().toString()).put("op", memory.op().toString()));
    return Json.write(list);
  }

  static List<Shown> read(String json) {
    List<Shown> shown = new ArrayList<>();
    for (JsonNode each : Json.readOwn(json)) {
      shown.add(new Shown(MemoryId.parse(each.path("id").asText()), OperationId.parse(each.path("op").asText())));
    }
    return shown;
  }
}
