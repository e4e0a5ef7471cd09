package dev.memlane.endpoints;

import java.time.Duration;

/**
 * The requests and units that an endpoint would still accept, as providers report them in rate-limit headers.
 *
 * @param requests how many more requests; {@link #UNKNOWN} if the endpoint doesn't say
 * @param requestsReset how long until it is one more
 * @param units how many more units (tokens); {@link #UNKNOWN} if the endpoint doesn't say
 * @param unitsReset how long until there are some more
 */
public record Allowance(long requests, Duration requestsReset, long units, Duration unitsReset) {

  public static final long UNKNOWN = -1;

  /** How long the endpoint will accept nothing; zero if it accepts something now. */
  public Duration exhaustedFor() {
    Duration forRequests = requests == 0 ? requestsReset : Duration.ZERO;
    Duration forUnits = units == 0 ? unitsReset : Duration.ZERO;
    return forRequests.compareTo(forUnits) > 0 ? forRequests : forUnits;
  }
}
