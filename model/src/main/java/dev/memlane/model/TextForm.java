package dev.memlane.model;

import java.lang.Character.UnicodeBlock;
import java.lang.Character.UnicodeScript;
import java.text.Normalizer;
import java.text.Normalizer.Form;
import java.util.EnumSet;
import java.util.Set;

/**
 * The one form in which texts are compared by the index, queries, embedders and the comparison of contents. Stored
 * texts stay unchanged.
 *
 * <p>
 * Texts that a reader can't tell apart have the same form:
 * <ul>
 * <li>composed and decomposed characters (NFC and NFD), and characters that Unicode calls compatible (NFKC, Unicode
 * Standard Annex 15): ligatures, full-width letters, no-break spaces, mathematical letters;
 * <li>invisible characters are removed: soft hyphens, direction marks, zero-width spaces, byte order marks, variation
 * selectors, tags outside of flags;
 * <li>curly apostrophes and quotation marks become straight ones, and typographic hyphens plain ones.
 * </ul>
 *
 * <p>
 * Differences in meaning stay: superscripts, fractions and other numbers that are not digits, because 10² is not 102;
 * trade mark signs, which would merge with the word before them; zero-width joiners and non-joiners between emoji, and
 * between letters of scripts that they shape (Arabic, Persian, those of India). Case and accents stay as well; the
 * index, which knows the language, folds them.
 */
public final class TextForm {

  private static final int JOINER = 0x200D;
  private static final int NON_JOINER = 0x200C;
  private static final int BLACK_FLAG = 0x1F3F4;
  private static final int BRAILLE_BLANK = 0x2800;
  /** The scripts in which joiners change the shapes of letters, and so may change the word. */
  private static final Set<UnicodeScript> SHAPED = EnumSet.of(UnicodeScript.ARABIC, UnicodeScript.SYRIAC,
      UnicodeScript.MANDAIC, UnicodeScript.NKO, UnicodeScript.MONGOLIAN, UnicodeScript.PHAGS_PA,
      UnicodeScript.DEVANAGARI,
      UnicodeScript.BENGALI, UnicodeScript.GURMUKHI, UnicodeScript.GUJARATI, UnicodeScript.ORIYA, UnicodeScript.TAMIL,
      UnicodeScript.TELUGU, UnicodeScript.KANNADA, UnicodeScript.MALAYALAM, UnicodeScript.SINHALA, UnicodeScript.KHMER,
      UnicodeScript.MYANMAR, UnicodeScript.TIBETAN, UnicodeScript.BALINESE, UnicodeScript.JAVANESE);
  /** The blocks of characters above or below the line, which would read as something else on the line. */
  private static final Set<UnicodeBlock> RAISED = Set.of(UnicodeBlock.SUPERSCRIPTS_AND_SUBSCRIPTS,
      UnicodeBlock.SPACING_MODIFIER_LETTERS, UnicodeBlock.PHONETIC_EXTENSIONS,
      UnicodeBlock.PHONETIC_EXTENSIONS_SUPPLEMENT);

  private TextForm() {}

  /**
   * Converts a text to the form in which it is compared. Converting twice changes nothing more.
   *
   * @return the text itself if it has that form already; empty if nothing in it is visible
   */
  public static String of(String text) {
    if (isPlain(text)) {
      return text;
    }
    String seen = withoutUnseen(text);
    return straightened(compatible(seen));
  }

  /** Whether nothing of a text is visible: only white space, characters that {@link #of} removes, and fillers. */
  public static boolean isBlank(String text) {
    return text.codePoints().allMatch(TextForm::isBlank);
  }

  private static boolean isBlank(int c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || isUnseen(c) || isTag(c) || isFiller(c)
        || isJoiner(c) || Character.getType(c) == Character.CONTROL;
  }

