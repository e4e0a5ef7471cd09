package dev.memlane.embedding;

import dev.memlane.model.InvalidInputException;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * The contract of an embedding model: texts in, one vector for each out.
 *
 * <p>
 * Duties of an implementation:
 * <ul>
 * <li><b>Order and count.</b> The answer holds exactly one vector per text, in the order of the texts.
 * <li><b>Shape.</b> Every vector has {@link #dimension()} numbers, all finite, not all zero. It need not have unit
 * length, because vectors are compared by angle. It belongs to the receiver, and the embedder doesn't touch it again.
 * <li><b>Independence.</b> A text's vector doesn't depend on the other texts of the request.
 * <li><b>Failure.</b> The future fails with a {@link dev.memlane.model.EmbeddingException} that says what happened and
 * what to do. A request fails as a whole. There is never a placeholder vector.
 * <li><b>Promptness.</b> {@link #embed} returns without waiting for the model, and cancelling the future may stop the
 * work. ({@link BatchingEmbedder} copes with an embedder that waits.)
 * <li><b>Thread safety.</b> All methods may be called by several threads at the same time.
 * </ul>
 *
 * <p>
 * {@link BatchingEmbedder} checks the first two, so that nothing malformed is ever stored.
 */
public interface Embedder extends AutoCloseable {

  /**
   * Embeds texts.
   *
   * @param texts at least one, within {@link #limits()}; only a single text may be longer: the embedder then cuts it or
   * fails, and its documentation says which
   * @return the vectors, in the order of the texts
   */
  CompletableFuture<List<float[]>> embed(List<String> texts);

  /**
   * Embeds questions, to be compared with the vectors of {@link #embed}. The same duties hold. As {@code embed} unless
   * overridden. An embedder that overrides it says so by {@link #distinguishesQuestions}; otherwise it is not called by
   * {@link BatchingEmbedder}.
   *
   * @param questions as the texts of {@link #embed}
   * @return the vectors, in the order of the questions
   */
  default CompletableFuture<List<float[]>> embedQuestions(List<String> questions) {
    return embed(questions);
  }

  /**
   * Whether a question has another vector than a stored text with the same words, as with models that were trained with a
   * different prefix for each; false unless overridden. Never changes.
   */
  default boolean distinguishesQuestions() {
    return false;
  }

  /**
   * The model's name, which is stored with every vector. Two vectors can be compared if, and only if, their names are
   * equal. Never changes.
   */
  String model();

  /** How many numbers a vector has; at least 1. Never changes. */
  int dimension();

  /** How much one request may hold. Never changes. */
  Limits limits();

  /** Releases the embedder's resources. Requests in flight may fail. Does nothing unless overridden. */
  @Override
  default void close() {}

  /**
   * The limits of one request.
   *
   * @param texts the most texts; at least 1
   * @param characters the most characters (UTF-16 units, as {@link String#length} counts them) of all texts together;
   * at least 1
   */
  record Limits(int texts, int characters) {

    /** @throws InvalidInputException if either is less than 1 */
    public Limits {
      if (texts < 1 || characters < 1) {
        throw new InvalidInputException(
            "a request of at most " + texts + " texts and " + characters + " characters can hold nothing");
      }
    }

    /** 64 texts and 200,000 characters, which the common services and servers accept. */
    public static Limits standard() {
      return new Limits(64, 200_000);
    }
  }
}
