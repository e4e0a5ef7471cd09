package dev.memlane.cli;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an import did.
 *
 * @param read lines of memories
 * @param restored memories that came back
 * @param alreadyThere memories that were there in the same state
 * @param different memories that are there in another state, and stay so
 * @param failed lines of which nothing came back, or it isn't known
 * @param edited lines that were edited since they were exported, and were taken so
 * @param failures the first {@value #MOST_FAILURES} of those that are different or failed
 * @param whole whether the file was read to its last line, and that tells of as many memories
 * @param ended why it ended before the last line, or null
 */
record ImportReport(long read, long restored, long alreadyThere, long different, long failed, long edited,
    List<Failure> failures,
    boolean whole, long nanoseconds, @Nullable String ended) {

  static final int MOST_FAILURES = 1_000;

  /** One line that brought nothing back. */
  record Failure(long line, String error) {}

  boolean isComplete() {
    return failed == 0 && different == 0 && whole && ended == null;
  }

  /** One line for people. */
  String summary() {
    double seconds = nanoseconds / 1e9;
    return String.format(Locale.ROOT,
        "%,d read: %,d restored, %,d %s there already, %,d in another state, %,d failed in %.1f s (%,d/s)", read,
        restored, alreadyThere, alreadyThere == 1 ? "was" : "were", different, failed, seconds,
        Math.round(read / Math.max(seconds, 0.001)));
  }

  Map<String, @Nullable Object> json() {
    return Json.object("read", read, "restored", restored, "alreadyThere", alreadyThere, "different", different,
        "failed", failed, "edited", edited, "complete", whole, "seconds", Json.seconds(nanoseconds), "failures",
        failures.stream().map(f -> Json.object("line", f.line(), "error", f.error())).toList(), "ended", ended);
  }
}
