package dev.memlane.cli.internal.ingestion;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.archive.JsonErrors;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.cli.internal.terminal.TextLayout;
import dev.memlane.cli.internal.terminal.TimeSyntax;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Metadata;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.TimeParser;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One parsed line of an ingested file: an object with {@code content} and, optionally, {@code user}, {@code agent},
 * {@code run}, {@code actor}, {@code metadata}, {@code occurredAt}, {@code expiresAt} and {@code key}. Null counts as
 * absent. Other fields are ignored, but reported: a misspelt field would be lost.
 *
 * @param memory the memory to store
 * @param unknownFields the names of the fields that were ignored
 */
public record IngestLine(NewMemory memory, List<String> unknownFields) {

  static final List<String> FIELDS = List.of("content", "user", "agent", "run", "actor", "metadata", "occurredAt",
      "expiresAt", "key");

  private static final int LONGEST_SHOWN = 40;

  /**
   * Parses a line.
   *
   * @param derivedKey the key for a line without one
   * @throws InvalidInputException if it cannot be stored; the message gives the reason
   */
  static IngestLine parse(String text, Defaults defaults, String derivedKey) {
    return parse(read(text), defaults, derivedKey);
  }

  /** See {@link #parse(String, Defaults, String)}. */
  static IngestLine parse(JsonNode node, Defaults defaults, String derivedKey) {
    if (!node.isObject()) {
      throw new InvalidInputException("a line must be a JSON object, {...}, and this is " + kind(node));
    }
    List<String> unknown = new ArrayList<>();
    node.fieldNames().forEachRemaining(name -> {
      if (!FIELDS.contains(name)) {
        unknown.add(name);
      }
    });
    String content = text(node, "content");
    if (content == null) {
      throw new InvalidInputException(unknown.isEmpty()
          ? "the field \"content\" is missing"
          : "the field \"content\" is missing; there is " + unknown.stream().limit(5)
              .map(name -> TextLayout.shortened(name, LONGEST_SHOWN)).collect(Collectors.joining(", ")));
    }
    String user = or(text(node, "user"), defaults.user());
    String agent = or(text(node, "agent"), defaults.agent());
    String run = or(text(node, "run"), defaults.run());
    if (user == null && agent == null && run == null) {
      throw new InvalidInputException(
          "no \"user\", \"agent\" or \"run\": a memory must belong to one (or give --user, --agent or --run)");
    }
    NewMemory memory = NewMemory.builder(content, new Scope(user, agent, run)).key(or(text(node, "key"), derivedKey))
        .actor(text(node, "actor")).metadata(metadata(node)).occurredAt(time(node, "occurredAt", defaults.times))
        .expiresAt(time(node, "expiresAt", defaults.times)).build();
    return new IngestLine(memory, unknown);
  }

  /**
   * Values for lines that lack them. Each of user, agent and run is filled in separately.
   *
   * @param times the parser of the lines' times
   */
  public record Defaults(@Nullable String user, @Nullable String agent, @Nullable String run, TimeParser times) {}

  /** Returns the known field that was probably meant, or null. */
  static @Nullable String meant(String unknown) {
    String plain = plain(unknown);
    return FIELDS.stream().filter(field -> oneEditApart(plain(field), plain)).findFirst().orElse(null);
  }

  private static String plain(String name) {
    return name.toLowerCase(Locale.ROOT).replaceAll("[_\\- ]", "");
  }

  /** Whether the names differ by at most one inserted, removed, changed or swapped letter. */
  private static boolean oneEditApart(String a, String b) {
    int start = 0;
    while (start < a.length() && start < b.length() && a.charAt(start) == b.charAt(start)) {
      start++;
    }
    int endA = a.length();
    int endB = b.length();
    while (endA > start && endB > start && a.charAt(endA - 1) == b.charAt(endB - 1)) {
      endA--;
      endB--;
    }
    int left = endA - start;
    int right = endB - start;
    boolean swapped = left == 2 && right == 2 && a.charAt(start) == b.charAt(start + 1)
        && a.charAt(start + 1) == b.charAt(start);
    return swapped || left <= 1 && right <= 1;
  }

  private static JsonNode read(String text) {
    try {
      return Json.MAPPER.readTree(text);
    } catch (JsonProcessingException e) {
      throw new InvalidInputException("not JSON: " + JsonErrors.describe(e, text), e);
    }
  }

  private static @Nullable String text(JsonNode node, String field) {
    JsonNode value = node.get(field);
    if (value == null || value.isNull()) {
      return null;
    }
    if (!value.isTextual()) {
      throw new InvalidInputException("\"" + field + "\" must be a text, and this is " + kind(value));
    }
    return value.textValue();
  }

  private static Metadata metadata(JsonNode node) {
    JsonNode value = node.get("metadata");
    if (value == null || value.isNull()) {
      return Metadata.empty();
    }
    if (!value.isObject()) {
      throw new InvalidInputException("\"metadata\" must be an object, and this is " + kind(value));
    }
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> property : value.properties()) {
      values.put(property.getKey(), metadataValue(property.getKey(), property.getValue()));
    }
    return Metadata.of(values);
  }

  private static @Nullable Object metadataValue(String key, JsonNode value) {
    if (!value.isArray()) {
      return scalar(key, value);
    }
    List<@Nullable Object> list = new ArrayList<>();
    for (JsonNode element : value) {
      list.add(scalar(key, element));
    }
    return list;
  }

  private static @Nullable Object scalar(String key, JsonNode value) {
    if (value.isContainerNode()) {
      throw new InvalidInputException(
          "metadata \"" + TextLayout.shortened(key, LONGEST_SHOWN) + "\" holds " + kind(value)
              + "; a value must be a text, a number, a boolean, or a list of those");
    }
    return value.isNull()
        ? null
        : value.isTextual()
            ? value.textValue()
            : value.isBoolean() ? (Object) value.booleanValue() : value.numberValue();
  }

  private static @Nullable Instant time(JsonNode node, String field, TimeParser times) {
    JsonNode value = node.get(field);
    boolean number = value != null && value.isNumber() && Double.isFinite(value.doubleValue());
    String text = number ? value.decimalValue().toPlainString() : text(node, field);
    return text == null ? null : TimeSyntax.read(times, "\"" + field + "\"", text);
  }

  private static String kind(JsonNode node) {
    return switch (node.getNodeType()) {
      case OBJECT -> "an object";
      case ARRAY -> "a list";
      case STRING -> "a text";
      case NUMBER -> "a number";
      case BOOLEAN -> "a boolean";
      case NULL -> "null";
      default -> "nothing";
    };
  }

  private static @Nullable String or(@Nullable String value, @Nullable String otherwise) {
    return value == null ? otherwise : value;
  }
}
