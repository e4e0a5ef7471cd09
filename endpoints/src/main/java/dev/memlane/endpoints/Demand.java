package dev.memlane.endpoints;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A request's needs, by which the pool chooses an endpoint.
 *
 * @param minUnits the fewest units that the request will have
 * @param wantedUnits how many units are waiting in all; where units are scarce, the request waits until a good part of
 * them may go, rather than go out in crumbs
 * @param workClass the class of work that {@link Policy#AFFINITY} keeps together; null if it doesn't matter
 * @param notBefore per endpoint name, the time from which that endpoint may have the request, by
 * {@link EndpointPool#now}
 */
public record Demand(long minUnits, long wantedUnits, @Nullable String workClass, Map<String, Long> notBefore) {

  public Demand {
    notBefore = Map.copyOf(notBefore);
  }

  /** A demand for any endpoint, with no units. */
  public static Demand any() {
    return new Demand(0, 0, null, Map.of());
  }
}
