package dev.memlane.embedding.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests that compare with the reference tokenizer of the model's authors. */
class WordPieceTokenizerTest {

  private static final WordPieceTokenizer TOKENIZER = load();
  private static HuggingFaceTokenizer reference;

  private static InputStream open() {
    return Objects.requireNonNull(
        WordPieceTokenizerTest.class.getResourceAsStream("/all-minilm-l6-v2-q-tokenizer.json"));
  }

  private static WordPieceTokenizer load() {
    try (InputStream in = open()) {
      return WordPieceTokenizer.read(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @TempDir
  private static Path cache;

  @BeforeAll
  static void loadReference() throws IOException {
    System.setProperty("ai.djl.offline", "true");
    System.setProperty("DJL_CACHE_DIR", cache.toString());
    try (InputStream in = open()) {
      reference = HuggingFaceTokenizer.newInstance(in,
          Map.of("padding", "false", "truncation", "true", "maxLength", "512"));
    }
  }

  @AfterAll
  static void closeReference() {
    reference.close();
  }

  private static void assertSame(String text, String description) {
    long[] ids = TOKENIZER.windows("", text, 512, 510).getFirst();
    assertThat(ids).as("%s: <%s>", description, text).containsExactly(reference.encode(text).getIds());
  }

  @ParameterizedTest
  @ValueSource(strings = {"Ada plays the oboe", "Playing oboes, unaffable!", "", " ",
      "a\tb\nc\r\nd\u00a0e\u2003f\u3000g",
      "don't stop-it (now) [x] {y} 50% $5 ^ ~ ` | \\ / < > = + _", "Café NAÏVE Ångström Straße İstanbul ΣΊΣΥΦΟΣ ﬁ",
      "記憶は大切です。東京タワー", "한국어 텍스트", "Привет, мир!", "नमस्ते दुनिया", "مرحبا بالعالم", "ไทย", "🎻 and 👩‍👩‍👧 ok",
      "zero\u200bwidth\u200djoin\u0007bell\u0000nul\ufffdx", "«quotes» “curly” — dash… ¿qué? ‽", "x\u0301y\u0323z",
      "\u2028line\u2029para\u0085next\u000bvt\u000cff", "𝒳 𠀋 𪜀 ①②③ ½ ™ Ⅷ", "supercalifragilisticexpialidocious",
      "https://example.org/a?b=c&d=%20", "1234567890 3.14159 1,000,000", "\ue000private \u0378unassigned"})
  void windows_anyText_areTheReferencesTokens(String text) {
    assertSame(text, "text");
  }

  @Test
  void windows_wordsOfMaximumLength_areTheReferencesTokens() {
    for (int length = 98; length < 103; length++) {
      assertSame("a".repeat(length) + " b", "length " + length);
      assertSame("é".repeat(length) + " b", "length " + length);
      assertSame("𝒳".repeat(length) + " b", "length " + length);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void windows_randomText_areTheReferencesTokens(long seed) {
    Random random = new Random(seed);
    String[] words = {"memory", "Lisbon", "unbelievably", "tokenization", "oboe's", "e-mail", "naïve", "東京", "🎉",
        "C++",
        "x", "IV", "résumé", "wasn't", "the", "?!", "...", "#1", "hello_world", "ß"};
    for (int i = 0; i < 2_000; i++) {
      StringBuilder text = new StringBuilder();
      int length = random.nextInt(40);
      for (int j = 0; j < length; j++) {
        switch (random.nextInt(4)) {
          case 0 -> text.append(words[random.nextInt(words.length)]);
          case 1 -> text.append((char) (32 + random.nextInt(95)));
          case 2 -> text.append(' ');
          default -> text.append((char) (0xa0 + random.nextInt(0x500)));
        }
      }
      assertSame(text.toString(), "seed " + seed + ", text " + i);
    }
  }

  @Test
  void windows_longText_haveMarkersAndAllTokensUpToTheMaximum() {
    List<long[]> windows = TOKENIZER.windows("", "oboe ".repeat(20), 9, 70);

    assertThat(windows).allSatisfy(window -> {
      assertThat(window[0]).isEqualTo(101);
      assertThat(window[window.length - 1]).isEqualTo(102);
      assertThat(window.length).isLessThanOrEqualTo(9);
    });
    long[] whole = reference.encode("oboe ".repeat(20)).getIds();
    assertThat(windows.stream().mapToInt(window -> window.length - 2).sum()).isEqualTo(whole.length - 2);
    assertThat(TOKENIZER.windows("", "oboe ".repeat(20), 9, 14)).hasSize(2);
    assertThat(TOKENIZER.windows("", "", 9, 14)).containsExactly(new long[]{101, 102});
  }

  @Test
  void windows_prefix_beginsEachOfThem() {
    long[] prefix = reference.encode("query: ").getIds();
    long[] whole = reference.encode("query: " + "oboe ".repeat(20)).getIds();

    List<long[]> windows = TOKENIZER.windows("query: ", "oboe ".repeat(20), 9, 100);

    assertThat(windows).hasSizeGreaterThan(2).allSatisfy(window -> {
      assertThat(Arrays.copyOf(window, prefix.length - 1)).containsExactly(Arrays.copyOf(prefix, prefix.length - 1));
      assertThat(window[window.length - 1]).isEqualTo(102);
      assertThat(window.length).isLessThanOrEqualTo(9);
    });
    assertThat(windows.stream().mapToInt(window -> window.length - prefix.length).sum())
        .isEqualTo(whole.length - prefix.length);
    assertThat(TOKENIZER.windows("query: ", "oboe", 512, 510))
        .containsExactly(reference.encode("query: oboe").getIds());
    assertThat(TOKENIZER.windows("query: ", "", 9, 100)).containsExactly(prefix);
  }

  @Test
  void read_fileWithoutMarkers_isRefused() {
    InputStream json = new ByteArrayInputStream("{\"model\":{\"vocab\":{\"a\":0}}}".getBytes(StandardCharsets.UTF_8));

    assertThatThrownBy(() -> WordPieceTokenizer.read(json)).hasMessageContaining("[UNK]");
  }
}
