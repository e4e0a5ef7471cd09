package dev.memlane.storage.vector;

import static dev.memlane.testing.TestMemories.DIMENSION;
import static dev.memlane.testing.TestMemories.MODEL;
import static dev.memlane.testing.TestMemories.document;
import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.Scope;
import dev.memlane.model.StoreResult.Applied;
import dev.memlane.model.store.IndexQuery;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.TokenStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Searches by words in texts of many languages. */
class LanguageAnalyzerTest {

  private static final Scope ADA = Scope.user("ada");
  private static final List<String> TEXTS = List.of(
      /* 0 */ "She bought two houses by the lake",
      /* 1 */ "Die Häuser am See gehören seiner Großmutter",
      /* 2 */ "我住在东京附近的一间小公寓", // I live in a small flat near Tokyo
      /* 3 */ "他从京都到东部去旅行", // he travels from Kyoto to the east: the same two signs, apart
      /* 4 */ "東京でラーメンを食べました", // ate ramen in Tokyo, in Japanese
      /* 5 */ "김치를 좋아해요", // likes kimchi
      /* 6 */ "party on Friday \uD83C\uDF89 bring \uD83C\uDFB7",
      /* 7 */ "met 田中さん at the café in Zürich, ｆｕｌｌ width",
      /* 8 */ "мы живём в Москве");

  @TempDir
  Path directory;

  private List<Integer> found(Locale language, String words) {
    try (LuceneVectorIndex index = LuceneVectorIndex.builder(directory.resolve(language.toLanguageTag())).model(MODEL)
        .dimension(DIMENSION).language(language).open()) {
      for (int i = 0; i < TEXTS.size(); i++) {
        assertThat(index.put(document(i, ADA, TEXTS.get(i)), Instant.MAX).join()).isInstanceOf(Applied.class);
      }
      return index.search(new IndexQuery(null, words, List.of(ADA), null, 10, false)).join().lexical().stream()
          .map(hit -> (int) (hit.name().memory().value().getLeastSignificantBits() & 0xFF)).toList();
    }
  }

  @Test
  void english_findsOtherFormsOfWords_andIgnoresStopWords() {
    assertThat(found(Locale.ENGLISH, "a house")).containsExactly(0);
    assertThat(found(Locale.ENGLISH, "Haus")).isEmpty();
    assertThat(found(Locale.ENGLISH, "the by")).isEmpty();
  }

  @Test
  void german_findsOtherFormsOfWords() {
    assertThat(found(Locale.GERMAN, "ein Haus")).containsExactly(1);
    assertThat(found(Locale.GERMAN, "Grossmutter")).containsExactly(1);
    assertThat(found(Locale.GERMAN, "house")).doesNotContain(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"en", "de", "zh", "ja", "ru", "und"})
  void anyLanguage_findsTextsInOtherLanguages(String tag) {
    Locale language = Locale.forLanguageTag(tag);

    assertThat(found(language, "东京")).as("Chinese: the pair before the two apart").startsWith(2).contains(3);
    assertThat(found(language, "東京のラーメン")).as("Japanese").startsWith(4);
    assertThat(found(language, "田中")).as("Japanese in English").startsWith(7);
    assertThat(found(language, "京")).as("a single sign").contains(2, 3);
    assertThat(found(language, "김치")).as("Korean, without the particle").containsExactly(5);
    assertThat(found(language, "\uD83C\uDF89")).as("emoji").containsExactly(6);
    assertThat(found(language, "full")).as("wide letters").containsExactly(7);
    assertThat(found(language, "HÄUSER")).as("German").containsExactly(1);
    assertThat(found(language, "москве")).as("Russian").containsExactly(8);
  }

