package dev.memlane.storage.conversation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ExactTextTest {

  /** Characters that mean something here, so that random texts meet every branch. */
  private static final String CHARACTERS = "a\\u0041\u0000\ud83c\udfbb";

  @Test
  void escape_ofWhatTheTypeCantHold_isReadable() {
    assertThat(ExactText.escape("a\\b\u0000c\ud83c\udfbbd\ud83c")).isEqualTo("a\\\\b\\u0000c\ud83c\udfbbd\\ud83c");
  }

  @Test
  void isStorable_ofWholeCharacters_isTrue() {
    assertThat(ExactText.isStorable("a\\u0000 \ud83c\udfbb")).isTrue();
    assertThat(ExactText.isStorable("a\u0000")).isFalse();
    assertThat(ExactText.isStorable("\ud83c")).isFalse();
    assertThat(ExactText.isStorable("\udfbb\ud83c")).isFalse();
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void unescape_ofTheEscaped_isTheText(long seed) {
    Random random = new Random(seed);
    for (int i = 0; i < 1_000; i++) {
      StringBuilder text = new StringBuilder();
      random.ints(random.nextInt(12), 0, CHARACTERS.length()).forEach(at -> text.append(CHARACTERS.charAt(at)));
      String escaped = ExactText.escape(text.toString());

      assertThat(ExactText.isStorable(escaped)).as("seed %s: %s", seed, escaped).isTrue();
      assertThat(ExactText.unescape(escaped)).as("seed %s: %s", seed, escaped).isEqualTo(text.toString());
    }
  }

  static Stream<Long> seeds() {
    return new Random().longs(2).boxed();
  }
}
