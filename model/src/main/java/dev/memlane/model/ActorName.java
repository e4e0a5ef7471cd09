package dev.memlane.model;

import java.lang.Character.UnicodeScript;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The name of an actor as it is looked for in a question: its words in lower case, separated by blanks.
 *
 * <p>
 * A word is a run of letters, marks and digits. Where a script writes no blanks between words (Chinese, Japanese, and
 * Korean with its particles), each character is a word, so that a name is found in the middle of a sentence. Nothing is
 * guessed: a name is found if all its words stand in the question, one after the other. Of a name with several words
 * that is written with a capital, such as "Ada Lovelace", the first word alone is enough, if it has a capital in the
 * question too.
 *
 * @param words the name's words, in lower case; empty if it has none
 * @param first the word that is enough by itself; null if only the whole name is
 */
public record ActorName(String words, @Nullable String first) {

  /** The most words of a name; a longer one is not found in a question. */
  public static final int MOST_WORDS = 8;

  /** What memories without an actor are looked up by; no name has this key. */
  public static final String NOBODY = "";

  private static final Set<UnicodeScript> WITHOUT_BLANKS = Set.of(UnicodeScript.HAN, UnicodeScript.HIRAGANA,
      UnicodeScript.KATAKANA, UnicodeScript.HANGUL);

  /**
   * A word of a text.
   *
   * @param text in lower case
   * @param start where it begins in the text
   * @param end where it ends, exclusive
   * @param capital whether it begins with a capital letter
   */
  public record Word(String text, int start, int end, boolean capital) {}

  /** The name of an actor as a memory has it. */
  public static ActorName of(String actor) {
    List<Word> words = words(TextForm.of(actor));
    if (words.isEmpty() || words.size() > MOST_WORDS) {
      return new ActorName("", null);
    }
    Word first = words.getFirst();
    return new ActorName(join(words), words.size() > 1 && first.capital() ? first.text() : null);
  }

  /** What the name is looked up by: the whole name, and its first word if that is enough. Empty if it has no words. */
  public List<String> keys() {
    return words.isEmpty() ? List.of() : first == null ? List.of(words) : List.of(words, firstKey(first));
  }

  /** What names of several words are looked up by, of which a text has the first. */
  public static String firstKey(String word) {
    return word + " *";
  }

  /** The words of a text, in order. */
  public static List<Word> words(String text) {
    List<Word> words = new ArrayList<>();
    int at = 0;
    while (at < text.length()) {
      int c = text.codePointAt(at);
      int end = at + Character.charCount(c);
      if (isPart(c)) {
        if (!standsAlone(c)) {
          while (end < text.length() && isPart(text.codePointAt(end)) && !standsAlone(text.codePointAt(end))) {
            end += Character.charCount(text.codePointAt(end));
          }
        }
        words.add(new Word(text.substring(at, end).toLowerCase(Locale.ROOT), at, end,
            Character.isUpperCase(c) || Character.isTitleCase(c)));
      }
      at = end;
    }
    return words;
  }

  /** Words as a name has them. */
  public static String join(List<Word> words) {
    StringBuilder joined = new StringBuilder();
    for (Word word : words) {
      joined.append(joined.isEmpty() ? "" : " ").append(word.text());
    }
    return joined.toString();
  }

  private static boolean isPart(int c) {
    return Character.isLetterOrDigit(c) || switch (Character.getType(c)) {
      case Character.NON_SPACING_MARK, Character.COMBINING_SPACING_MARK, Character.ENCLOSING_MARK -> true;
      default -> false;
    };
  }

  private static boolean standsAlone(int c) {
    return c > 0x10FF && WITHOUT_BLANKS.contains(UnicodeScript.of(c));
  }
}
