package dev.memlane.archive.parquet;

/**
 * The limits of what is written, which are those of what is read: a size in a file is compared with them before anything
 * is allocated.
 */
final class Limits {

  /** The longest footer, in bytes: some hundred row groups. */
  static final int FOOTER = 4 << 20;
  /** The most elements of any list in the footer. */
  static final int FOOTER_LIST = 4_096;
  /** The longest header of a page, in bytes. */
  static final int PAGE_HEADER = 512;
  /** The size at which a page ends, in bytes. */
  static final int PAGE_TARGET = 1 << 20;
  /** The longest page, in bytes, compressed or not: one value beyond the target. The longest is a message's payload. */
  static final int PAGE = 64 << 20;
  /** The size at which a column stops to use a dictionary, in bytes. */
  static final int DICTIONARY_TARGET = 128 << 10;
  /** The longest dictionary, in bytes. */
  static final int DICTIONARY = 256 << 10;
  /** The most rows that are reported as damaged before the file is given up. */
  static final int DAMAGED_ROWS = 1_000;

  private static final long PAGES_AT_ONCE = 320L << 20;
  private static final long MEMORY = 1L << 29;

  private Limits() {}

  /** The most bytes of pages that are in memory at once: one of each column. */
  static long pagesAtOnce() {
    return Math.min(PAGES_AT_ONCE, Runtime.getRuntime().maxMemory() / 2);
  }

  /** The longest memory with its history, in bytes; the same as the longest line of JSON Lines, if the heap allows it. */
  static long memory() {
    return Math.min(MEMORY, Runtime.getRuntime().maxMemory() / 4);
  }
}
