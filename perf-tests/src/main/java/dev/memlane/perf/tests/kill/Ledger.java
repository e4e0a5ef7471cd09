package dev.memlane.perf.tests.kill;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A record of all requests and answers of a data directory's victims, kept in the process that is never killed. Safe
 * for use by several threads.
 */
final class Ledger {

  @GuardedBy("this")
  private final List<Attempt> attempts = new ArrayList<>();
  @GuardedBy("this")
  private final Map<String, Attempt> byName = new HashMap<>();
  @GuardedBy("this")
  private long line;

  /**
   * Records one complete line of a victim's report, a request or an answer.
   *
   * @return the request, with its answer so far
   * @throws IllegalArgumentException if the line cannot be parsed
   */
  Attempt add(Attempt.Source source, String[] words) {
    if (words[0].equals(VictimReport.ASKED)) {
      return asked(new Attempt.Request(words[1], source, Integer.parseInt(words[2]), Boolean.parseBoolean(words[3]),
          Attempt.Form.valueOf(words[4]), memory(words[5]), present(words[6]), words[7], operation(words[8]),
          Boolean.parseBoolean(words[9])));
    }
    return answered(words[1], Attempt.Answer.valueOf(words[2]), memory(words[3]), operation(words[4]),
        Integer.parseInt(words[5]));
  }

  /** Records a request that is about to be sent. */
  synchronized Attempt asked(Attempt.Request request) {
    Attempt attempt = new Attempt(request, ++line);
    attempts.add(attempt);
    byName.put(attempt.name, attempt);
    return attempt;
  }

  /**
   * Records an answer.
   *
   * @param name that of the request
   */
  synchronized Attempt answered(String name, Attempt.Answer answer, @Nullable MemoryId memory, @Nullable OperationId op,
      int version) {
    line++;
    Attempt attempt = byName.get(name);
    if (attempt == null) {
      throw new IllegalArgumentException("an answer without a request: " + name);
    }
    attempt.answer = answer;
    attempt.answeredAt = line;
    if (attempt.memory == null) {
      attempt.memory = memory;
    }
    attempt.op = op;
    attempt.version = version;
    return attempt;
  }

  private static @Nullable String present(String word) {
    return word.equals(VictimReport.NOTHING) ? null : word;
  }

  private static @Nullable MemoryId memory(String word) {
    return word.equals(VictimReport.NOTHING) ? null : MemoryId.parse(word);
  }

  private static @Nullable OperationId operation(String word) {
    return word.equals(VictimReport.NOTHING) ? null : OperationId.parse(word);
  }

  /** All requests, in their order. Call it only while no victim works. */
  synchronized List<Attempt> attempts() {
    return List.copyOf(attempts);
  }

  /**
   * Returns how many requests of the victims from this number on have this answer; {@code NONE} counts those without
   * one.
   */
  synchronized long count(int firstNumber, Set<Attempt.Answer> answers) {
    return attempts.stream()
        .filter(attempt -> attempt.source.number() >= firstNumber && answers.contains(attempt.answer)).count();
  }

  /** The adds under keys of their own that were in flight when the lane's last victim was killed. */
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
