package dev.memlane.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The vector of a text, and the model that made it. Vectors of different models can't be compared.
 *
 * <p>
 * Immutable, provided that no caller writes to {@link #vector()}.
 */
public final class Embedding {

  private final String model;
  private final float[] vector;

  /**
   * @param model the model's name, the same for all vectors that can be compared with this one
   * @param vector not copied; at least one number, all finite, not all zero
   * @throws InvalidInputException if the vector can't be compared by angle
   */
  @JsonCreator
  public Embedding(@JsonProperty("model") String model, @JsonProperty("vector") float[] vector) {
    this.model = Objects.requireNonNull(model, "model");
    this.vector = Objects.requireNonNull(vector, "vector");
    boolean zero = true;
    for (int i = 0; i < vector.length; i++) {
      if (!Float.isFinite(vector[i])) {
        throw new InvalidInputException("the vector holds " + vector[i] + " at position " + i
            + "; every number must be finite: check the embedder of model " + model);
      }
      zero &= vector[i] == 0;
    }
    if (zero) {
      throw new InvalidInputException(
          "the vector is empty or all zero, so it points nowhere and can't be compared: check the embedder of model "
              + model);
    }
  }

  @JsonProperty("model")
  public String model() {
    return model;
  }

  /** The numbers, not a copy; must not be changed. */
  @JsonProperty("vector")
  public float[] vector() {
    return vector;
  }

  public int dimension() {
    return vector.length;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Embedding embedding && model.equals(embedding.model)
        && Arrays.equals(vector, embedding.vector);
  }

  @Override
  public int hashCode() {
    return 31 * model.hashCode() + Arrays.hashCode(vector);
  }

  @Override
  public String toString() {
    return "Embedding[" + model + ", " + vector.length + " dimensions]";
  }
}
