package dev.memlane.server.internal.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.Metadata;
import dev.memlane.model.OperationId;
import dev.memlane.model.TimeParser;
import dev.memlane.server.internal.http.Json;
import java.time.Instant;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The body of an update: a property that is absent stays as it is, and one that is null is removed. */
final class UpdateBody {

  private static final Set<String> NAMES = Set.of("content", "metadata", "actor", "occurredAt", "expiresAt", "by");

  private final ObjectNode fields;

  UpdateBody(ObjectNode fields) {
    this.fields = fields;
  }

  /** @throws InvalidInputException if nothing changes, or a value has the wrong type or can't be stored */
  MemoryUpdate toUpdate(MemoryId id, @Nullable OperationId expected, Json json) {
    fields.fieldNames().forEachRemaining(name -> {
      if (!NAMES.contains(name)) {
        throw new InvalidInputException(
            "the update has a property that it can't have; it has " + String.join(", ", new TreeSet<>(NAMES)));
      }
    });
    MemoryUpdate.Builder update = MemoryUpdate.builder(id).by(text("by")).expecting(expected);
    if (fields.has("content")) {
      update.content(required("content"));
    }
    if (fields.has("metadata")) {
      JsonNode metadata = fields.get("metadata");
      update.metadata(metadata.isNull() ? Metadata.empty() : Metadata.fromJson(json.toPlain(metadata)));
    }
    if (fields.has("actor")) {
      update.actor(text("actor"));
    }
    if (fields.has("occurredAt")) {
      update.occurredAt(time("occurredAt"));
    }
    if (fields.has("expiresAt")) {
      update.expiresAt(time("expiresAt"));
    }
    return update.build();
  }

  private String required(String name) {
    String text = text(name);
    if (text == null) {
      throw new InvalidInputException(name + " can't be null; leave it out to keep it");
    }
    return text;
  }

  private @Nullable String text(String name) {
    JsonNode value = fields.get(name);
    if (value == null || value.isNull()) {
      return null;
    }
    if (!value.isTextual()) {
      throw new InvalidInputException(name + " must be a text");
    }
    return value.textValue();
  }

  private @Nullable Instant time(String name) {
    String text = text(name);
    return text == null ? null : TimeParser.standard().parse(name, text);
  }
}