  private List<Integer> found(String language, List<String> texts, String words) {
    try (LuceneVectorIndex index = LuceneVectorIndex.builder(directory.resolve(UUID.randomUUID().toString()))
        .model(MODEL)
        .dimension(DIMENSION).language(Locale.forLanguageTag(language)).open()) {
      for (int i = 0; i < texts.size(); i++) {
        assertThat(index.put(document(i, ADA, texts.get(i)), Instant.MAX).join()).isInstanceOf(Applied.class);
      }
      return index.search(new IndexQuery(null, words, List.of(ADA), null, 10, false)).join().lexical().stream()
          .map(hit -> (int) (hit.name().memory().value().getLeastSignificantBits() & 0xFF)).toList();
    }
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', quoteCharacter = '`', value = {"en | Zu\u0308rich cafe\u0301 | Z\u00FCrich",
      "en | Z\u00FCrich | Zu\u0308rich", "ko | \uD55C\uAD6D | \u1112\u1161\u11AB\u1100\u116E\u11A8",
      "en | re\u00ADmem\u00ADber | remember", "en | oboe | o\u00ADboe", "en | \u2067oboe\u2069\u200E | oboe",
      "en | o\u200Bboe | oboe", "en | oboe | \uFEFFo\u2060boe", "en | O\u2019Brien | O'Brien",
      "en | don't say | don\u2019t",
      "en | \uFB01sh | fish", "en | o\uFB03ce | office", "en | \uD835\uDC0E\uD835\uDC1B\uD835\uDC28\uD835\uDC1E | oboe",
      "en | at the caf\u00E9 | cafe", "en | cafe | caf\u00E9", "en | na\u00EFve r\u00E9sum\u00E9 | resume",
      "fr | \u00E9l\u00E8ve | eleve",
      "fr | cafe | caf\u00E9", "pt | a\u00E7\u00F5es | acoes", "pt | a\u00E7\u00F5es | a\u00E7\u00E3o",
      "it | citt\u00E0 | citta",
      "es | canci\u00F3n | cancion", "en | Stra\u00DFe | strasse", "en | M\u00FCnchen | Munchen",
      "en | \u0141\u00F3d\u017A | Lodz",
      "en | \u03BA\u03B1\u03C6\u03AD\u03C2 | \u03BA\u03B1\u03C6\u03B5\u03C2",
      "en | \u05E9\u05C1\u05B8\u05DC\u05D5\u05B9\u05DD | \u05E9\u05DC\u05D5\u05DD",
      "de | M\u00FCnchen | Muenchen", "de | Gr\u00F6\u00DFe | Groesse", "de | caf\u00E9 | cafe",
      "de | die H\u00E4user | Haus",
      "de | das Haus | H\u00E4user", "de | viele B\u00FCcher | Buch", "sv | caf\u00E9 | cafe", "da | ide\u0301 | ide",
      "es | caf\u00E9 | cafe",
      "fa | \u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645 | \u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645",
      "en | \u2764\uFE0F | \u2764",
      "en | \uD83D\uDC68\u200D\uD83D\uDC69\u200D\uD83D\uDC67 | \uD83D\uDC68\u200D\uD83D\uDC69\u200D\uD83D\uDC67"})
  void anyForm_ofTheSameWord_isFound(String language, String text, String words) {
    assertThat(found(language, List.of(text, "zebra"), words)).containsExactly(0);
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', quoteCharacter = '`', value = {"de | sch\u00F6n | schon", "de | schon | sch\u00F6n",
      "de | dr\u00FCcken | drucken", "de | f\u00F6rdern | fordern", "de | z\u00E4hlen | zahlen", "de | B\u00E4r | Bar",
      "sv | r\u00E5d | rad", "sv | f\u00E4rg | farg", "sv | k\u00F6k | kok", "da | \u00F8re | ore",
      "nb | m\u00E5l | mal", "fi | s\u00E4\u00E4 | saa",
      "es | a\u00F1o | ano", "tr | k\u0131r | kir", "hu | k\u00F6r | kor", "pl | s\u0105d | sad", "cs | \u010Das | cas",
      "en | 10\u00B2 | 102", "en | \u304C | \u304B", "en | \u0439 | \u0438",
      "en | \uD83D\uDC68\u200D\uD83D\uDC69\u200D\uD83D\uDC67 | \uD83D\uDC68"})
  void differentWordsOfTheLanguage_areNotFound(String language, String text, String words) {
    assertThat(found(language, List.of(text, "zebra"), words)).isEmpty();
  }

  @Test
  void spellings_addNothingToTheScoreOfTheirWord() {
    assertThat(found("en", List.of("a cafe in town", "a caf\u00E9 in town"), "caf\u00E9")).containsExactlyInAnyOrder(0,
        1);
  }

  @Test
  void everyLanguageOfJava_hasAnAnalyzer() throws Exception {
    for (Locale language : Locale.getAvailableLocales()) {
      try (Analyzer analyzer = LanguageAnalyzer.of(language);
          TokenStream words = analyzer.tokenStream(DocumentFields.TEXT, "zebra 东京 \uD83C\uDF89")) {
        words.reset();
        int count = 0;
        while (words.incrementToken()) {
          count++;
        }
        words.end();
        assertThat(count).as("%s", language)
            .isGreaterThanOrEqualTo(language.getLanguage().equals("th") ? 2 : 4);
      }
    }
  }
}
