package dev.memlane.orchestrator.internal.write;

import dev.memlane.model.NewMemory;
import dev.memlane.model.listen.Activity;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * An accepted memory, to be stored.
 *
 * @param at when it was accepted
 * @param activity the caller's operation; null if nobody listens
 */
public record AcceptedMemory(NewMemory memory, Instant at, @Nullable Activity activity) {

  /** The same memory, as the subject of an operation. */
  public AcceptedMemory as(@Nullable Activity operation) {
    return operation == null ? this : new AcceptedMemory(memory, at, operation);
  }
}
