package dev.memlane.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.memlane.model.Details;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.Memory;
import dev.memlane.model.Metadata;
import dev.memlane.model.WriteOutcome;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * JSON, read and written. What is written are maps in a fixed order, with every field there: null where there is nothing.
 */
final class Json {

  /** Reads strictly: no field twice, nothing behind the value. */
  static final ObjectMapper MAPPER = JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
      .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private Json() {}

  /** Writes on one line. */
  static String write(Object value) {
    try {
      return MAPPER.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("maps, lists and scalars can be written", e);
    }
  }

  /** An object of these names and values, one after the other. */
  static Map<String, @Nullable Object> object(@Nullable Object... namesAndValues) {
    Map<String, @Nullable Object> object = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      object.put(String.valueOf(namesAndValues[i]), namesAndValues[i + 1]);
    }
    return object;
  }

  static Map<String, @Nullable Object> memory(Memory memory) {
    return object("id", memory.id().toString(), "content", memory.content(), "metadata", memory.metadata().toMap(),
        "user", memory.scope().user(), "agent", memory.scope().agent(), "run", memory.scope().run(), "actor",
        memory.actor(), "key", memory.key(), "occurredAt", text(memory.occurredAt()), "expiresAt",
        text(memory.expiresAt()), "createdAt",
        text(memory.createdAt()), "updatedAt", text(memory.updatedAt()), "version", memory.version(), "op",
        memory.op().toString());
  }

  static Map<String, @Nullable Object> historyEntry(HistoryEntry entry) {
    return object("version", entry.version(), "kind", entry.kind().name().toLowerCase(Locale.ROOT), "op",
        entry.op().toString(), "actor", entry.actor(), "at", text(entry.at()), "oldContent", entry.oldContent(),
        "newContent", entry.newContent(), "oldMetadata", map(entry.oldMetadata()), "newMetadata",
        map(entry.newMetadata()), "oldDetails", details(entry.oldDetails()), "newDetails",
        details(entry.newDetails()));
  }

  private static @Nullable Map<String, @Nullable Object> details(@Nullable Details details) {
    return details == null
        ? null
        : object("actor", details.actor(), "occurredAt", text(details.occurredAt()), "expiresAt",
            text(details.expiresAt()));
  }

  /** The outcome's name: {@code stored}, {@code duplicate}, {@code rolledBack}... */
  static String name(WriteOutcome outcome) {
    return switch (outcome) {
      case WriteOutcome.Stored stored -> "stored";
      case WriteOutcome.Deleted deleted -> "deleted";
      case WriteOutcome.RolledBack rolledBack -> "rolledBack";
      case WriteOutcome.DuplicateOf duplicate -> "duplicate";
      case WriteOutcome.Unpurged unpurged -> "unpurged";
      case WriteOutcome.Conflict conflict -> "conflict";
      case WriteOutcome.NotFound notFound -> "notFound";
      case WriteOutcome.WasDeleted wasDeleted -> "wasDeleted";
      case WriteOutcome.Refused refused -> "refused";
      case WriteOutcome.Unsettled unsettled -> "unsettled";
    };
  }

  /** To the millisecond: as a number, so that JSON says 12.346 and not 12.345678901. */
  static double seconds(long nanoseconds) {
    return Math.round(nanoseconds / 1e6) / 1e3;
  }

  private static @Nullable String text(@Nullable Object value) {
    return value == null ? null : value.toString();
  }

  private static @Nullable Map<String, Object> map(@Nullable Metadata metadata) {
    return metadata == null ? null : metadata.toMap();
  }
}
