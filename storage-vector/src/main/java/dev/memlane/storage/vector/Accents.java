package dev.memlane.storage.vector;

import java.lang.Character.UnicodeBlock;
import java.lang.Character.UnicodeScript;
import java.text.Normalizer;
import java.text.Normalizer.Form;
import java.util.Locale;
import java.util.Set;
import org.apache.lucene.analysis.miscellaneous.ASCIIFoldingFilter;
import org.jspecify.annotations.Nullable;

/**
 * The accents that writers of a language leave out: {@code cafe} for {@code café}, but not {@code ano} for {@code año}
 * in Spanish.
 *
 * <p>
 * A letter that the language's alphabet has in addition to the plain one stays: ä, ö and ü in German, å in Swedish, ñ
 * in Spanish. All others are written as people without such a key write them: é as e, æ as ae in English. Marks that
 * only help reading, such as stress and vowel points, are left out in every language listed here. In other languages
 * all accents stay, because their letters are not known here. Immutable.
 */
final class Accents {

  /** The blocks of marks that only help reading and form no letter of their own. */
  private static final Set<UnicodeBlock> FOR_READING = Set.of(UnicodeBlock.COMBINING_DIACRITICAL_MARKS,
      UnicodeBlock.HEBREW, UnicodeBlock.ARABIC);

  private final @Nullable String letters;
  private final boolean greek;

  /**
   * @param letters the letters that stay, in lower case; null if all do
   * @param greek whether accents of Greek letters are left out
   */
  private Accents(@Nullable String letters, boolean greek) {
    this.letters = letters;
    this.greek = greek;
  }

  /** Keeps all accents. */
  static Accents kept() {
    return new Accents(null, false);
  }

  static Accents of(Locale language) {
    // Lucene has rules of its own for Greek.
    return new Accents(letters(language.getLanguage()), !"el".equals(language.getLanguage()));
  }

  private static @Nullable String letters(String language) {
    return switch (language) {
      case "", "und", "en", "fr", "it", "pt", "nl", "id", "ms", "af", "la" -> "";
      case "ar", "be", "bg", "bn", "ckb", "el", "fa", "he", "hi", "hy", "ja", "ka", "kk", "ko", "mk", "mn", "mr", "ne",
          "ru", "ta",
          "te", "th", "uk", "ur", "yue", "zh" ->
        "";
      case "de" -> "äöüß";
      case "sv" -> "åäö";
      case "fi" -> "åäöšž";
      case "da", "nb", "nn", "no" -> "æøå";
      case "is", "fo" -> "áéíóúýðþæöø";
      case "et" -> "õäöüšž";
      case "es", "gl", "eu", "ast" -> "ñ";
      case "ca", "oc" -> "ç";
      case "ga", "gd" -> "áéíóúàèìòù";
      case "tr" -> "çğıöşü";
      case "az" -> "çəğıöşü";
      case "hu" -> "áéíóöőúüű";
      case "pl" -> "ąćęłńóśźż";
      case "cs", "sk" -> "áäčďéěíĺľňóôŕřšťúůýž";
      case "sl", "hr", "bs", "sr", "sh" -> "čćđšž";
      case "ro" -> "ăâîșțşţ";
      case "lv" -> "āčēģīķļņōŗšūž";
      case "lt" -> "ąčęėįšųūž";
      case "sq" -> "çë";
      case "mt" -> "ċġħż";
      case "eo" -> "ĉĝĥĵŝŭ";
      default -> null;
    };
  }

  /**
   * Removes the accents that may be left out.
   *
   * @param text in the form of {@link dev.memlane.model.TextForm}
   * @return the text itself if there are none
   */
  String without(String text) {
    if (letters == null) {
      return text;
    }
    StringBuilder bare = null;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      String other = c < 0x80 ? null : bare(c);
      if (other != null) {
        bare = bare == null ? new StringBuilder(text.length() + 8).append(text, 0, i) : bare;
        bare.append(other);
      } else if (bare != null) {
        bare.append(c);
      }
    }
    return bare == null ? text : bare.toString();
  }

  /** The replacement of a character; null if it stays. */
  private @Nullable String bare(char c) {
    if (isForReading(c)) {
      return "";
    }
    UnicodeScript script = UnicodeScript.of(c);
    if (script == UnicodeScript.GREEK && greek) {
      String letter = Normalizer.normalize(Character.toString(c), Form.NFD);
      return letter.length() == 1 ? null : letter.substring(0, 1);
    }
    if (script != UnicodeScript.LATIN || letters == null || letters.indexOf(Character.toLowerCase(c)) >= 0) {
      return null;
    }
    char[] plain = new char[4];
    int length = ASCIIFoldingFilter.foldToASCII(new char[]{c}, 0, plain, 0, 1);
    return length == 1 && plain[0] == c ? null : new String(plain, 0, length);
  }

  /** Whether it is a combining accent that forms no letter of its own, or a vowel point of Hebrew or Arabic. */
  private static boolean isForReading(char c) {
    return Character.getType(c) == Character.NON_SPACING_MARK && FOR_READING.contains(UnicodeBlock.of(c));
  }
}
