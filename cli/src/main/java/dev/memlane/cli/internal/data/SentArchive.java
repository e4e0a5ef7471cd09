package dev.memlane.cli.internal.data;

import dev.memlane.archive.ImportReport;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * An archive on its way to a server. If it can't be read to its end, or the command is stopped, it ends after the last whole
 * line, so that the server keeps and reports what came before, as a local import does. Used by one thread at a time.
 */
final class SentArchive extends InputStream {

  private static final int PIECE = 1 << 16;
  /** Longer lines are sent in parts; the server refuses them. */
  private static final int LONGEST_LINE = 256 << 20;

  private final InputStream archive;
  private final BooleanSupplier stopped;
  private byte[] buffer = new byte[PIECE];
  private int position;
  /** The end of the whole lines. */
  private int whole;
  private int filled;
  private boolean atEnd;
  private volatile @Nullable String ended;

  SentArchive(InputStream archive, BooleanSupplier stopped) {
    this.archive = archive;
    this.stopped = stopped;
  }

  @Override
  public int read() {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) {
    if (length == 0) {
      return 0;
    }
    while (position == whole && !atEnd) {
      fill();
    }
    int count = Math.min(length, whole - position);
    if (count == 0) {
      return -1;
    }
    System.arraycopy(buffer, position, bytes, offset, count);
    position += count;
    return count;
  }

  private void fill() {
    System.arraycopy(buffer, position, buffer, 0, filled - position);
    filled -= position;
    position = 0;
    whole = 0;
    if (filled == buffer.length) {
      buffer = Arrays.copyOf(buffer, buffer.length * 2);
    }
    int count;
    try {
      count = stopped.getAsBoolean() ? stop() : archive.read(buffer, filled, buffer.length - filled);
    } catch (IOException e) {
      ended = "the archive could not be read to its end: " + e.getMessage();
      atEnd = true;
      return;
    }
    if (count < 0) {
      atEnd = true;
      whole = ended == null ? filled : 0;
      return;
    }
    int from = filled;
    filled += count;
    for (int i = filled - 1; i >= from && whole == 0; i--) {
      if (buffer[i] == '\n') {
        whole = i + 1;
      }
    }
    if (filled > LONGEST_LINE) {
      whole = filled;
    }
  }

  private int stop() {
    ended = "stopped";
    return -1;
  }

  /** The server's report, with the reason why the archive was not sent to its end. */
  ImportReport report(ImportReport answered) {
    String why = ended;
    return why == null
        ? answered
        : new ImportReport(answered.read(), answered.restored(), answered.alreadyThere(), answered.different(),
            answered.failed(), answered.edited(), answered.failures(), false, answered.elapsed(), why);
  }
}
