package dev.memlane.lanes;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The newest dead letters, so many at most. Guarded by the executor's lock. */
final class DeadLetters {

  private final int most;
  private final Deque<DeadLetter> letters = new ArrayDeque<>();

  DeadLetters(int most) {
    this.most = most;
  }

  void add(DeadLetter letter) {
    letters.addLast(letter);
    if (letters.size() > most) {
      letters.removeFirst();
    }
  }

  @Nullable
  DeadLetter take(String id) {
    DeadLetter letter = letters.stream().filter(one -> one.id().equals(id)).findFirst().orElse(null);
    letters.remove(letter);
    return letter;
  }

  List<DeadLetter> all() {
    return List.copyOf(letters);
  }
}
