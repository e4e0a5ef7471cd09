package dev.memlane.storage.vector;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Locale;
import org.apache.lucene.analysis.CharArraySet;
import org.apache.lucene.analysis.WordlistLoader;
import org.apache.lucene.analysis.snowball.SnowballFilter;
import org.apache.lucene.util.IOUtils;

/**
 * The stop words of questions: Snowball's list of a language, where Lucene's own list is much shorter. Words like "what",
 * "did" and "her" say nothing about what is asked for. They stay in the index, because in a memory they may be all there
 * is.
 */
final class QuestionStopWords {

  private QuestionStopWords() {}

  /** The list for a language; empty where Lucene's analyzer has Snowball's list, or there is none. */
  static CharArraySet of(Locale language) {
    return switch (language.getLanguage()) {
      case "en" -> read("english_stop.txt");
      case "pt" -> read("portuguese_stop.txt");
      default -> CharArraySet.EMPTY_SET;
    };
  }

  private static CharArraySet read(String list) {
    try {
      return WordlistLoader.getSnowballWordSet(
          IOUtils.requireResourceNonNull(SnowballFilter.class.getResourceAsStream(list), list));
    } catch (IOException e) {
      throw new UncheckedIOException("Lucene's list of stop words can't be read", e);
    }
  }
}
