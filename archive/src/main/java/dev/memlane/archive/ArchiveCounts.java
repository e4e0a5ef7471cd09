package dev.memlane.archive;

/**
 * The numbers at the end of an archive, by which one that was cut off is recognised.
 *
 * @param memories the number of live memories before
 * @param deleted the number of deleted memories before
 * @param messages the number of messages before
 */
public record ArchiveCounts(long memories, long deleted, long messages) {

  /** Memories and messages together. */
  public long total() {
    return memories + deleted + messages;
  }
}
