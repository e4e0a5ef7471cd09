package dev.memlane.archive;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The result of an import. Every line that was read is in exactly one of {@code restored}, {@code alreadyThere},
 * {@code different} and {@code failed}.
 *
 * @param read lines of memories and messages that were read
 * @param restored memories and messages that were restored
 * @param alreadyThere those that existed in the same state
 * @param different those that exist in another state, which was kept
 * @param failed lines from which nothing was restored, or it is not known whether it was
 * @param edited lines that were edited after the export and accepted; part of {@code restored} or {@code alreadyThere}
 *     unless they failed
 * @param failures the first {@value #MOST_FAILURES} lines that are different or failed, in the order in which they
 *     ended
 * @param whole whether the archive was read to its last line, and that line counts as many memories and messages as were
 *     read
 * @param elapsed the time that the import took
 * @param ended why it ended before the last line; null if it did not
 */
public record ImportReport(long read, long restored, long alreadyThere, long different, long failed, long edited,
    List<LineNotice> failures, boolean whole, Duration elapsed, @Nullable String ended) {

  /** The most failures that a report lists. */
  public static final int MOST_FAILURES = 1_000;

  public ImportReport {
    failures = List.copyOf(failures);
  }

  /** Whether the archive was read to its end and all of its memories and messages are in the stores, in the archive's state. */
  public boolean isComplete() {
    return failed == 0 && different == 0 && whole && ended == null;
  }
}
