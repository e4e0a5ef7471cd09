package dev.memlane.cli;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;

/**
 * The keys of lines that have none, so that a repeated ingestion resumes: each is made from the source's name, the line's
 * text, and how often that text has occurred before in the source. So equal lines are as many memories, and a line keeps its
 * key when others are added, moved or corrected.
 *
 * <p>
 * Remembers about a hundred bytes for each different line. Not safe for use by several threads.
 */
final class DerivedKeys {

  private final String source;
  private final Map<Long, Integer> occurrences = new HashMap<>();
  private final MessageDigest digest;

  /**
   * @param source the source's name, as {@link Source#name}
   */
  DerivedKeys(String source) {
    this.source = source;
    try {
      this.digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** The key of the next line. */
  String next(String line) {
    digest.update(source.getBytes(StandardCharsets.UTF_8));
    digest.update((byte) 0);
    byte[] hash = digest.digest(line.getBytes(StandardCharsets.UTF_8));
    // Two lines that share these eight bytes only share a count, and their keys differ all the same.
    int before = occurrences.merge(ByteBuffer.wrap(hash).getLong(), 1, Integer::sum) - 1;
    return "file:" + HexFormat.of().formatHex(hash, 0, 16) + ":" + before;
  }
}
