package dev.memlane.cli.internal.ingestion;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;

/**
 * A generator of keys for lines without one, so that a repeated ingestion resumes. A key is made from the source's
 * name, the line's text, and the number of equal lines before it in the source. So each of several equal lines becomes
 * a memory of its own, and a line keeps its key when other lines are added, moved or corrected.
 *
 * <p>
 * Needs about a hundred bytes of memory for each different line. Not safe for use by several threads.
 */
final class DerivedKeys {

  private final String source;
  private final Map<Long, Integer> occurrences = new HashMap<>();
  private final MessageDigest digest;

  /**
   * @param source the source's name, see {@link InputSource#name}
   */
  DerivedKeys(String source) {
    this.source = source;
    try {
      this.digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** Returns the key of the next line. */
  String next(String line) {
    digest.update(source.getBytes(StandardCharsets.UTF_8));
    digest.update((byte) 0);
    byte[] hash = digest.digest(line.getBytes(StandardCharsets.UTF_8));
    // Two lines that agree in these eight bytes share a count, but their keys still differ.
    int before = occurrences.merge(ByteBuffer.wrap(hash).getLong(), 1, Integer::sum) - 1;
    return "file:" + HexFormat.of().formatHex(hash, 0, 16) + ":" + before;
  }
}
