package dev.memlane.storage.history;

import dev.memlane.model.Details;
import dev.memlane.storage.postgres.MetadataJson;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The JSON form of details in the log: an object of texts, without fields for missing values. */
final class DetailsJson {

  private static final String ACTOR = "actor";
  private static final String OCCURRED_AT = "occurredAt";
  private static final String EXPIRES_AT = "expiresAt";

  private DetailsJson() {}

  static @Nullable String write(@Nullable Details details) {
    if (details == null) {
      return null;
    }
    Map<String, Object> values = new LinkedHashMap<>();
    put(values, ACTOR, details.actor());
    put(values, OCCURRED_AT, details.occurredAt());
    put(values, EXPIRES_AT, details.expiresAt());
    return MetadataJson.writeValue(values);
  }

  private static void put(Map<String, Object> values, String name, @Nullable Object value) {
    if (value != null) {
      values.put(name, value.toString());
    }
  }

  static @Nullable Details read(@Nullable String json) {
    if (json == null) {
      return null;
    }
    Map<String, Object> values = MetadataJson.read(json).toMap();
    return new Details((String) values.get(ACTOR), time(values.get(OCCURRED_AT)), time(values.get(EXPIRES_AT)));
  }

  private static @Nullable Instant time(@Nullable Object value) {
    return value == null ? null : Instant.parse(value.toString());
  }
}
