package dev.memlane.perf.tests.scenario;

import dev.memlane.model.Embedding;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import java.util.SplittableRandom;

/**
 * Memories that are all different. The same number gives the same memory, with its vector.
 *
 * <p>
 * Vectors are drawn from a few thousand that were made before, because making one takes as long as some of the measured
 * calls. Immutable.
 */
final class GeneratedMemories {

  static final String MODEL = "generated-384";
  static final int DIMENSION = 384;

  private static final int SCOPES = 1_000;
  private static final int VECTORS = 4_096;
  private static final int WORDS = 5_000;
  private static final int LENGTH = 12;

  private final Embedding[] vectors = new Embedding[VECTORS];
  private final float[][] unitVectors = new float[VECTORS][];
  private final String[] words = new String[WORDS];

  GeneratedMemories() {
    SplittableRandom random = new SplittableRandom(42);
    for (int i = 0; i < VECTORS; i++) {
      float[] vector = new float[DIMENSION];
      for (int j = 0; j < DIMENSION; j++) {
        vector[j] = (float) random.nextDouble(-1, 1);
      }
      vectors[i] = new Embedding(MODEL, vector);
      unitVectors[i] = toUnitLength(vector);
    }
    for (int i = 0; i < WORDS; i++) {
      StringBuilder word = new StringBuilder();
      for (int length = random.nextInt(3, 10); length > 0; length--) {
        word.append((char) ('a' + random.nextInt(26)));
      }
      words[i] = word.toString();
    }
  }

  Embedding vector(long number) {
    return vectors[(int) (number % VECTORS)];
  }

  /** Returns a vector of length 1, which must not be changed. */
  float[] unitVector(long number) {
    return unitVectors[(int) (number % VECTORS)];
  }

  private static float[] toUnitLength(float[] vector) {
    double squares = 0;
    for (float value : vector) {
      squares += value * value;
    }
    float[] unit = new float[vector.length];
    for (int i = 0; i < vector.length; i++) {
      unit[i] = (float) (vector[i] / Math.sqrt(squares));
    }
    return unit;
  }

  String content(long number) {
    SplittableRandom random = new SplittableRandom(number);
    StringBuilder content = new StringBuilder("memory ").append(number);
    for (int i = 2; i < LENGTH; i++) {
      // The square makes some words frequent, as in a language.
      double chance = random.nextDouble();
      content.append(' ').append(words[(int) (chance * chance * WORDS)]);
    }
    return content.toString();
  }

  Scope scope(long number) {
    return Scope.user("user " + number % SCOPES);
  }

  NewMemory memory(long number) {
    return NewMemory.builder(content(number), scope(number)).embedding(vector(number)).build();
  }
}
