package dev.memlane.cli.internal.ingestion;

import com.github.luben.zstd.ZstdInputStream;
import dev.memlane.cli.internal.terminal.InputException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * A file in UTF-8: unpacked if it was packed by gzip or zstd, and converted if it was UTF-16 with a byte order mark. The first
 * bytes decide what a file is.
 *
 * @param stream the text, perhaps with a byte order mark; closing it closes the input
 * @param begin the text's first bytes, which the stream still has
 * @param packed whether the file was packed
 */
@SuppressWarnings("ArrayRecordComponent") // It is never compared.
public record DecodedInput(InputStream stream, byte[] begin, boolean packed) {

  /** The bytes that decide. */
  static final int PEEK = 1 << 16;

  private static final byte[] GZIP = {0x1F, (byte) 0x8B};
  private static final byte[] ZSTD = {0x28, (byte) 0xB5, 0x2F, (byte) 0xFD};
  private static final int TAR_MARK_AT = 257;

  /** The first bytes of other kinds of files, and their names. */
  private static final Map<String, String> OTHERS = Map.of("PK\3\4", "a zip archive", "PK\5\6", "an empty zip archive",
      "BZh", "packed by bzip2", "\u00FD7zXZ\0", "packed by xz", "7z\u00BC\u00AF", "a 7z archive", "\4\"M\30",
      "packed by lz4", "%PDF", "a PDF", "SQLite format 3\0", "an SQLite database",
      "\u00D0\u00CF\21\u00E0", "an old Office document");

  /**
   * Recognises and opens an input.
   *
   * @param raw the input as it was given
   * @param waits whether more input may never come, as when a person types: then the first bytes available decide
   * @param wanted what the input should be, for the message of a refusal
   * @throws InputException if it is a file of another kind
   */
  public static DecodedInput open(InputStream raw, boolean waits, String wanted) throws IOException {
    BufferedInputStream given = new BufferedInputStream(raw, PEEK);
    byte[] begin = peek(given, !waits);
    boolean packed = isPacked(begin);
    BufferedInputStream content = packed ? new BufferedInputStream(unpack(given, begin), PEEK) : given;
    begin = packed ? peek(content, true) : begin;
    if (packed && isPacked(begin)) {
      throw new InputException("it is packed twice; unpack it once");
    }
    requireNoOther(begin, wanted);
    Charset charset = charset(begin);
    if (charset != null) {
      content = new BufferedInputStream(new Utf8InputStream(content, charset), PEEK);
      begin = peek(content, !waits);
    }
    return new DecodedInput(content, begin, packed);
  }

  private static byte[] peek(BufferedInputStream input, boolean filling) throws IOException {
    byte[] bytes = new byte[PEEK];
    input.mark(PEEK);
    int length = 0;
    for (int n = input.read(bytes); n > 0; n = length == PEEK ? 0 : input.read(bytes, length, PEEK - length)) {
      length += n;
      if (!filling && length >= ZSTD.length) {
        break;
      }
    }
    input.reset();
    return Arrays.copyOf(bytes, length);
  }

  private static boolean isPacked(byte[] begin) {
    return startsWith(begin, GZIP) || startsWith(begin, ZSTD);
  }

  private static InputStream unpack(InputStream given, byte[] begin) throws IOException {
    return startsWith(begin, GZIP) ? new GZIPInputStream(given, PEEK) : new ZstdInputStream(given);
  }

  private static void requireNoOther(byte[] begin, String wanted) throws InputException {
    String latin = new String(begin, 0, Math.min(begin.length, TAR_MARK_AT + 5), StandardCharsets.ISO_8859_1);
    if (latin.startsWith("PAR1")) {
      throw new InputException(
          "it is a Parquet file; 'memlane import' reads what 'memlane export' wrote as Parquet, from a "
              + "file that is not packed; else give " + wanted);
    }
    for (Map.Entry<String, String> other : OTHERS.entrySet()) {
      if (latin.startsWith(other.getKey())) {
        throw new InputException(
            "it is " + other.getValue() + ", which can't be read here; give " + wanted + ", plain or "
                + "packed by gzip or zstd");
      }
    }
    if (latin.startsWith("ustar", TAR_MARK_AT)) {
      throw new InputException("it is a tar archive; unpack it, and name the files in it");
    }
  }

  /** UTF-16 if the byte order mark says so; null for anything else that may be UTF-8. */
  private static @Nullable Charset charset(byte[] begin) throws InputException {
    if (startsWith(begin, new byte[]{(byte) 0xFF, (byte) 0xFE, 0, 0})
        || startsWith(begin, new byte[]{0, 0, (byte) 0xFE, (byte) 0xFF})) {
      throw new InputException("it is UTF-32; save it as UTF-8");
    }
    if (startsWith(begin, new byte[]{(byte) 0xFF, (byte) 0xFE})) {
      return StandardCharsets.UTF_16LE;
    }
    if (startsWith(begin, new byte[]{(byte) 0xFE, (byte) 0xFF})) {
      return StandardCharsets.UTF_16BE;
    }
    if (begin.length >= 4 && (begin[0] == 0) != (begin[1] == 0) && begin[0] == 0 == (begin[2] == 0)
        && begin[1] == 0 == (begin[3] == 0)) {
      throw new InputException("it looks like UTF-16 without a byte order mark; save it as UTF-8");
    }
    return null;
  }

  private static boolean startsWith(byte[] bytes, byte[] begin) {
    return bytes.length >= begin.length && Arrays.equals(bytes, 0, begin.length, begin, 0, begin.length);
  }
}
