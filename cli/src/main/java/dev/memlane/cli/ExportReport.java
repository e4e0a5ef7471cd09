package dev.memlane.cli;

import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an export wrote.
 *
 * @param memories memories that are there
 * @param deleted memories that were deleted
 */
record ExportReport(long memories, long deleted, long nanoseconds) {

  /** One line for people. */
  String summary(String file) {
    return String.format(Locale.ROOT, "%,d memories and %,d deleted ones exported to %s in %.1f s", memories, deleted,
        file, nanoseconds / 1e9);
  }

  Map<String, @Nullable Object> json(String file) {
    return Json.object("memories", memories, "deleted", deleted, "seconds", Json.seconds(nanoseconds), "file", file);
  }
}
