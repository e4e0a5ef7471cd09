package dev.memlane.archive;

import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.ArchivedMessage;
import dev.memlane.model.Scope;

/** One line of an archive, read. {@link JsonLines} describes the format. */
sealed interface ArchiveLine {

  /** The format that is written, and the newest that can be read. */
  int FORMAT = 2;
  /** The longest line, in bytes. A line holds one memory with its history, or one message, and is in memory as a whole. */
  int LONGEST_BYTES = 1 << 29;

  /** The first line. */
  record Header(int format) implements ArchiveLine {}

  /** The line of one memory. */
  record Body(ArchivedMemory memory) implements ArchiveLine {}

  /** The line of one message of a conversation. */
  record Message(Scope conversation, ArchivedMessage message) implements ArchiveLine {}

  /**
   * The last line, by which a file that was cut off is recognised.
   *
   * @param memories the number of live memories in the lines before
   * @param deleted the number of deleted memories in the lines before
   * @param messages the number of messages in the lines before
   */
  record Footer(long memories, long deleted, long messages) implements ArchiveLine {}
}
