package dev.memlane.archive.parquet;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A check of the runs in a page, for a decoder that allocates what the length of a run says. Numbers are in Parquet's hybrid
 * of runs and groups of eight.
 */
final class RunLengths {

  private static final int GROUP = 8;
  private static final int WIDEST = 32;

  private RunLengths() {}

  /**
   * Whether the runs of a data page fit into it.
   *
   * @param values the number of values, nulls included
   * @param dictionary whether its values are places in a dictionary
   */
  static boolean fit(byte[] content, Column column, int values, boolean dictionary) {
    ByteBuffer page = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
    return levelsFit(page, column.descriptor().getMaxRepetitionLevel(), values)
        && levelsFit(page, column.descriptor().getMaxDefinitionLevel(), values)
        && (!dictionary || placesFit(page, values));
  }

  private static boolean levelsFit(ByteBuffer page, int greatest, int values) {
    if (greatest == 0) {
      return true;
    }
    if (page.remaining() < Integer.BYTES) {
      return false;
    }
    int length = page.getInt();
    if (length < 0 || length > page.remaining()) {
      return false;
    }
    boolean fit = runsFit(page.slice(page.position(), length), Integer.SIZE - Integer.numberOfLeadingZeros(greatest),
        values);
    page.position(page.position() + length);
    return fit;
  }

  private static boolean placesFit(ByteBuffer page, int values) {
    if (!page.hasRemaining()) {
      return true;
    }
    int width = page.get();
    return width >= 0 && width <= WIDEST && runsFit(page.slice(), width, values);
  }

  private static boolean runsFit(ByteBuffer runs, int width, int values) {
    while (runs.hasRemaining()) {
      long header = header(runs);
      if (header < 0) {
        return false;
      }
      long count = header >>> 1;
      boolean packed = (header & 1) == 1;
      long bytes = packed ? count * width : (width + GROUP - 1) / GROUP;
      if (count < 1 || bytes > runs.remaining() || count > (packed ? values / GROUP + 1 : values)) {
        return false;
      }
      runs.position(runs.position() + (int) bytes);
    }
    return true;
  }

  /** Reads a number of at most 32 bits, or returns -1 if there is none. */
  private static long header(ByteBuffer runs) {
    long value = 0;
    for (int shift = 0; shift < Integer.SIZE && runs.hasRemaining(); shift += 7) {
      int next = runs.get();
      value |= (next & 0x7fL) << shift;
      if (next >= 0) {
        return value <= Integer.MAX_VALUE ? value : -1;
      }
    }
    return -1;
  }
}
