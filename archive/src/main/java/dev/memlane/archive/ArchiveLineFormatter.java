package dev.memlane.archive;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.ArchivedMessage;
import dev.memlane.model.ArchivedRow;
import dev.memlane.model.ContentHash;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.Details;
import dev.memlane.model.Embedding;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.Memory;
import dev.memlane.model.MessageRole;
import dev.memlane.model.Metadata;
import dev.memlane.model.Scope;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes the lines of an archive as JSON. Absent values are left out. */
final class ArchiveLineFormatter {

  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final ObjectWriter ASCII = MAPPER.writer().with(JsonWriteFeature.ESCAPE_NON_ASCII);

  private ArchiveLineFormatter() {}

  /** @param scope the scope whose memories follow; null for all */
  static String header(@Nullable Scope scope) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("memlane", "export");
    line.put("format", ArchiveLine.FORMAT);
    putScope(line, scope);
    return write(line);
  }

  static String footer(long memories, long deleted, long messages) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("memories", memories);
    line.put("deleted", deleted);
    line.put("messages", messages);
    return write(line);
  }

  static String message(Scope conversation, ArchivedMessage archived) {
    ConversationMessage message = archived.message();
    Map<String, Object> line = new LinkedHashMap<>();
    Map<String, Object> scope = new LinkedHashMap<>();
    putScope(scope, conversation);
    line.put("conversation", scope);
    line.put("position", message.position());
    put(line, "id", message.id());
    put(line, "role", name(message.role()));
    put(line, "text", message.text());
    put(line, "format", message.format());
    put(line, "payload", message.payload());
    put(line, "createdAt", message.createdAt());
    line.put("inWindow", archived.inWindow());
    String written = write(line);
    // UTF-8 has no form for an unpaired surrogate.
    return StandardCharsets.UTF_8.newEncoder().canEncode(written) ? written : write(ASCII, line);
  }

  /** The name of a role in an archive. */
  static String name(MessageRole role) {
    return role.name().toLowerCase(Locale.ROOT);
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
    line.put("history", archived.history().stream().map(ArchiveLineFormatter::entry).toList());
    return write(line);
  }

  private static Map<String, Object> entry(HistoryEntry entry) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("op", entry.op().toString());
    object.put("version", entry.version());
    object.put("kind", name(entry.kind()));
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

  /** The name of a kind of change, as archives and the command line write it. */
  static String name(HistoryEntry.Kind kind) {
    return kind.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static String write(Map<String, Object> line) {
    return write(MAPPER.writer(), line);
  }

  private static String write(ObjectWriter writer, Map<String, Object> line) {
    try {
      return writer.writeValueAsString(line);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("maps, lists and scalars can be written", e);
    }
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
}
