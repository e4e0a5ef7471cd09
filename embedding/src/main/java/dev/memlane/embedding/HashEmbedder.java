package dev.memlane.embedding;

import dev.memlane.model.InvalidInputException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * An embedder without a model, for tests and load tests. Texts that share words are near each other; their meaning
 * plays no part.
 *
 * <p>
 * Every word (a run of letters and digits, in lower case) is hashed to four dimensions and a sign in each, as in
 * feature hashing (Weinberger et al., 2009). The sum over the words is scaled to unit length. A text without words, or
 * one whose words cancel out, is hashed as a whole. The same text has the same vector on every platform and in every
 * version.
 *
 * <p>
 * Embeds in the calling thread and never fails. Immutable.
 */
public final class HashEmbedder implements Embedder {

  private static final int DIMENSIONS_PER_WORD = 4;

  private final int dimension;

  /** An embedder whose vectors have 384 numbers. */
  public HashEmbedder() {
    this(384);
  }

  /**
   * @param dimension how many numbers a vector has; at least 1
   * @throws InvalidInputException if the dimension is less than 1
   */
  public HashEmbedder(int dimension) {
    if (dimension < 1) {
      throw new InvalidInputException("dimension is " + dimension + "; it must be at least 1");
    }
    this.dimension = dimension;
  }

  @Override
  public CompletableFuture<List<float[]>> embed(List<String> texts) {
    List<float[]> vectors = new ArrayList<>(texts.size());
    for (String text : texts) {
      vectors.add(vector(text));
    }
    return CompletableFuture.completedFuture(vectors);
  }

  private float[] vector(String text) {
    float[] vector = new float[dimension];
    long whole = 0;
    long word = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      whole = 31 * whole + c;
      if (Character.isLetterOrDigit(c)) {
        word = 31 * word + Character.toLowerCase(c);
      } else if (word != 0) {
        add(vector, word);
        word = 0;
      }
    }
    if (word != 0) {
      add(vector, word);
    }
    double length = length(vector);
    if (length == 0) {
      vector[index((int) scramble(whole))] = 1;
      return vector;
    }
    for (int i = 0; i < dimension; i++) {
      vector[i] = (float) (vector[i] / length);
    }
    return vector;
  }

  private void add(float[] vector, long word) {
    long bits = word;
    for (int i = 0; i < DIMENSIONS_PER_WORD; i++) {
      bits = scramble(bits);
      vector[index((int) bits)] += bits < 0 ? -1 : 1;
    }
  }

  private int index(int bits) {
    return Integer.remainderUnsigned(bits, dimension);
  }

  /** One step of SplitMix64 (Steele et al., 2014): every bit of the result depends on every bit of the argument. */
  private static long scramble(long value) {
    long z = value + 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  private static double length(float[] vector) {
    double squares = 0;
    for (float number : vector) {
      squares += number * number;
    }
    return Math.sqrt(squares);
  }

  /** "hash-384" for 384 dimensions. */
  @Override
  public String model() {
    return "hash-" + dimension;
  }

  @Override
  public int dimension() {
    return dimension;
  }

  @Override
  public Limits limits() {
    return new Limits(1_000, 1_000_000);
  }

  @Override
  public String toString() {
    return "HashEmbedder[" + dimension + " dimensions]";
  }
}
