package dev.memlane.orchestrator.internal.follow;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint of an index that several processes share (rule R17). The documents of a memory agree with core's row unless
 * the log has a change of the memory after the position, the index has an arrival of it after {@code arrivals}, or the
 * memory is listed as in flight.
 *
 * @param log what is said about the log and the database
 * @param arrivals a position in the arrivals; see {@code SharedIndex.arrivals}
 */
public record SharedCheckpoint(Checkpoint log, String arrivals) {

  private static final String SEPARATOR = "\n\n";

  /** The text form: that of the log's part, an empty line, and the arrivals' position. */
  public String write() {
    return log.write() + SEPARATOR
        + Base64.getEncoder().encodeToString(arrivals.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Reads the text form.
   *
   * @return empty if there is none, or if another version wrote it
   */
  public static Optional<SharedCheckpoint> read(@Nullable String text) {
    int end = text == null ? -1 : text.lastIndexOf(SEPARATOR);
    if (text == null || end < 0) {
      return Optional.empty();
    }
    try {
      String arrivals = new String(Base64.getDecoder().decode(text.substring(end + SEPARATOR.length())),
          StandardCharsets.UTF_8);
      return Checkpoint.read(text.substring(0, end)).map(log -> new SharedCheckpoint(log, arrivals));
    } catch (IllegalArgumentException e) {
      // Unreadable, so nothing is known, and everything is compared.
      return Optional.empty();
    }
  }
}
