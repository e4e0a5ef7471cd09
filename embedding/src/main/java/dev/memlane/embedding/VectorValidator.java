package dev.memlane.embedding;

import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.Failure;
import dev.memlane.model.Embedding;
import dev.memlane.model.EmbeddingException;
import dev.memlane.model.InvalidInputException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The check of an embedder's answer, so that nothing malformed is stored: one vector per text, each with the model's
 * dimension, all numbers finite, not all zero.
 *
 * @param model the model's name
 * @param dimension how many numbers a vector must have
 */
record VectorValidator(String model, int dimension) {

  /** What became of one text: an embedding or a failure. */
  sealed interface Checked {

    record Valid(Embedding embedding) implements Checked {}

    record Invalid(EmbeddingException failure) implements Checked {}
  }

  /**
   * Checks an answer.
   *
   * @param vectors the answer's vectors; null if there was no answer
   * @param retryable whether the request can be sent again: then a vector of a wrong length fails it as a whole,
   * because another endpoint may do better
   * @return the result for each text, in their order
   * @throws EndpointException if the answer is unusable as a whole
   */
  List<Checked> check(@Nullable List<float[]> vectors, int texts, boolean retryable) {
    int count = vectors == null ? 0 : vectors.size();
    if (vectors == null || count != texts) {
      throw new EndpointException(Failure.UNAVAILABLE, "model " + model + " answered with " + count + " vectors to "
          + texts + " texts; expected one for each: check the embedder", null);
    }
    if (retryable) {
      requireShape(vectors);
    }
    return vectors.stream().map(this::check).toList();
  }

  private void requireShape(List<float[]> vectors) {
    for (float[] vector : vectors) {
      if (!hasShape(vector)) {
        throw new EndpointException(Failure.UNAVAILABLE, describeShape(vector), null);
      }
    }
  }

  private Checked check(float @Nullable [] vector) {
    if (vector == null || !hasShape(vector)) {
      return new Checked.Invalid(new EmbeddingException(describeShape(vector), null));
    }
    try {
      return new Checked.Valid(new Embedding(model, vector));
    } catch (InvalidInputException e) {
      return new Checked.Invalid(new EmbeddingException("model " + model
          + " answered with a vector that can't be used; expected " + dimension + " finite numbers, not all zero: "
          + e.getMessage(), e));
    }
  }

  private boolean hasShape(float @Nullable [] vector) {
    return vector != null && vector.length == dimension;
  }

  private String describeShape(float @Nullable [] vector) {
    return "model " + model + " answered with "
        + (vector == null ? "no vector" : "a vector of " + vector.length + " dimensions") + "; expected " + dimension
        + " dimensions: check the embedder";
  }
}