  private static boolean isPlain(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) > 0x7F) {
        return false;
      }
    }
    return true;
  }

  private static String withoutUnseen(String text) {
    if (text.codePoints().noneMatch(c -> isUnseen(c) || isTag(c) || isJoiner(c))) {
      return text;
    }
    StringBuilder seen = new StringBuilder(text.length());
    int base = -1;
    boolean flag = false;
    for (int i = 0; i < text.length();) {
      int c = text.codePointAt(i);
      i += Character.charCount(c);
      if (isJoiner(c)) {
        if (base >= 0 && joins(c, base, nextBase(text, i))) {
          seen.appendCodePoint(c);
        }
        // The first of several in a row is enough.
        base = -1;
      } else if (isTag(c) ? flag : !isUnseen(c)) {
        seen.appendCodePoint(c);
        if (!isTag(c)) {
          flag = c == BLACK_FLAG;
          base = isMark(c) ? base : c;
        }
      }
    }
    return seen.toString();
  }

  /** The next visible character that is not a mark on another, or -1. */
  private static int nextBase(String text, int from) {
    for (int i = from; i < text.length();) {
      int c = text.codePointAt(i);
      i += Character.charCount(c);
      if (!isUnseen(c) && !isTag(c) && !isJoiner(c) && !isMark(c)) {
        return c;
      }
    }
    return -1;
  }

  private static boolean joins(int joiner, int before, int after) {
    return after >= 0 && (SHAPED.contains(UnicodeScript.of(before)) && SHAPED.contains(UnicodeScript.of(after))
        || joiner == JOINER && isPicture(before) && isPicture(after));
  }

  private static boolean isPicture(int c) {
    return Character.isExtendedPictographic(c) || Character.isEmojiModifier(c);
  }

  private static boolean isJoiner(int c) {
    return c == JOINER || c == NON_JOINER;
  }

  /** Whether it is a mark that all scripts share, and that belongs to the letter before it. */
  private static boolean isMark(int c) {
    return UnicodeScript.of(c) == UnicodeScript.INHERITED;
  }

  /** Whether it is invisible (Default_Ignorable_Code_Point); joiners, tags and fillers excepted. */
  private static boolean isUnseen(int c) {
    return switch (c) {
      case 0x00AD, 0x034F, 0x061C, 0x180E, 0x200B, 0x200E, 0x200F, 0xFEFF -> true;
      default -> c >= 0x180B && c <= 0x180F || c >= 0x202A && c <= 0x202E || c >= 0x2060 && c <= 0x206F
          || c >= 0xFE00 && c <= 0xFE0F || c >= 0xFFF0 && c <= 0xFFFB || c >= 0x1BCA0 && c <= 0x1BCA3
          || c >= 0x1D173 && c <= 0x1D17A || c >= 0xE0100 && c <= 0xE0FFF;
    };
  }

  private static boolean isTag(int c) {
    return c >= 0xE0000 && c <= 0xE007F;
  }

  private static boolean isFiller(int c) {
    return c == 0x115F || c == 0x1160 || c == 0x3164 || c == 0xFFA0 || c == 0x17B4 || c == 0x17B5 || c == BRAILLE_BLANK;
  }

  private static String compatible(String text) {
    if (Normalizer.isNormalized(text, Form.NFKC)) {
      return text;
    }
    StringBuilder normalized = new StringBuilder(text.length());
    int begin = 0;
    for (int i = 0; i < text.length();) {
      int c = text.codePointAt(i);
      int end = i + Character.charCount(c);
      if (c > 0x7F && isDistinct(c)) {
        normalized.append(Normalizer.normalize(text.substring(begin, i), Form.NFKC)).appendCodePoint(c);
        begin = end;
      }
      i = end;
    }
    normalized.append(Normalizer.normalize(text.substring(begin), Form.NFKC));
    return Normalizer.normalize(normalized, Form.NFC);
  }

  /** Whether its compatible form would read as something else. */
  private static boolean isDistinct(int c) {
    int type = Character.getType(c);
    return type == Character.OTHER_NUMBER || c == 0x2122 || c == 0x2120
        || type == Character.MODIFIER_SYMBOL && c < 0xFF00 || RAISED.contains(UnicodeBlock.of(c));
  }

  private static String straightened(String text) {
    StringBuilder straight = null;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      char other = switch (c) {
        case '\u2018', '\u2019', '\u201B', '\u02BC', '\u02BB' -> '\'';
        case '\u00B4' -> isWithinWord(text, i) ? '\'' : c;
        case '\u201C', '\u201D', '\u201F' -> '"';
        case '\u2010', '\u2011' -> '-';
        default -> c;
      };
      if (other != c) {
        straight = straight == null ? new StringBuilder(text) : straight;
        straight.setCharAt(i, other);
      }
    }
    return straight == null ? text : straight.toString();
  }

  private static boolean isWithinWord(String text, int at) {
    return at > 0 && at + 1 < text.length() && Character.isLetter(text.charAt(at - 1))
        && Character.isLetter(text.charAt(at + 1));
  }
}
