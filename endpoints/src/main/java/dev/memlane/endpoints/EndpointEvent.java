package dev.memlane.endpoints;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** An event at an endpoint, recorded under the pool's lock and reported to the listener after its release. */
sealed interface EndpointEvent {

  void report(EndpointListener listener);

  record RequestEnded(String endpoint, @Nullable Failure failure, long nanos, int items, long units)
      implements
        EndpointEvent {
    @Override
    public void report(EndpointListener listener) {
      listener.requestEnded(endpoint, failure, Duration.ofNanos(nanos), items, units);
    }
  }

  record StateChanged(String endpoint, EndpointState state, String reason) implements EndpointEvent {
    @Override
    public void report(EndpointListener listener) {
      listener.stateChanged(endpoint, state, reason);
    }
  }

  record LimitChanged(String endpoint, int limit) implements EndpointEvent {
    @Override
    public void report(EndpointListener listener) {
      listener.limitChanged(endpoint, limit);
    }
  }
}
