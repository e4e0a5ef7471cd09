package dev.memlane.archive;

import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.ArchivedMessage;
import dev.memlane.model.Scope;

/** One entry of an archive, read. */
public sealed interface ArchiveEntry {

  /** The number of its line or row in the archive, counted from 1. Numbers go up, and may leave gaps. */
  long number();

  /**
   * A memory with its history.
   *
   * @param length its length in the archive, in characters or bytes
   */
  record OfMemory(long number, long length, ArchivedMemory memory) implements ArchiveEntry {}

  /**
   * A message of a conversation.
   *
   * @param length its length in the archive, in characters or bytes
   */
  record OfMessage(long number, long length, Scope conversation, ArchivedMessage message) implements ArchiveEntry {}

  /**
   * An entry that cannot be read, or has no place where it stands.
   *
   * @param problem says why, and what to do where something can be done
   */
  record Damaged(long number, String problem) implements ArchiveEntry {}

  /** The end of a whole archive. */
  record End(long number, ArchiveCounts counts) implements ArchiveEntry {}
}
