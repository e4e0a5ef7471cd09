package dev.memlane.storage.opensearch;

import java.util.Map;

/**
 * The words of a document in one text, as the cluster gives them back: separated by blanks, each with its number after a
 * NUL if it is there more than once. No word has a blank or a control character.
 */
final class WordCounts {

  private static final char NUMBER = '\u0000';

  private WordCounts() {}

  /** Makes a word one that the cluster takes for one. Words of some scripts' analyzers could contain blanks. */
  static String word(String term) {
    for (int i = 0; i < term.length(); i++) {
      if (Character.isWhitespace(term.charAt(i)) || term.charAt(i) == NUMBER) {
        return term.replaceAll("[\\s\\p{Z}\\x00-\\x1f]", "\u007F");
      }
    }
    return term;
  }

  static String write(Map<String, Integer> counts) {
    StringBuilder written = new StringBuilder();
    counts.forEach((term, count) -> {
      written.append(written.isEmpty() ? "" : " ").append(word(term));
      if (count > 1) {
        written.append(NUMBER).append(count);
      }
    });
    return written.toString();
  }

  /** The words as they stand in the field that is searched. */
  static String repeat(Map<String, Integer> counts) {
    StringBuilder all = new StringBuilder();
    counts.forEach((term, count) -> {
      String word = word(term);
      for (int i = 0; i < count; i++) {
        all.append(all.isEmpty() ? "" : " ").append(word);
      }
    });
    return all.toString();
  }

  /**
   * Reads how often a document has some words.
   *
   * @param indexes the number of each word of interest
   * @param counts is filled, by these numbers
   */
  static void read(String written, Map<String, Integer> indexes, int[] counts) {
    int at = 0;
    while (at < written.length()) {
      int blank = written.indexOf(' ', at);
      int end = blank < 0 ? written.length() : blank;
      int number = written.indexOf(NUMBER, at);
      boolean several = number >= 0 && number < end;
      Integer index = indexes.get(written.substring(at, several ? number : end));
      if (index != null) {
        counts[index] = several ? Integer.parseInt(written, number + 1, end, 10) : 1;
      }
      at = end + 1;
    }
  }
}
