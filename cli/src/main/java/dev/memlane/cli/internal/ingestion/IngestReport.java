package dev.memlane.cli.internal.ingestion;

import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.cli.internal.terminal.TextLayout;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The result of an ingestion.
 *
 * @param read non-empty lines
 * @param stored new memories
 * @param duplicates lines whose memory existed already, or has been deleted since
 * @param deleted the duplicates that have been deleted since; they stay deleted
 * @param embedded texts that were embedded, because a memory that exists is not embedded again; null if a server did it
 * @param failed lines that became no memory
 * @param failures the first {@value #MOST_FAILURES} failed lines
 * @param ended why it ended before the last line; null if it did not
 */
public record IngestReport(long read, long stored, long duplicates, long deleted, @Nullable Long embedded, long failed,
    List<Failure> failures, long nanoseconds, @Nullable String ended) {

  static final int MOST_FAILURES = 1_000;

  /** A line that became no memory. */
  record Failure(String file, long line, String error) {

    @Override
    public String toString() {
      return file + ":" + line + ": " + error;
    }
  }

  public boolean isComplete() {
    return failed == 0 && ended == null;
  }

  /** The result on one line, for people. */
  public String summary() {
    double seconds = nanoseconds / 1e9;
    String already = TextLayout.number(duplicates) + (duplicates == 1 ? " was" : " were") + " there already"
        + (deleted == 0 ? "" : " (" + TextLayout.number(deleted) + " deleted since)");
    return String.format(Locale.ROOT, "%,d read: %,d stored, %s, %,d failed in %.1f s (%,d/s)", read, stored, already,
        failed, seconds, Math.round(read / Math.max(seconds, 0.001)));
  }

  public Map<String, @Nullable Object> json() {
    return Json.object("read", read, "stored", stored, "duplicates", duplicates, "deleted", deleted, "embedded",
        embedded, "failed", failed, "seconds", Json.seconds(nanoseconds), "failures",
        failures.stream().map(f -> Json.object("file", f.file(), "line", f.line(), "error", f.error())).toList(),
        "ended", ended);
  }
}
