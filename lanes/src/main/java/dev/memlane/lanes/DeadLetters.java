package dev.memlane.lanes;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The newest dead letters, so many at most. Guarded by the executor's lock. */
final class DeadLetters {

  /** A dead letter, and the how manieth it is. */
  record Kept(long number, DeadLetter letter) {}

  private final int most;
  private final TreeMap<Long, DeadLetter> letters = new TreeMap<>();
  private long added;

  DeadLetters(int most) {
    this.most = most;
  }

  void add(DeadLetter letter) {
    putBack(new Kept(added++, letter));
  }

  /** Puts one that was taken where it was, unless there are enough that are newer. */
  void putBack(Kept kept) {
    letters.put(kept.number(), kept.letter());
    if (letters.size() > most) {
      letters.pollFirstEntry();
    }
  }

  @Nullable
  Kept take(String id) {
    for (Map.Entry<Long, DeadLetter> one : letters.entrySet()) {
      if (one.getValue().id().equals(id)) {
        // Not the entry after it is removed: the map may have put another one into it.
        Kept kept = new Kept(one.getKey(), one.getValue());
        letters.remove(kept.number());
        return kept;
      }
    }
    return null;
  }

  /** The oldest first. */
  List<DeadLetter> all() {
    return List.copyOf(letters.values());
  }
}
