package dev.memlane.micrometer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.NewMemory;
import dev.memlane.orchestrator.SearchHit;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Memory records in the form of OpenTelemetry's {@code gen_ai.memory.records}: an array of objects with the content. */
record Records(List<Item> items) {

  private static final JsonFactory JSON = new JsonFactory();

  /**
   * One memory.
   *
   * @param id null if it has none yet
   * @param score null if it was not searched for
   */
  record Item(String content, @Nullable String id, @Nullable Double score) {}

  static Records of(NewMemory memory) {
    return new Records(List.of(new Item(memory.content(), null, null)));
  }

  /** The record of an update; null if the content stays. */
  static @Nullable Records of(MemoryUpdate update) {
    String content = update.content();
    return content == null ? null : new Records(List.of(new Item(content, update.id().toString(), null)));
  }

  static Records ofHits(List<?> hits) {
    return new Records(hits.stream().map(SearchHit.class::cast)
        .map(hit -> new Item(hit.memory().content(), hit.memory().id().toString(), hit.score())).toList());
  }

  String toJson() {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(text)) {
      json.writeStartArray();
      for (Item item : items) {
        json.writeStartObject();
        json.writeStringField("content", item.content);
        if (item.id != null) {
          json.writeStringField("id", item.id);
        }
        if (item.score != null) {
          json.writeNumberField("score", item.score);
        }
        json.writeEndObject();
      }
      json.writeEndArray();
    } catch (IOException e) {
      throw new UncheckedIOException("a string can't fail to be written", e);
    }
    return text.toString();
  }
}
