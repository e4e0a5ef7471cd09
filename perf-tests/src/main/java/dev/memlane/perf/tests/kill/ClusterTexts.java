package dev.memlane.perf.tests.kill;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Texts of made-up words, and the users to whom they belong. */
final class ClusterTexts {

  private static final String[] SYLLABLES = {"ba", "do", "ke", "li", "mu", "na", "po", "ra", "se", "ti", "vo", "zu"};
  private static final int WORDS = SYLLABLES.length * SYLLABLES.length * SYLLABLES.length;
  private static final int FEWEST = 6;
  private static final int MOST = 30;

  private ClusterTexts() {}

  static String user(int number) {
    return "reader " + number;
  }

  /** A text of 6 to 30 words. */
  static String text(Random random) {
    return words(random, FEWEST + random.nextInt(MOST - FEWEST));
  }

  /** A query of three words. */
  static String query(Random random) {
    return words(random, 3);
  }

  private static String words(Random random, int count) {
    List<String> words = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      // Some words are much more frequent than others.
      int word = (int) (WORDS * random.nextDouble() * random.nextDouble());
      int base = SYLLABLES.length;
      words.add(SYLLABLES[word / (base * base)] + SYLLABLES[word / base % base] + SYLLABLES[word % base]);
    }
    return String.join(" ", words);
  }
}
