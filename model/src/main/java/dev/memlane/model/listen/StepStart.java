package dev.memlane.model.listen;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The begin of a step.
 *
 * @param contexts the contexts of the operations or steps that it serves, without those that have none: at most one,
 * unless the step is {@linkplain StepType#isShared shared}
 * @param size the number of texts of an embedding request, or of units in a transaction; 1 for other steps. Texts and
 * units of work in the background count too, and have no context
 * @param model the embedding model; null for other steps
 * @param endpoint the name of the endpoint that gets an embedding request; null for other steps
 */
public record StepStart(StepType type, List<Object> contexts, int size, @Nullable String model,
    @Nullable String endpoint) {

  public StepStart {
    contexts = List.copyOf(contexts);
  }

  /** Leaves the contexts out. */
  @Override
  public String toString() {
    return "StepStart[" + type + ", " + size + "]";
  }
}
