package dev.memlane.perf.tests.scenario;

import dev.memlane.model.Embedding;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Generated memories that behave like real ones in a search: words as unevenly distributed as those of a language, and
 * vectors that gather around topics.
 *
 * <p>
 * <b>Vectors.</b> Each topic has a centre, and a memory lies around the centre of its topic, in a space of
 * {@value #LATENT} dimensions. That space is rotated into the space of the vectors and blurred there a little. So a
 * vector has near neighbours, and a search can go astray in as many directions as with the vectors of sentence models.
 * Vectors drawn evenly from all directions have neither, and a graph's recall on them means nothing.
 *
 * <p>
 * <b>Words.</b> Half of a text is drawn from a common vocabulary, half from that of its topic, both by Zipf's law.
 *
 * <p>
 * <b>Scopes.</b> Memories are assigned to the scopes in turn, and a scope has a few topics. A memory's number
 * determines everything about it. Immutable and safe for use by several threads.
 */
final class Corpus {

  static final String MODEL = "clustered-384";
  static final int DIMENSION = 384;
  /** The metadata for filters. Each value occurs in one of {@value #KINDS} memories. */
  static final String KIND = "kind";
  static final int KINDS = 10;

  private static final int LATENT = 32;
  private static final int TOPICS = 200;
  private static final int TOPICS_OF_SCOPE = 5;
  /** The distance of memories from their topic's centre, relative to the distance between centres. */
  private static final double SPREAD = 0.8;
  private static final double BLUR = 0.4;
  private static final int COMMON_WORDS = 10_000;
  private static final int TOPIC_WORDS = 300;
  private static final int SHORTEST = 12;
  private static final int LONGEST = 24;
  private static final int QUERY_WORDS = 5;

  private final long seed;
  private final int scopes;
  private final float[][] directions = new float[LATENT][];
  private final double[][] centres = new double[TOPICS][];
  private final double[] common = zipf(COMMON_WORDS);
  private final double[] ofTopic = zipf(TOPIC_WORDS);

  Corpus(long seed, int scopes) {
    this.seed = seed;
    this.scopes = scopes;
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < LATENT; i++) {
      directions[i] = new float[DIMENSION];
      for (int j = 0; j < DIMENSION; j++) {
        directions[i][j] = (float) (random.nextGaussian() / Math.sqrt(LATENT));
      }
    }
    for (int i = 0; i < TOPICS; i++) {
      centres[i] = new double[LATENT];
      for (int j = 0; j < LATENT; j++) {
        centres[i][j] = random.nextGaussian();
      }
    }
  }

  /** A memory or a query: its text and its vector. */
  record Item(Scope scope, String text, Embedding embedding, String kind) {

    NewMemory toNewMemory() {
      return NewMemory.builder(text, scope).metadata(KIND, kind).embedding(embedding).build();
    }
  }

  Scope scopeOf(long number) {
    return scope(scopeNumber(number));
  }

  private int scopeNumber(long number) {
    return (int) Math.floorMod(number, (long) scopes);
  }

  private static Scope scope(int number) {
    return Scope.user("user " + number);
  }

  int kindOf(long number) {
    return random(number, 1).nextInt(KINDS);
  }

  /** Returns the memory of this number. Its text ends with the number, so that no two texts are the same. */
  Item memory(long number) {
    SplittableRandom random = random(number, 2);
    return item(random, number, random.nextInt(SHORTEST, LONGEST + 1), " " + number, scopeNumber(number));
  }

  /** Returns the query of this number, about one of the topics of a scope. */
  Item query(long number) {
    SplittableRandom random = random(number, 3);
    return item(random, number, QUERY_WORDS, "", random.nextInt(scopes));
  }

  private Item item(SplittableRandom random, long number, int words, String end, int scope) {
    // The topics depend on the scope alone.
    int topic = random(scope * (long) TOPICS_OF_SCOPE + random.nextInt(TOPICS_OF_SCOPE), 4).nextInt(TOPICS);
    return new Item(scope(scope), text(random, topic, words) + end, new Embedding(MODEL, vector(random, topic)),
        "kind " + kindOf(number));
  }

  private String text(SplittableRandom random, int topic, int words) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < words; i++) {
      int word = random.nextBoolean()
          ? rank(random, common)
          : COMMON_WORDS + topic * TOPIC_WORDS + rank(random, ofTopic);
      append(text, word);
      text.append(i < words - 1 ? " " : "");
    }
    return text.toString();
  }

  /** A word of three syllables, a different one for each number, and none that English stemming would shorten. */
  private static void append(StringBuilder text, int word) {
    int left = word;
    for (int i = 0; i < 3; i++) {
      text.append("bdfgklmnprtvzh".charAt(left % 14)).append("aiou".charAt(left / 14 % 4));
      left /= 56;
    }
  }

  private float[] vector(SplittableRandom random, int topic) {
    float[] vector = new float[DIMENSION];
    for (int i = 0; i < LATENT; i++) {
      float place = (float) (centres[topic][i] + SPREAD * random.nextGaussian());
      float[] direction = directions[i];
      for (int j = 0; j < DIMENSION; j++) {
        vector[j] += place * direction[j];
      }
    }
    double squares = 0;
    for (int j = 0; j < DIMENSION; j++) {
      vector[j] += (float) (BLUR * random.nextGaussian());
      squares += vector[j] * (double) vector[j];
    }
    double length = Math.sqrt(squares);
    for (int j = 0; j < DIMENSION; j++) {
      vector[j] = (float) (vector[j] / length);
    }
    return vector;
  }

  private SplittableRandom random(long number, int purpose) {
    return new SplittableRandom(seed * 31 + number * 8 + purpose);
  }

  /** The probability of this rank or a lower one; the first rank is the most likely. */
  private static double[] zipf(int ranks) {
    double[] sums = new double[ranks];
    double sum = 0;
    for (int i = 0; i < ranks; i++) {
      sum += 1.0 / (i + 1);
      sums[i] = sum;
    }
    for (int i = 0; i < ranks; i++) {
      sums[i] /= sum;
    }
    return sums;
  }

  private static int rank(SplittableRandom random, double[] sums) {
    int found = Arrays.binarySearch(sums, random.nextDouble());
    return Math.min(sums.length - 1, found < 0 ? -found - 1 : found);
  }
}
