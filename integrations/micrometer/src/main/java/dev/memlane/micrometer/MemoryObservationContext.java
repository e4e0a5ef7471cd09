package dev.memlane.micrometer;

import io.micrometer.observation.Observation;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The context of an observation of an operation or a step. Handlers, conventions and predicates of an application may
 * select by it.
 */
public final class MemoryObservationContext extends Observation.Context {

  private final List<Observation> served;
  private volatile @Nullable Integer count;

  /**
   * @param served the observations that a shared step serves; empty unless there are several
   */
  MemoryObservationContext(List<Observation> served) {
    this.served = List.copyOf(served);
  }

  /**
   * The observations of the callers that share this step: an embedding request with their texts, or a transaction with
   * their writes. Empty if at most one caller has it. That caller's observation is then the parent of this one.
   */
  public List<Observation> served() {
    return served;
  }

  /** The number of memories that the operation is about; null if it is not known. */
  @Nullable
  Integer count() {
    return count;
  }

  void setCount(int count) {
    this.count = count;
  }
}
