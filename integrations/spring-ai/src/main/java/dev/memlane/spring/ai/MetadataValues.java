package dev.memlane.spring.ai;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Metadata;
import java.net.URI;
import java.net.URL;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.TemporalAccessor;
import java.util.Arrays;
import java.util.Collection;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;

/**
 * The values of a document's metadata and of a filter, as memories hold them. Both are converted alike, so a filter
 * finds what was stored.
 */
final class MetadataValues {

  /** The form in which Spring AI's own stores keep a {@link Date}. */
  private static final DateTimeFormatter DATE = DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss'Z'", Locale.ROOT)
      .withZone(ZoneOffset.UTC);

  private MetadataValues() {}

  /**
   * Converts a document's metadata.
   *
   * @throws InvalidInputException if a value is neither a text, a number, a boolean, a list of those, nor something
   * that has one text, such as a date or an enum
   */
  static Metadata metadata(Map<String, Object> document) {
    Map<String, Object> values = new LinkedHashMap<>();
    document.forEach((key, value) -> values.put(key, value(value)));
    return Metadata.of(values);
  }

  /** Converts one value or list. What has no form in a memory is returned as it is, and refused there. */
  @SuppressWarnings("JavaUtilDate") // Documents have such values.
  static Object value(Object given) {
    return switch (given) {
      case Collection<?> elements ->
        elements.stream().filter(Objects::nonNull).map(element -> value((Object) element)).toList();
      case Object[] elements -> value(Arrays.asList(elements));
      case Date date -> DATE.format(Instant.ofEpochMilli(date.getTime()));
      case Enum<?> constant -> constant.name();
      case Character character -> character.toString();
      case TemporalAccessor time -> time.toString();
      case UUID id -> id.toString();
      case URI address -> address.toString();
      case URL address -> address.toString();
      default -> given;
    };
  }
}
