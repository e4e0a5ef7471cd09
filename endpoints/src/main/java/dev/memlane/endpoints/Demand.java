package dev.memlane.endpoints;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a request needs of an endpoint.
 *
 * @param least how many units it has at least
 * @param wish how many there would be for it in all; where units are scarce it waits for a good part of them, rather than
 * go out in crumbs
 * @param workClass what {@link Policy#AFFINITY} keeps together; null for no matter
 * @param notBefore from what time on each of the endpoints named may have it, by {@link EndpointPool#now}
 */
public record Demand(long least, long wish, @Nullable String workClass, Map<String, Long> notBefore) {

  public Demand {
    notBefore = Map.copyOf(notBefore);
  }

  /** Anywhere, with nothing to count. */
  public static Demand any() {
    return new Demand(0, 0, null, Map.of());
  }
}
