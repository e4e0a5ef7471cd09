package dev.memlane.storage.vector;

import dev.memlane.model.Embedding;
import org.jspecify.annotations.Nullable;

/**
 * The vectors of a question, of length 1: what memories are compared with.
 *
 * @param plain for memories without an actor, or for all if there is no other
 * @param spoken for memories with an actor; null if {@code plain} is for all
 */
record QuestionVectors(float[] plain, float @Nullable [] spoken) {

  static QuestionVectors of(Embedding vector, @Nullable Embedding spoken) {
    return new QuestionVectors(DocumentFields.unit(vector.vector()),
        spoken == null ? null : DocumentFields.unit(spoken.vector()));
  }
}
