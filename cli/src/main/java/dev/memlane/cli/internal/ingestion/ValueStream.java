package dev.memlane.cli.internal.ingestion;

import dev.memlane.archive.LineReader;
import dev.memlane.cli.internal.terminal.InputException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * A stream of values with a limit on the bytes that are read for each. It counts a little more than the value has, because
 * input is read ahead. Not safe for use by several threads.
 */
public final class ValueStream extends FilterInputStream {

  private final int longestBytes;
  private long left;

  /** A stream of values of at most {@value LineReader#LONGEST_BYTES} bytes. */
  public ValueStream(InputStream input) {
    this(input, LineReader.LONGEST_BYTES);
  }

  ValueStream(InputStream input, int longestBytes) {
    super(input);
    this.longestBytes = longestBytes;
    this.left = longestBytes;
  }

  /** Begins to count for the next value. */
  public void nextValue() {
    left = longestBytes;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    if (left <= 0) {
      throw new InputException("a single value in it is longer than " + (longestBytes >> 20)
          + " MB; split its content");
    }
    int count = super.read(into, offset, length);
    left -= Math.max(0, count);
    return count;
  }
}
