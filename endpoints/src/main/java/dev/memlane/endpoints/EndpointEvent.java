package dev.memlane.endpoints;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Something that happened at an endpoint while the pool's lock was held, to be told without it. */
sealed interface EndpointEvent {

  void tell(EndpointListener listener);

  record Ended(String endpoint, @Nullable Failure failure, long took, int items, long units) implements EndpointEvent {
    @Override
    public void tell(EndpointListener listener) {
      listener.ended(endpoint, failure, Duration.ofNanos(took), items, units);
    }
  }

  record Changed(String endpoint, EndpointState state, String reason) implements EndpointEvent {
    @Override
    public void tell(EndpointListener listener) {
      listener.changed(endpoint, state, reason);
    }
  }

  record Limited(String endpoint, int limit) implements EndpointEvent {
    @Override
    public void tell(EndpointListener listener) {
      listener.limited(endpoint, limit);
    }
  }
}
