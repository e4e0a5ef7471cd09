package dev.memlane.endpoints;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A listener to events at endpoints, for metrics and alarms. It is called by the threads that do the work, several at a
 * time, and should return at once. Its exceptions go to the thread's handler of uncaught exceptions.
 */
public interface EndpointListener {

  /** A listener that does nothing. */
  EndpointListener NONE = new EndpointListener() {
  };

  /**
   * A request has ended.
   *
   * @param failure null if it succeeded
   * @param items how many items (texts) it held
   * @param units with how many units (tokens) it was counted
   */
  default void requestEnded(String endpoint, @Nullable Failure failure, Duration took, int items, long units) {}

  /**
   * An endpoint has entered another state.
   *
   * @param reason its last failure; empty if it serves again
   */
  default void stateChanged(String endpoint, EndpointState state, String reason) {}

  /** An endpoint's limit of requests in flight, which is found from its refusals, has changed. */
  default void limitChanged(String endpoint, int limit) {}
}
