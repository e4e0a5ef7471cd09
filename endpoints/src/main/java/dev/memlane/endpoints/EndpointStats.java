package dev.memlane.endpoints;

import java.time.Duration;

/**
 * The statistics of an endpoint since the pool was built. "Recent" means the last 30 to 60 seconds.
 *
 * @param name its name
 * @param state whether it gets requests
 * @param reason its last failure; empty if it serves
 * @param inFlight how many requests it has now
 * @param limit how many requests it may have now: the configured limit, or the one found so far
 * @param requests how many requests were sent to it
 * @param retries how many of them had failed before, at any endpoint
 * @param succeeded how many of them it answered
 * @param busy how many it refused because there were too many
 * @param failed how many failed in other ways
 * @param items how many items (texts) were in the requests that it answered
 * @param itemsPerSecond the recent rate of items
 * @param p50 the recent median time of an answer; zero if there was none
 * @param p99 the recent 99th percentile of the time of an answer; zero if there was none
 */
public record EndpointStats(String name, EndpointState state, String reason, int inFlight, int limit, long requests,
    long retries, long succeeded, long busy, long failed, long items, double itemsPerSecond, Duration p50,
    Duration p99) {}
