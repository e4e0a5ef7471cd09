package dev.memlane.cli.internal.evaluation;

import dev.memlane.cli.internal.evaluation.EvalSet.Question;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.model.Memory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The figures of one variant: what it found, and the latency of its searches. Used by one thread. */
public final class EvalResult {

  /** The name of the recall@10 of each question. */
  static final String EACH = "each@10";
  /** The name of what was searched. */
  static final String THROUGH = "through";

  private final Variant variant;
  private final EvalSet set;
  private final Recall overall = new Recall();
  private final Recall sessions = new Recall();
  private final Map<String, Recall> byCategory = new TreeMap<>();
  private final Map<String, Recall> byCollection = new LinkedHashMap<>();
  private long[] nanoseconds = new long[64];
  private int searches;

  /**
   * What a hit has found.
   *
   * @param turns the ids of the turns that it is, or comes from
   * @param sessions their sessions
   */
  record Found(Set<String> turns, Set<String> sessions) {

    /** Turns are that themselves. */
    static Found of(Memory turn) {
      String run = turn.scope().run();
      return new Found(Set.of(Objects.requireNonNullElse(turn.key(), "")), run == null ? Set.of() : Set.of(run));
    }
  }

  EvalResult(Variant variant, EvalSet set) {
    this.variant = variant;
    this.set = set;
  }

  /**
   * Counts one search.
   *
   * @param found what each hit has found, best first
   */
  void add(String collection, Question question, List<Found> found, long took) {
    if (searches == nanoseconds.length) {
      nanoseconds = Arrays.copyOf(nanoseconds, 2 * nanoseconds.length);
    }
    nanoseconds[searches++] = took;
    Set<String> evidence = question.evidence();
    if (!evidence.isEmpty()) {
      List<Set<String>> turns = found.stream().map(Found::turns).toList();
      overall.add(turns, evidence);
      byCategory.computeIfAbsent(question.category(), category -> new Recall()).add(turns, evidence);
      byCollection.computeIfAbsent(collection, id -> new Recall()).add(turns, evidence);
    }
    if (!question.sessions().isEmpty()) {
      // A session's rank is that of its best turn, among sessions.
      Set<String> before = new HashSet<>();
      List<Set<String>> ranked = new ArrayList<>();
      for (Found hit : found) {
        Set<String> more = new LinkedHashSet<>(hit.sessions());
        more.removeAll(before);
        if (!more.isEmpty()) {
          before.addAll(more);
          ranked.add(more);
        }
      }
      sessions.add(ranked, question.sessions());
    }
  }

  Variant variant() {
    return variant;
  }

  int searches() {
    return searches;
  }

  /** What was found of the turns. */
  Recall overall() {
    return overall;
  }

  /** What was found of the sessions. */
  Recall sessions() {
    return sessions;
  }

  /** What was found of the turns, by the category. */
  Map<String, Recall> byCategory() {
    return byCategory;
  }

  /** The latency percentile in milliseconds; 0 if nothing was searched. */
  double milliseconds(double percent) {
    if (searches == 0) {
      return 0;
    }
    long[] sorted = Arrays.copyOf(nanoseconds, searches);
    Arrays.sort(sorted);
    long within = sorted[Math.clamp((int) Math.ceil(searches * percent / 100) - 1, 0, searches - 1)];
    return Math.round(within / 1e4) / 1e2;
  }

  /** @param other the result that this one is compared with; itself for none */
  Map<String, @Nullable Object> json(EvalResult other) {
    Map<String, Object> categories = new LinkedHashMap<>();
    byCategory.forEach((category, recall) -> categories.put(category, Json.object("questions", recall.questions(),
        "name", set.categoryName(category), "recall", recall.json())));
    Map<String, Object> collections = new LinkedHashMap<>();
    byCollection.forEach((id, recall) -> collections.put(id,
        Json.object("questions", recall.questions(), "recall", recall.json())));
    Map<String, @Nullable Object> json = Json.object("mode", variant.name(), THROUGH, variant.through().toString(),
        "description",
        variant.description(),
        "recall", overall.json(), "ndcg@10", overall.ndcg(), "mrr", overall.mrr(), "interval@10",
        interval(Bootstrap.of(overall.eachAt(10))), "byCategory", categories, "byConversation", collections, "sessions",
        sessions.questions() == 0
            ? null
            : Json.object("questions", sessions.questions(), "recall", sessions.json(), "ndcg@10", sessions.ndcg(),
                "mrr",
                sessions.mrr()),
        "p50Milliseconds", milliseconds(50), "p99Milliseconds", milliseconds(99));
    // Not rounded: a difference of nothing must stay nothing.
    json.put(EACH, Arrays.stream(overall.eachAt(10)).boxed().toList());
    if (other != this) {
      Map<String, @Nullable Object> difference = Json.object("with", other.variant.name(), "withThrough",
          other.variant.through().toString());
      difference.putAll(json(Bootstrap.difference(overall.eachAt(10), other.overall.eachAt(10))));
      json.put("difference@10", difference);
    }
    return json;
  }

  static Map<String, @Nullable Object> json(Bootstrap difference) {
    return Json.object("mean", rounded(difference.mean()), "interval", interval(difference), "chance",
        difference.chance());
  }

  private static List<Double> interval(Bootstrap bootstrap) {
    return List.of(rounded(bootstrap.low()), rounded(bootstrap.high()));
  }

  private static double rounded(double number) {
    return Math.round(number * 1e4) / 1e4;
  }
}
