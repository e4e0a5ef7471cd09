package dev.memlane.perf.tests.kill;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.store.Operation;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What all victims of a data directory have asked for and were answered, kept by the process that they can't take with
 * them. Safe for use by several threads.
 */
final class Ledger {

  // Guarded by this.
  private final List<Attempt> attempts = new ArrayList<>();
  private final Map<String, Attempt> byName = new HashMap<>();
  private long line;

  /**
   * Takes in one complete line of a victim's report that tells of a request or an answer.
   *
   * @return what it tells of, as it is now
   * @throws IllegalArgumentException if it can't be understood
   */
  synchronized Attempt take(Attempt.Source source, String[] words) {
    line++;
    if (words[0].equals(Report.ASKED)) {
      Attempt attempt = new Attempt(words[1], source, Integer.parseInt(words[2]), Boolean.parseBoolean(words[3]),
          Operation.Kind.valueOf(words[4]), memory(words[5]), present(words[6]), words[7], operation(words[8]),
          Boolean.parseBoolean(words[9]), line);
      attempts.add(attempt);
      byName.put(attempt.name, attempt);
      return attempt;
    }
    Attempt attempt = byName.get(words[1]);
    if (attempt == null) {
      throw new IllegalArgumentException("an answer to what nobody asked: " + String.join(" ", words));
    }
    attempt.answer = Attempt.Answer.valueOf(words[2]);
    attempt.answeredAt = line;
    if (attempt.memory == null) {
      attempt.memory = memory(words[3]);
    }
    attempt.op = operation(words[4]);
    attempt.version = Integer.parseInt(words[5]);
    return attempt;
  }

  private static @Nullable String present(String word) {
    return word.equals(Report.NOTHING) ? null : word;
  }

  private static @Nullable MemoryId memory(String word) {
    return word.equals(Report.NOTHING) ? null : MemoryId.parse(word);
  }

  private static @Nullable OperationId operation(String word) {
    return word.equals(Report.NOTHING) ? null : OperationId.parse(word);
  }

  /** Everything asked for, in the order in which it was. Read it only when no victim is at work. */
  synchronized List<Attempt> attempts() {
    return List.copyOf(attempts);
  }

  /** How many requests of the victims from this number on were answered so, or, with {@code NONE}, not at all. */
  synchronized long count(int firstNumber, Set<Attempt.Answer> answers) {
    return attempts.stream()
        .filter(attempt -> attempt.source.number() >= firstNumber && answers.contains(attempt.answer)).count();
  }

  /** The adds under keys of their own that the lane's last victim was killed in. */
  synchronized List<Victim.Settings.Retry> retries(char lane) {
    int last = attempts.stream().filter(attempt -> attempt.source.lane() == lane)
        .mapToInt(attempt -> attempt.source.number()).max().orElse(-1);
    List<Victim.Settings.Retry> retries = new ArrayList<>();
    for (Attempt attempt : attempts) {
      String key = attempt.key;
      if (attempt.source.number() == last && attempt.answer == Attempt.Answer.NONE && !attempt.shared && key != null) {
        retries.add(new Victim.Settings.Retry(attempt.writer, key, attempt.token));
      }
    }
    return retries;
  }
}
