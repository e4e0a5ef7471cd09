package dev.memlane.archive;

import dev.memlane.model.ArchivedMemory;

/** One line of an archive, read. {@link ArchiveExporter} describes the format. */
sealed interface ArchiveLine {

  /** The format that is written, and the newest that can be read. */
  int FORMAT = 1;
  /** The longest line, in bytes. A line holds one memory with its history and is in memory as a whole. */
  int LONGEST_BYTES = 1 << 29;

  /** The first line. */
  record Header(int format) implements ArchiveLine {}

  /** The line of one memory. */
  record Body(ArchivedMemory memory) implements ArchiveLine {}

  /**
   * The last line, by which a file that was cut off is recognised.
   *
   * @param memories the number of live memories in the lines before
   * @param deleted the number of deleted memories in the lines before
   */
  record Footer(long memories, long deleted) implements ArchiveLine {}
}
