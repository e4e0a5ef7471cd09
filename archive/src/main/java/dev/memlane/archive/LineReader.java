package dev.memlane.archive;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A reader of UTF-8 text, line by line, in bounded memory. A line that is too long or is not UTF-8 does not fail the
 * text: it is skipped to its end, and returned with its problem. A byte order mark at the beginning and a carriage
 * return at a line's end are not part of a line. Not safe for use by several threads.
 *
 * <p>
 * Public because programs that read other JSON Lines, such as the command line's {@code ingest}, need the same reader.
 */
public final class LineReader {

  /** The default limit, in bytes: more than the longest content and the most metadata need. */
  public static final int LONGEST_BYTES = 64 << 20;
  private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

  private final InputStream input;
  private final int longestBytes;
  private final byte end;
  private final byte[] buffer = new byte[1 << 16];
  private int position;
  private int filled;
  private long number;

  public LineReader(InputStream input) {
    this(input, LONGEST_BYTES);
  }

  /** @param longestBytes the longest line, in bytes */
  public LineReader(InputStream input, int longestBytes) {
    this(input, longestBytes, (byte) '\n');
  }

  /**
   * @param longestBytes the longest line, in bytes
   * @param end the byte that ends a line
   */
  public LineReader(InputStream input, int longestBytes, byte end) {
    this.input = input;
    this.longestBytes = longestBytes;
    this.end = end;
  }

  /**
   * One line.
   *
   * @param number the line's number, counted from 1
   * @param text the line without its end; empty if there is a problem
   * @param problem why the line cannot be read; null if it can
   */
  public record Line(long number, String text, @Nullable String problem) {}

  /** Returns the next line, or null at the end. */
  public @Nullable Line next() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
    boolean any = false;
    boolean tooLong = false;
    while (position < filled || fill()) {
      any = true;
      int until = position;
      while (until < filled && buffer[until] != end) {
        until++;
      }
      tooLong |= bytes.size() + until - position > longestBytes;
      if (!tooLong) {
        bytes.write(buffer, position, until - position);
      }
      position = until;
      if (until < filled) {
        position++;
        break;
      }
    }
    if (!any) {
      return null;
    }
    number++;
    if (tooLong) {
      return new Line(number, "", "the line is longer than " + (longestBytes >> 20) + " MB; split its content");
    }
    return decode(bytes.toByteArray());
  }

  /** Whether the input begins with these bytes. Only before the first line; an input that comes in pieces may hide it. */
  boolean beginsWith(byte[] bytes) throws IOException {
    return (position < filled || fill()) && filled >= bytes.length
        && Arrays.equals(buffer, 0, bytes.length, bytes, 0, bytes.length);
  }

  private Line decode(byte[] bytes) {
    int start = number == 1 && startsWithMark(bytes) ? BYTE_ORDER_MARK.length : 0;
    int length = (bytes.length > start && bytes[bytes.length - 1] == '\r' ? bytes.length - 1 : bytes.length) - start;
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, start, length)).toString();
      return new Line(number, text, null);
    } catch (CharacterCodingException e) {
      return new Line(number, "",
          "the line is not UTF-8; save the file as UTF-8, for example with iconv -f LATIN1 -t UTF-8");
    }
  }

  private static boolean startsWithMark(byte[] bytes) {
    return bytes.length >= BYTE_ORDER_MARK.length && bytes[0] == BYTE_ORDER_MARK[0] && bytes[1] == BYTE_ORDER_MARK[1]
        && bytes[2] == BYTE_ORDER_MARK[2];
  }

  private boolean fill() throws IOException {
    position = 0;
    filled = Math.max(0, input.read(buffer));
    return filled > 0;
  }
}
