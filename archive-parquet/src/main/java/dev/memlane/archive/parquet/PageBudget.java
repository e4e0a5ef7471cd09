package dev.memlane.archive.parquet;

import java.io.IOException;

/** The memory that the pages of all columns may take together. Not safe for use by several threads. */
final class PageBudget {

  private final long most;
  private long taken;

  PageBudget(long most) {
    this.most = most;
  }

  /** Takes so many bytes, before they are allocated. */
  void take(int bytes) throws IOException {
    if (bytes > most - taken) {
      throw new IOException("reading it takes more than " + (most >> 20)
          + " MB at once; if you trust the file, give Java more memory (-Xmx)");
    }
    taken += bytes;
  }

  void giveBack(int bytes) {
    taken -= bytes;
  }
}
