package dev.memlane.cli.internal.evaluation;

import java.util.Arrays;
import java.util.Random;

/**
 * What chance can do to a mean over questions, by the bootstrap (Efron, 1979): the mean of as many questions drawn with
 * repetition, many times. Compared figures are drawn in pairs, so that questions that are hard for both say nothing. The
 * draws are the same each time.
 *
 * @param mean the mean of all questions
 * @param low below this are 2.5 % of the means
 * @param high above this are 2.5 % of the means
 * @param chance the probability of so large a mean, or so small a one, if the true one were 0
 */
record Bootstrap(double mean, double low, double high, double chance) {

  private static final int DRAWS = 10_000;
  private static final long SEED = 1979;

  /** @param each a figure for each question; for a comparison, the differences */
  static Bootstrap of(double[] each) {
    if (each.length == 0) {
      return new Bootstrap(0, 0, 0, 1);
    }
    Random random = new Random(SEED);
    double[] means = new double[DRAWS];
    int atMost = 0;
    int atLeast = 0;
    for (int draw = 0; draw < DRAWS; draw++) {
      double sum = 0;
      for (int i = 0; i < each.length; i++) {
        sum += each[random.nextInt(each.length)];
      }
      means[draw] = sum / each.length;
      atMost += means[draw] <= 0 ? 1 : 0;
      atLeast += means[draw] >= 0 ? 1 : 0;
    }
    Arrays.sort(means);
    return new Bootstrap(Arrays.stream(each).sum() / each.length, means[DRAWS / 40], means[DRAWS - 1 - DRAWS / 40],
        Math.min(1, 2.0 * Math.min(atMost, atLeast) / DRAWS));
  }

  /** The differences between two figures for each question. */
  static Bootstrap difference(double[] one, double[] other) {
    double[] differences = new double[one.length];
    for (int i = 0; i < one.length; i++) {
      differences[i] = one[i] - other[i];
    }
    return of(differences);
  }
}
