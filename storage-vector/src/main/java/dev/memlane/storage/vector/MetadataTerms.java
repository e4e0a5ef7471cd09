package dev.memlane.storage.vector;

import dev.memlane.model.Metadata;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.lucene.util.BytesRef;
import org.apache.lucene.util.BytesRefBuilder;
import org.apache.lucene.util.NumericUtils;

/**
 * Metadata as terms of one field, sorted so that ranges work. A term is the key, NUL, a letter for the type, and the
 * value's bytes (a text in UTF-8, a number as a double whose bytes sort as the numbers do, a boolean as one byte). The
 * key and NUL alone mean that the key exists.
 *
 * <p>
 * Neither keys nor texts can contain NUL, so values of different keys can't be confused. The longest term (255 and
 * 8,000 characters of 3 bytes) has 24,767 bytes, below Lucene's limit of 32,766.
 */
final class MetadataTerms {

  private static final char TEXT = 't';
  private static final char NUMBER = 'n';
  private static final char BOOLEAN = 'b';

  private MetadataTerms() {}

  /** All terms of a memory's metadata, each once. */
  static Set<BytesRef> of(Metadata metadata) {
    Set<BytesRef> terms = new LinkedHashSet<>();
    metadata.forEach((key, value) -> {
      terms.add(exists(key));
      if (value instanceof List<?> list) {
        list.forEach(element -> terms.add(value(key, element)));
      } else {
        terms.add(value(key, value));
      }
    });
    return terms;
  }

  static BytesRef exists(String key) {
    return prefix(key).toBytesRef();
  }

  static BytesRef value(String key, Object value) {
    BytesRefBuilder term = prefix(key);
    switch (value) {
      case String text -> {
        term.append((byte) TEXT);
        term.append(new BytesRef(text));
      }
      case Number number -> {
        byte[] bytes = new byte[Long.BYTES];
        NumericUtils.longToSortableBytes(NumericUtils.doubleToSortableLong(number.doubleValue()), bytes, 0);
        term.append((byte) NUMBER);
        term.append(bytes, 0, bytes.length);
      }
      case Boolean flag -> {
        term.append((byte) BOOLEAN);
        term.append((byte) (flag ? 1 : 0));
      }
      default -> throw new IllegalArgumentException("metadata never holds a " + value.getClass().getSimpleName());
    }
    return term.toBytesRef();
  }

  /** The prefix of all texts, or of all numbers, under the key. */
  static BytesRef lowest(String key, boolean text) {
    BytesRefBuilder term = prefix(key);
    term.append((byte) (text ? TEXT : NUMBER));
    return term.toBytesRef();
  }

  /** A term after all texts, or after all numbers, under the key. */
  static BytesRef beyond(String key, boolean text) {
    BytesRefBuilder term = prefix(key);
    term.append((byte) ((text ? TEXT : NUMBER) + 1));
    return term.toBytesRef();
  }

  private static BytesRefBuilder prefix(String key) {
    BytesRefBuilder term = new BytesRefBuilder();
    term.append(new BytesRef(key));
    term.append((byte) 0);
    return term;
  }
}
