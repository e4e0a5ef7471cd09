package dev.memlane.lanes;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The newest dead letters, up to a number of them. Guarded by the executor's lock. */
final class DeadLetters {

  /** A dead letter and its sequence number. */
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

  /** Puts a dead letter that was taken back in its position, unless there are enough newer ones. */
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
        // Copied first: a removal may put another mapping into the entry.
        Kept kept = new Kept(one.getKey(), one.getValue());
        letters.remove(kept.number());
        return kept;
      }
    }
    return null;
  }

  /** All dead letters, oldest first. */
  List<DeadLetter> all() {
    return List.copyOf(letters.values());
  }
}
