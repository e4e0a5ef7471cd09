package dev.memlane.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.text.Normalizer;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Texts that are equal when compared, and texts that are not. */
class TextFormTest {

  @ParameterizedTest
  @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
      "decomposed | Cafe\u0301 Zu\u0308rich | Café Zürich", "Hangul in parts | \u1112\u1161\u11ab | 한",
      "soft hyphen | re\u00ADmem\u00ADber | remember", "zero-width space | mem\u200Blane | memlane",
      "direction marks | \u200E\u202Aada\u202C\u2066 | ada", "byte order mark | \uFEFFada | ada",
      "word joiner | a\u2060da | ada", "joiners in Latin | a\u200Dd\u200Ca | ada",
      "apostrophes | don\u2019t don\u02BCt don\uFF07t don\u00B4t | don't don't don't don't",
      "quotation marks | \u201Coboe\u201D | \"oboe\"",
      "hyphens | twenty\u2010one twenty\u2011one | twenty-one twenty-one",
      "ligatures | \uFB01ne o\uFB03ce | fine office", "wide letters | ｏｂｏｅ１２ | oboe12",
      "half-width kana | \uFF76\uFF9E | ガ", "letters of mathematics | \uD835\uDC0E\uD835\uDC1B | Ob",
      "no-break space | a\u00A0b | a b", "Roman numeral | \u2163 | IV", "squared abbreviation | 5\u338F | 5kg",
      "Arabic shapes | \uFEE3\uFEAE\uFEA3\uFE92\uFE8E | مرحبا", "emoji's look | \u2764\uFE0F | \u2764"})
  void of_textsThatReadTheSame_haveOneForm(String what, String given, String form) {
    assertThat(TextForm.of(given)).as(what).isEqualTo(form);
  }

  @ParameterizedTest
  @ValueSource(strings = {"10²", "½ cup", "2½", "①", "x₂", "2ⁿ", "Memlane™", "´", "Ä ö ü ß å ø ñ", "Ada ADA",
      "می\u200Cخواهم", "क्\u200Dष", "ක්\u200Dර", "\uD83D\uDC68\u200D\uD83D\uDC69\u200D\uD83D\uDC67",
      "\uD83C\uDFF3\u200D\uD83C\uDF08", "\uD83D\uDC69\uD83C\uDFFD\u200D\uD83D\uDCBB",
      "\uD83C\uDFF4\uDB40\uDC67\uDB40\uDC62\uDB40\uDC65\uDB40\uDC6E\uDB40\uDC67\uDB40\uDC7F", "1990–1995", "a < b", ""})
  void of_differencesInMeaning_stay(String text) {
    assertThat(TextForm.of(text)).isEqualTo(text);
  }

  @Test
  void of_tagsOutsideOfFlags_areRemoved() {
    assertThat(TextForm.of("ada\uDB40\uDC67\uDB40\uDC62")).isEqualTo("ada");
  }

  @Test
  void of_everyCharacter_appliedTwice_changesNothingMore() {
    for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
      if (Character.isDefined(c) && (c < 0xD800 || c > 0xDFFF)) {
        String once = TextForm.of("a" + Character.toString(c) + "b");
        assertThat(TextForm.of(once)).as("U+%04X", c).isEqualTo(once);
      }
    }
  }

  @Test
  void of_anyText_isTheSameForComposedAndDecomposed_andIfAppliedTwice() {
    int[] alphabet = "ae'é´\u0301\u0308ü\u00AD\u200B\u200C\u200D\u2060\uFE0F\u2019क्षمی²½™ﬁｶﾞ한\uD83D\uDC68\uD83C\uDFF4\uD83C\uDFFD"
        .codePoints().toArray();
    long seed = Long.getLong("memlane.seed", 1);
    Random random = new Random(seed);
    for (int i = 0; i < 20_000; i++) {
      StringBuilder text = new StringBuilder();
      for (int length = random.nextInt(12); length > 0; length--) {
        text.appendCodePoint(alphabet[random.nextInt(alphabet.length)]);
      }
      String form = TextForm.of(text.toString());
      assertThat(TextForm.of(form)).as("seed %s, twice: %s", seed, text).isEqualTo(form);
      assertThat(TextForm.of(Normalizer.normalize(text, Normalizer.Form.NFD))).as("seed %s, decomposed: %s", seed, text)
          .isEqualTo(form);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " \n\t", "\u200B\u200E\uFEFF", "\u00AD", "\u200D", "\u3164", "\u2800", "\u00A0\u2003",
      "\uFE0F", "\uDB40\uDC67"})
  void isBlank_invisibleText(String text) {
    assertThat(TextForm.isBlank(text)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"a", "\u200Ba", "é", "한", "\uD83C\uDF89", ".", "\u0301"})
  void isBlank_notVisibleText(String text) {
    assertThat(TextForm.isBlank(text)).isFalse();
  }
}
