package dev.memlane.cli;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an ingestion did.
 *
 * @param read lines that are not empty
 * @param stored memories that are new
 * @param duplicates lines whose memory was there already, or had been deleted since
 * @param deleted those of the duplicates that had been deleted since, and stay so
 * @param embedded texts of which the model made a vector; none of a memory that was there
 * @param failed lines that became no memory
 * @param failures the first {@value #MOST_FAILURES} of them
 * @param ended why it ended before the last line, or null
 */
record IngestReport(long read, long stored, long duplicates, long deleted, long embedded, long failed,
    List<Failure> failures, long nanoseconds, @Nullable String ended) {

  static final int MOST_FAILURES = 1_000;

  /** One line that became no memory. */
  record Failure(String file, long line, String error) {

    @Override
    public String toString() {
      return file + ":" + line + ": " + error;
    }
  }

  boolean isComplete() {
    return failed == 0 && ended == null;
  }

  /** One line for people. */
  String summary() {
    double seconds = nanoseconds / 1e9;
    String already = Layout.number(duplicates) + (duplicates == 1 ? " was" : " were") + " there already"
        + (deleted == 0 ? "" : " (" + Layout.number(deleted) + " deleted since)");
    return String.format(Locale.ROOT, "%,d read: %,d stored, %s, %,d failed in %.1f s (%,d/s)", read, stored, already,
        failed, seconds, Math.round(read / Math.max(seconds, 0.001)));
  }

  Map<String, @Nullable Object> json() {
    return Json.object("read", read, "stored", stored, "duplicates", duplicates, "deleted", deleted, "embedded",
        embedded, "failed", failed, "seconds", Json.seconds(nanoseconds), "failures",
        failures.stream().map(f -> Json.object("file", f.file(), "line", f.line(), "error", f.error())).toList(),
        "ended", ended);
  }
}
