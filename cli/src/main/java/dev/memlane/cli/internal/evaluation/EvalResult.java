package dev.memlane.cli.internal.evaluation;

import dev.memlane.cli.internal.terminal.Json;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The figures of one mode: recall, and the latency of its searches. Used by one thread. */
public final class EvalResult {

  private final EvalMode mode;
  private final Recall overall = new Recall();
  private final Map<Integer, Recall> byCategory = new TreeMap<>();
  private final Map<String, Recall> byConversation = new LinkedHashMap<>();
  private long[] nanoseconds = new long[64];

  EvalResult(EvalMode mode) {
    this.mode = mode;
  }

  /**
   * Counts one search.
   *
   * @param hits ids, best first
   */
  void add(String conversation, Locomo.Question question, List<String> hits, long took) {
    Set<String> evidence = question.evidence();
    if (overall.questions() == nanoseconds.length) {
      nanoseconds = Arrays.copyOf(nanoseconds, 2 * nanoseconds.length);
    }
    nanoseconds[overall.questions()] = took;
    overall.add(hits, evidence);
    byCategory.computeIfAbsent(question.category(), category -> new Recall()).add(hits, evidence);
    byConversation.computeIfAbsent(conversation, id -> new Recall()).add(hits, evidence);
  }

  EvalMode mode() {
    return mode;
  }

  Recall overall() {
    return overall;
  }

  /** Recall by the category's number. */
  Map<Integer, Recall> byCategory() {
    return byCategory;
  }

  /** The latency percentile in milliseconds; 0 if nothing was searched. */
  double milliseconds(double percent) {
    int count = overall.questions();
    if (count == 0) {
      return 0;
    }
    long[] sorted = Arrays.copyOf(nanoseconds, count);
    Arrays.sort(sorted);
    long within = sorted[Math.clamp((int) Math.ceil(count * percent / 100) - 1, 0, count - 1)];
    return Math.round(within / 1e4) / 1e2;
  }

  Map<String, @Nullable Object> json() {
    Map<String, Object> categories = new LinkedHashMap<>();
    byCategory.forEach((category, recall) -> categories.put(String.valueOf(category), Json.object("questions",
        recall.questions(), "name", Locomo.CATEGORIES.get(category), "recall", recall.json())));
    Map<String, Object> conversations = new LinkedHashMap<>();
    byConversation.forEach((id, recall) -> conversations.put(id,
        Json.object("questions", recall.questions(), "recall", recall.json())));
    return Json.object("mode", mode.toString(), "description", mode.description(), "recall", overall.json(),
        "byCategory", categories, "byConversation", conversations, "p50Milliseconds", milliseconds(50),
        "p99Milliseconds", milliseconds(99));
  }
}
