package dev.memlane.storage.vector;

import dev.memlane.model.Embedding;
import org.jspecify.annotations.Nullable;

/** The vectors of a question, of length 1: what memories are compared with. Must not be changed. */
final class QuestionVectors {

  private final float[] plain;
  private final float @Nullable [] spoken;

  private QuestionVectors(float[] plain, float @Nullable [] spoken) {
    this.plain = plain;
    this.spoken = spoken;
  }

  static QuestionVectors of(Embedding vector, @Nullable Embedding spoken) {
    return new QuestionVectors(DocumentValues.unit(vector.vector()),
        spoken == null ? null : DocumentValues.unit(spoken.vector()));
  }

  /** For memories without an actor, or for all if there is no other. */
  float[] plain() {
    return plain;
  }

  /** For memories with an actor; null if {@link #plain} is for all. */
  float @Nullable [] spoken() {
    return spoken;
  }
}
