package dev.memlane.cli.internal.evaluation;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Figures of how well questions were answered, each the mean over questions: recall@k, the share of a question's evidence
 * among its first k hits; nDCG@10, which also counts how high it stands; MRR, the mean of 1 / the rank of the first.
 *
 * <p>
 * A hit may stand for several pieces of evidence, as a fact does that comes from several messages. Each piece counts once, for
 * the first hit that finds it. For nDCG, a piece stands at the rank of its hit, but the n-th piece found never above the n-th
 * rank. So the best is 1, and where each hit is one piece at most it is nDCG as usual.
 *
 * <p>
 * What is found is either turns or sessions; the two are never mixed up. Used by one thread.
 */
public final class Recall {

  static final List<Integer> DEPTHS = List.of(1, 5, 10, 20, 50);
  static final int DEEPEST = 50;
  private static final int NDCG_DEPTH = 10;

  /** The figures of each question: recall by depth, then nDCG, then the reciprocal rank. */
  private final List<double[]> each = new ArrayList<>();

  /**
   * Counts one question.
   *
   * @param hits for each the ids that it stands for, best first
   * @param evidence at least one id
   */
  void add(List<Set<String>> hits, Set<String> evidence) {
    double[] figures = new double[DEPTHS.size() + 2];
    double gain = 0;
    double ideal = 0;
    Set<String> missing = new HashSet<>(evidence);
    for (int i = 0; i < Math.max(hits.size(), DEEPEST); i++) {
      if (i < evidence.size() && i < NDCG_DEPTH) {
        ideal += 1 / log2(i + 2);
      }
      for (String id : i < hits.size() ? hits.get(i) : Set.<String>of()) {
        if (missing.remove(id)) {
          int found = evidence.size() - missing.size();
          int place = Math.max(i, found - 1);
          gain += place < NDCG_DEPTH ? 1 / log2(place + 2) : 0;
          if (found == 1) {
            figures[DEPTHS.size() + 1] = 1.0 / (i + 1);
          }
        }
      }
      int depth = DEPTHS.indexOf(i + 1);
      if (depth >= 0) {
        figures[depth] = (double) (evidence.size() - missing.size()) / evidence.size();
      }
    }
    figures[DEPTHS.size()] = gain / ideal;
    each.add(figures);
  }

  private static double log2(double number) {
    return Math.log(number) / Math.log(2);
  }

  int questions() {
    return each.size();
  }

  /** The mean recall at this depth, in [0, 1], rounded to four places; 0 without questions. */
  double at(int depth) {
    return mean(DEPTHS.indexOf(depth));
  }

  double ndcg() {
    return mean(DEPTHS.size());
  }

  double mrr() {
    return mean(DEPTHS.size() + 1);
  }

  /** The recall at this depth of each question, in order. */
  double[] eachAt(int depth) {
    int column = DEPTHS.indexOf(depth);
    return each.stream().mapToDouble(figures -> figures[column]).toArray();
  }

  private double mean(int column) {
    double sum = 0;
    for (double[] figures : each) {
      sum += figures[column];
    }
    return each.isEmpty() ? 0 : Math.round(sum / each.size() * 1e4) / 1e4;
  }

  Map<String, Double> json() {
    Map<String, Double> json = new LinkedHashMap<>();
    DEPTHS.forEach(depth -> json.put(String.valueOf(depth), at(depth)));
    return json;
  }

  /** The figures as columns of a table. */
  String row() {
    StringBuilder row = new StringBuilder();
    DEPTHS.forEach(depth -> row.append(String.format(Locale.ROOT, "  %5.3f", at(depth))));
    return row.append(String.format(Locale.ROOT, "  %5.3f  %5.3f", ndcg(), mrr())).toString();
  }
}
