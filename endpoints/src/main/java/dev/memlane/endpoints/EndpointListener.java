package dev.memlane.endpoints;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Is told what happens at endpoints, so that metrics and alarms can be made of it. Called by the threads that do the work,
 * and by several at a time: it should return at once. What it throws goes to the thread's handler of uncaught exceptions.
 */
public interface EndpointListener {

  /** Tells nobody. */
  EndpointListener NONE = new EndpointListener() {
  };

  /**
   * A request has ended.
   *
   * @param failure null if it succeeded
   * @param items how many things (texts) it held
   * @param units how many units (tokens) it was counted with
   */
  default void ended(String endpoint, @Nullable Failure failure, Duration took, int items, long units) {}

  /**
   * An endpoint gets requests again, or gets none any more.
   *
   * @param reason what it failed with; empty if it serves again
   */
  default void changed(String endpoint, EndpointState state, String reason) {}

  /** How many requests an endpoint may have in flight has been found to be another number. */
  default void limited(String endpoint, int limit) {}
}
