package dev.memlane.endpoints;

import java.time.Duration;

/**
 * What an endpoint says that it would still take, as providers do in their rate-limit headers.
 *
 * @param requests how many more requests; {@link #UNKNOWN} if it doesn't say
 * @param requestsReset when it will be one more
 * @param units how many more units (tokens); {@link #UNKNOWN} if it doesn't say
 * @param unitsReset when it will be some more
 */
public record Allowance(long requests, Duration requestsReset, long units, Duration unitsReset) {

  public static final long UNKNOWN = -1;

  /** How long nothing will be taken; zero if something is. */
  public Duration exhaustedFor() {
    Duration forRequests = requests == 0 ? requestsReset : Duration.ZERO;
    Duration forUnits = units == 0 ? unitsReset : Duration.ZERO;
    return forRequests.compareTo(forUnits) > 0 ? forRequests : forUnits;
  }
}
