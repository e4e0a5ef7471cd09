package dev.memlane.embedding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.memlane.model.Embedding;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HashEmbedderTest {

  private final HashEmbedder embedder = new HashEmbedder();

  private float[] embed(String text) {
    return embedder.embed(List.of(text)).join().getFirst();
  }

  private static double cosine(float[] left, float[] right) {
    double sum = 0;
    for (int i = 0; i < left.length; i++) {
      sum += left[i] * right[i];
    }
    return sum;
  }

  @Test
  void embed_textsWithSharedWords_areNearerThanOthers() {
    float[] oboe = embed("Ada plays the oboe");

    assertThat(cosine(oboe, embed("the OBOE, Ada plays"))).isCloseTo(1, within(1e-5));
    assertThat(cosine(oboe, embed("Ada plays the piano"))).isBetween(0.5, 0.95);
    assertThat(cosine(oboe, embed("My bicycle needs new tyres"))).isBetween(-0.3, 0.3);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "...", "🎻", "!?", "記憶", "Ada", "\ud800", "a b c d e f"})
  void embed_anyText_hasUnitLength(String text) {
    float[] vector = embed(text);

    assertThat(vector).hasSize(384);
    assertThat(cosine(vector, vector)).isCloseTo(1, within(1e-5));
  }

  @Test
  void embed_wordsThatCancelOut_areNotZero() {
    HashEmbedder tiny = new HashEmbedder(1);
    Random random = new Random(1);
    for (int i = 0; i < 1_000; i++) {
      String text = random.nextInt(100) + " " + random.nextInt(100);
      assertThat(new Embedding(tiny.model(), tiny.embed(List.of(text)).join().getFirst()).dimension()).isEqualTo(1);
    }
  }

  @Test
  void embed_anyInstance_returnsSameVector() {
    float[] vector = new HashEmbedder(8).embed(List.of("Ada plays the oboe")).join().getFirst();

    assertThat(vector).containsExactly(EXPECTED, within(1e-6f));
  }

  private static final float[] EXPECTED = {0.5f, -0.25f, 0.25f, -0.25f, -0.75f, 0, 0, 0};

  @Test
  void model_anyDimension_containsIt() {
    assertThat(embedder.model()).isEqualTo("hash-384");
    assertThat(new HashEmbedder(8).model()).isEqualTo("hash-8");
    assertThatThrownBy(() -> new HashEmbedder(0)).hasMessageContaining("dimension is 0");
  }
}
