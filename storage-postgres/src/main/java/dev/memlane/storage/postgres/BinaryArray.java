package dev.memlane.storage.postgres;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PGBinaryObject;
import org.postgresql.util.PGobject;

/**
 * An array in PostgreSQL's binary form, which costs less than the text that the driver would write and the server
 * parse.
 *
 * <p>
 * It is sent in this form on connections that name {@link #TYPES} in {@code binaryTransferEnable}. On others, such as
 * those of an application's pool, the driver asks for the text form. Not safe for use by several threads.
 */
final class BinaryArray extends PGobject implements PGBinaryObject {

  /** The array types' numbers in {@code pg_type}. */
  static final String TYPES = "1001,1007,1009,1185,2951";

  private static final long serialVersionUID = 1;
  private static final long EPOCH_SECOND = Instant.parse("2000-01-01T00:00:00Z").getEpochSecond();
  private static final int MICROS_IN_SECOND = 1_000_000;
  private static final int NANOS_IN_MICRO = 1_000;
  /** The header: dimensions, whether there are nulls, the elements' type, the length, the first index. */
  private static final int HEADER_BYTES = 5 * Integer.BYTES;

  private final byte[] bytes;
  @SuppressWarnings("serial") // it is only sent
  private final Supplier<String> text;

  /**
   * @param type the array type's name
   * @param elementType the number of the elements' type
   * @param elements in the elements' binary form
   * @param text the whole array in text form
   */
  private BinaryArray(String type, int elementType, List<byte @Nullable []> elements, Supplier<String> text) {
    setType(type);
    this.text = text;
    int length = HEADER_BYTES;
    int nulls = 0;
    for (byte @Nullable [] element : elements) {
      length += Integer.BYTES + (element == null ? 0 : element.length);
      nulls = element == null ? 1 : nulls;
    }
    ByteBuffer buffer = ByteBuffer.allocate(length).putInt(1).putInt(nulls).putInt(elementType)
        .putInt(elements.size()).putInt(1);
    for (byte @Nullable [] element : elements) {
      if (element == null) {
        buffer.putInt(-1);
      } else {
        buffer.putInt(element.length).put(element);
      }
    }
    this.bytes = buffer.array();
  }

  static <I> BinaryArray ofUuids(List<I> items, Function<I, @Nullable UUID> value) {
    return of("_uuid", 2950, items, value, uuid -> ByteBuffer.allocate(2 * Long.BYTES)
        .putLong(uuid.getMostSignificantBits()).putLong(uuid.getLeastSignificantBits()).array(), UUID::toString);
  }

  static <I> BinaryArray ofTexts(List<I> items, Function<I, @Nullable String> value) {
    return of("_text", 25, items, value, text -> text.getBytes(StandardCharsets.UTF_8), text -> text);
  }

  static <I> BinaryArray ofNumbers(List<I> items, Function<I, @Nullable Integer> value) {
    return of("_int4", 23, items, value, number -> ByteBuffer.allocate(Integer.BYTES).putInt(number).array(),
        number -> Integer.toString(number));
  }

  static <I> BinaryArray ofBytes(List<I> items, Function<I, byte @Nullable []> value) {
    return of("_bytea", 17, items, value, bytes -> bytes, bytes -> "\\x" + HexFormat.of().formatHex(bytes));
  }

  /** To the microsecond. */
  static <I> BinaryArray ofTimes(List<I> items, Function<I, @Nullable Instant> value) {
    return of("_timestamptz", 1184, items, value,
        time -> ByteBuffer.allocate(Long.BYTES).putLong(
            (time.getEpochSecond() - EPOCH_SECOND) * MICROS_IN_SECOND + time.getNano() / NANOS_IN_MICRO).array(),
        time -> time.truncatedTo(ChronoUnit.MICROS).toString());
  }

  private static <I, V> BinaryArray of(String type, int elementType, List<I> items, Function<I, @Nullable V> value,
      Function<V, byte[]> binary, Function<V, String> text) {
    return new BinaryArray(type, elementType, elements(items, value, binary), () -> text(items, value, text));
  }

  private static <I, V> String text(List<I> items, Function<I, @Nullable V> value, Function<V, String> text) {
    StringBuilder all = new StringBuilder("{");
    for (I item : items) {
      V element = value.apply(item);
      all.append(all.length() > 1 ? "," : "");
      if (element == null) {
        all.append("null");
      } else {
        all.append('"').append(text.apply(element).replace("\\", "\\\\").replace("\"", "\\\"")).append('"');
      }
    }
    return all.append('}').toString();
  }

  private static <I, V> List<byte @Nullable []> elements(List<I> items, Function<I, @Nullable V> value,
      Function<V, byte[]> form) {
    List<byte @Nullable []> elements = new ArrayList<>(items.size());
    for (I item : items) {
      V element = value.apply(item);
      elements.add(element == null ? null : form.apply(element));
    }
    return elements;
  }

  @Override
  public String getValue() {
    return text.get();
  }

  @Override
  public void setByteValue(byte[] value, int offset) {
    throw new UnsupportedOperationException("arrays of this kind are only sent");
  }

  @Override
  public int lengthInBytes() {
    return bytes.length;
  }

  @Override
  public void toBytes(byte[] target, int offset) {
    System.arraycopy(bytes, 0, target, offset, bytes.length);
  }
}
