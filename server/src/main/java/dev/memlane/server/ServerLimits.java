package dev.memlane.server;

import dev.memlane.model.InvalidInputException;
import java.time.Duration;

/**
 * The limits of a server.
 *
 * @param longestBody the longest body that is read as a whole, in bytes; streams, such as an import, have none
 * @param longestHeaders the longest URL with all headers, in bytes
 * @param requestsPerSecond the most requests of one API key in a second; 0 for no limit
 * @param mostConnections the most connections at once
 * @param mostStreams the most streams of events at once
 * @param idle how long a connection may be silent
 * @param shutdown how long requests under way may take after the server is closed
 */
public record ServerLimits(long longestBody, int longestHeaders, int requestsPerSecond, int mostConnections,
    int mostStreams, Duration idle, Duration shutdown) {

  /** 64 MB, 16 kB, 1,000 requests a second, 4,000 connections, 2,000 streams, 30 seconds, 30 seconds. */
  public static final ServerLimits DEFAULT = new ServerLimits(64L << 20, 16 << 10, 1_000, 4_000, 2_000,
      Duration.ofSeconds(30), Duration.ofSeconds(30));

  /** @throws InvalidInputException if a limit is not positive */
  public ServerLimits {
    if (longestBody < 1 || longestHeaders < 1 || requestsPerSecond < 0 || mostConnections < 1 || mostStreams < 1
        || !idle.isPositive() || !shutdown.isPositive()) {
      throw new InvalidInputException("the server's limits must be positive");
    }
  }

  public ServerLimits withLongestBody(long bytes) {
    return new ServerLimits(bytes, longestHeaders, requestsPerSecond, mostConnections, mostStreams, idle, shutdown);
  }

  public ServerLimits withRequestsPerSecond(int requests) {
    return new ServerLimits(longestBody, longestHeaders, requests, mostConnections, mostStreams, idle, shutdown);
  }

  public ServerLimits withMostStreams(int streams) {
    return new ServerLimits(longestBody, longestHeaders, requestsPerSecond, mostConnections, streams, idle, shutdown);
  }

  public ServerLimits withIdle(Duration silent) {
    return new ServerLimits(longestBody, longestHeaders, requestsPerSecond, mostConnections, mostStreams, silent,
        shutdown);
  }

  public ServerLimits withShutdown(Duration underWay) {
    return new ServerLimits(longestBody, longestHeaders, requestsPerSecond, mostConnections, mostStreams, idle,
        underWay);
  }
}
