package dev.memlane.archive;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** An archive as JSON Lines, written while it is read. Not safe for use by several threads. */
final class JsonLinesStream extends InputStream {

  private static final byte[] EMPTY_LINE = {'\n'};

  private final ArchiveSource source;
  private byte[] line = bytes(ArchiveLineFormatter.header(null));
  private int position;
  private long lines = 1;
  private @Nullable ArchiveEntry ahead;

  JsonLinesStream(ArchiveSource source) {
    this.source = source;
  }

  private static byte[] bytes(String text) {
    return (text + "\n").getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    if (position == line.length && !fill()) {
      return -1;
    }
    int count = Math.min(length, line.length - position);
    System.arraycopy(line, position, into, offset, count);
    position += count;
    return count;
  }

  private boolean fill() throws IOException {
    ArchiveEntry entry = ahead == null ? source.next() : ahead;
    if (entry == null) {
      return false;
    }
    if (lines < entry.number()) {
      ahead = entry;
      line = EMPTY_LINE;
    } else {
      ahead = null;
      line = bytes(text(entry));
    }
    lines++;
    position = 0;
    return true;
  }

  private static String text(ArchiveEntry entry) {
    return switch (entry) {
      case ArchiveEntry.OfMemory of -> ArchiveLineFormatter.body(of.memory());
      case ArchiveEntry.OfMessage of -> ArchiveLineFormatter.message(of.conversation(), of.message());
      case ArchiveEntry.Damaged ignored -> "{}";
      case ArchiveEntry.End end ->
        ArchiveLineFormatter.footer(end.counts().memories(), end.counts().deleted(), end.counts().messages());
    };
  }
}
