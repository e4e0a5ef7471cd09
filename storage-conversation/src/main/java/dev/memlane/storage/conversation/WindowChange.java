package dev.memlane.storage.conversation;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * How a window becomes another one by messages that leave it and messages that are appended.
 *
 * <p>
 * What is appended comes last. So what is kept is a beginning of the new window: the longest one that the old window
 * contains in the same order. Of several equal messages the newest ones are kept, because a window loses its oldest
 * messages first.
 *
 * @param kept how many messages at the beginning of the new window are kept
 * @param gone the positions of those that leave, ascending
 */
record WindowChange(int kept, List<Long> gone) {

  /** A message in the stored window. */
  record Entry(long position, UUID hash) {}

  /**
   * @param before the stored window, in order
   * @param after the hashes of the new window's messages, in order
   */
  static WindowChange between(List<Entry> before, List<UUID> after) {
    int kept = 0;
    for (Entry entry : before) {
      if (kept < after.size() && entry.hash().equals(after.get(kept))) {
        kept++;
      }
    }
    List<Long> gone = new ArrayList<>();
    int left = kept;
    for (Entry entry : before.reversed()) {
      if (left > 0 && entry.hash().equals(after.get(left - 1))) {
        left--;
      } else {
        gone.add(entry.position());
      }
    }
    return new WindowChange(kept, gone.reversed());
  }
}
