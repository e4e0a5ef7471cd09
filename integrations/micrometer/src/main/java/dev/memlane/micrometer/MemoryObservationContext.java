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
   * The observations that this one serves together: those of the callers whose texts are in an embedding request, or
   * whose writes are in a transaction. Empty if it serves one or none, which is then its parent.
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
