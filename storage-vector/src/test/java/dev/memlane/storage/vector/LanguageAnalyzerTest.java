package dev.memlane.storage.vector;

import static dev.memlane.testing.TestMemories.DIMENSION;
import static dev.memlane.testing.TestMemories.MODEL;
import static dev.memlane.testing.TestMemories.document;
import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.IndexQuery;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreResult.Applied;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.TokenStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is found by words in texts of many languages. */
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
  void english_knowsFormsOfWords_andLeavesOutWhatTellsNothing() {
    assertThat(found(Locale.ENGLISH, "a house")).containsExactly(0);
    assertThat(found(Locale.ENGLISH, "Haus")).isEmpty();
    assertThat(found(Locale.ENGLISH, "the by")).isEmpty();
  }

  @Test
  void german_knowsFormsOfWords() {
    assertThat(found(Locale.GERMAN, "ein Haus")).containsExactly(1);
    assertThat(found(Locale.GERMAN, "Grossmutter")).containsExactly(1);
    assertThat(found(Locale.GERMAN, "house")).doesNotContain(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"en", "de", "zh", "ja", "ru", "und"})
  void anyLanguage_findsTextsOfOthers(String tag) {
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
