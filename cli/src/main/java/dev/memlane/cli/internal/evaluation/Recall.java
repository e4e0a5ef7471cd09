package dev.memlane.cli.internal.evaluation;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The mean of recall@k over questions, where recall@k is the share of a question's evidence among its first k hits. */
public final class Recall {

  static final List<Integer> DEPTHS = List.of(1, 5, 10, 20, 50);
  static final int DEEPEST = 50;

  private final Map<Integer, Double> sums = new TreeMap<>();
  private int questions;

  /**
   * Counts one question.
   *
   * @param hits ids, best first
   */
  void add(List<String> hits, Set<String> evidence) {
    questions++;
    for (int depth : DEPTHS) {
      long found = evidence.stream().filter(hits.subList(0, Math.min(depth, hits.size()))::contains).count();
      sums.merge(depth, (double) found / evidence.size(), Double::sum);
    }
  }

  int questions() {
    return questions;
  }

  /** The mean recall at this depth, in [0, 1], rounded to four places; 0 without questions. */
  double at(int depth) {
    return questions == 0 ? 0 : Math.round(sums.getOrDefault(depth, 0.0) / questions * 1e4) / 1e4;
  }

  Map<String, Double> json() {
    Map<String, Double> json = new java.util.LinkedHashMap<>();
    DEPTHS.forEach(depth -> json.put(String.valueOf(depth), at(depth)));
    return json;
  }

  /** The figures as columns of a table. */
  String row() {
    StringBuilder row = new StringBuilder();
    DEPTHS.forEach(depth -> row.append(String.format(Locale.ROOT, "  %5.3f", at(depth))));
    return row.toString();
  }
}
