package dev.memlane.storage.opensearch;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.model.ActorName;
import dev.memlane.model.ContentHash;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.TimePosition;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.model.store.IndexHits.IndexHit;
import dev.memlane.model.store.IndexHits.Traits;
import dev.memlane.storage.vector.DocumentValues;
import dev.memlane.storage.vector.WordAnalysis;
import dev.memlane.storage.vector.WordAnalysis.TextWords;
import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.UUID;

/** The cluster's documents as JSON: see {@link Fields}. Safe for use by several threads. */
final class DocumentJson {

  private final WordAnalysis words;
  private final boolean bytes;

  /**
   * @param bytes whether vectors are stored as bytes
   */
  DocumentJson(WordAnalysis words, boolean bytes) {
    this.words = words;
    this.bytes = bytes;
  }

  /** The cluster's id of a document. */
  static String id(DocumentName name) {
    return name.memory() + "_" + name.op();
  }

  static DocumentName name(JsonNode source) {
    return new DocumentName(MemoryId.parse(source.path(Fields.MEMORY).asText()),
        OperationId.parse(source.path(Fields.OP).asText()));
  }

  void write(JsonGenerator json, IndexDocument document) throws IOException {
    Memory memory = document.memory();
    TextWords text = words.text(memory.searchableText());
    json.writeStartObject();
    json.writeStringField(Fields.MEMORY, memory.id().toString());
    json.writeStringField(Fields.OP, memory.op().toString());
    json.writeStringField(Fields.HASH, memory.contentHash().toString());
    strings(json, Fields.SCOPES, FilterJson.matching(memory.scope()));
    UUID run = DocumentValues.run(memory.scope());
    if (run != null) {
      json.writeStringField(Fields.RUN, run.toString());
    }
    String actor = memory.actor();
    ActorName name = actor == null ? null : ActorName.of(actor);
    strings(json, Fields.ACTOR, name == null ? List.of(ActorName.NOBODY) : name.keys());
    if (name != null && !name.words().isEmpty()) {
      json.writeStringField(Fields.NAME, name.words());
    }
    json.writeNumberField(Fields.TIME, DocumentValues.micros(TimePosition.of(memory).time()));
    json.writeNumberField(Fields.ACCEPTED, DocumentValues.micros(memory.createdAt()));
    if (memory.occurredAt() != null) {
      json.writeNumberField(Fields.OCCURRED, DocumentValues.micros(memory.occurredAt()));
    }
    if (DocumentValues.isQuestion(memory.content())) {
      json.writeBooleanField(Fields.QUESTION, true);
    }
    strings(json, Fields.METADATA, MetadataKeywords.of(memory.metadata()));
    json.writeStringField(Fields.TEXT, WordCounts.repeat(text.counts()));
    json.writeStringField(Fields.COUNTS, WordCounts.write(text.counts()));
    json.writeNumberField(Fields.LENGTH, text.length());
    json.writeFieldName(Fields.VECTOR);
    json.writeStartArray();
    for (float x : vector(document.embedding().vector())) {
      if (bytes) {
        json.writeNumber((int) x);
      } else {
        json.writeNumber(x);
      }
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  /**
   * A vector as it is compared: of length 1, or with whole numbers up to 127. The cosine doesn't depend on the length.
   */
  float[] vector(float[] vector) {
    float[] unit = DocumentValues.unit(vector);
    if (!bytes) {
      return unit;
    }
    byte[] whole = DocumentValues.bytes(unit);
    float[] numbers = new float[unit.length];
    for (int i = 0; i < unit.length; i++) {
      numbers[i] = whole[i];
    }
    return numbers;
  }

  private static void strings(JsonGenerator json, String field, Iterable<String> values) throws IOException {
    json.writeArrayFieldStart(field);
    for (String value : values) {
      json.writeString(value);
    }
    json.writeEndArray();
  }

  /** Reads a hit from what the cluster gives back of a document. */
  static IndexHit hit(JsonNode source, float score) {
    Instant time = Instant.EPOCH.plus(source.path(Fields.TIME).asLong(), ChronoUnit.MICROS);
    Traits traits = new Traits(source.hasNonNull(Fields.NAME) ? source.get(Fields.NAME).asText() : null,
        source.hasNonNull(Fields.RUN) ? UUID.fromString(source.get(Fields.RUN).asText()) : null,
        source.path(Fields.LENGTH).asInt(), source.path(Fields.QUESTION).asBoolean());
    return new IndexHit(name(source), new ContentHash(UUID.fromString(source.path(Fields.HASH).asText())), time, score,
        traits);
  }
}
