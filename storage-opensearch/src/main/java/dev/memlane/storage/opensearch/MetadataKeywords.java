package dev.memlane.storage.opensearch;

import dev.memlane.model.Metadata;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.lucene.util.NumericUtils;

/**
 * Metadata as keywords of one field, sorted so that ranges work. A keyword is the key, NUL, a letter for the type, and the
 * value: a text as it is, a number as sixteen hexadecimal digits that sort as the numbers do, a boolean as one digit. The
 * key and NUL alone mean that the key exists.
 *
 * <p>
 * Neither keys nor texts can contain NUL, so values of different keys can't be confused. The longest keyword (255 and
 * 8,000 characters of 3 bytes) has 24,767 bytes, below Lucene's limit of 32,766.
 */
final class MetadataKeywords {

  private static final char TEXT = 't';
  private static final char NUMBER = 'n';
  private static final char BOOLEAN = 'b';

  private MetadataKeywords() {}

  /** All keywords of a memory's metadata, each once. */
  static Set<String> of(Metadata metadata) {
    Set<String> keywords = new LinkedHashSet<>();
    metadata.forEach((key, value) -> {
      keywords.add(exists(key));
      if (value instanceof List<?> list) {
        list.forEach(element -> keywords.add(value(key, element)));
      } else {
        keywords.add(value(key, value));
      }
    });
    return keywords;
  }

  static String exists(String key) {
    return key + '\0';
  }

  static String value(String key, Object value) {
    return exists(key) + switch (value) {
      case String text -> TEXT + text;
      case Number number -> NUMBER + number(number.doubleValue());
      case Boolean flag -> BOOLEAN + (flag ? "1" : "0");
      default -> throw new IllegalArgumentException("metadata never holds a " + value.getClass().getSimpleName());
    };
  }

  private static String number(double value) {
    // With the sign turned over, as bytes sort without one.
    return HexFormat.of().toHexDigits(NumericUtils.doubleToSortableLong(value) ^ Long.MIN_VALUE);
  }

  /** The prefix of all texts, or of all numbers, under the key. */
  static String lowest(String key, boolean text) {
    return exists(key) + (text ? TEXT : NUMBER);
  }

  /** A keyword after all texts, or after all numbers, under the key. */
  static String beyond(String key, boolean text) {
    return exists(key) + (char) ((text ? TEXT : NUMBER) + 1);
  }
}
