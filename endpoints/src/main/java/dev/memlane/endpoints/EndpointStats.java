package dev.memlane.endpoints;

import java.time.Duration;

/**
 * What an endpoint has done, and what it is doing.
 *
 * @param name what it is called
 * @param state whether it gets requests
 * @param reason what it failed with last; empty if it serves
 * @param inFlight how many requests it has now
 * @param limit how many it may have now: the one configured, or the one found so far
 * @param requests how many were sent to it
 * @param retries how many of them had failed before, here or elsewhere
 * @param succeeded how many of them it answered
 * @param busy how many it refused as one too many
 * @param failed how many failed in other ways
 * @param items how many things (texts) it has answered for
 * @param itemsPerSecond how many of them a second lately, that is in the last 30 to 60 seconds
 * @param p50 how long half of the answers took at most, lately; zero if there were none
 * @param p99 how long 99 of 100 took at most, lately
 */
public record EndpointStats(String name, EndpointState state, String reason, int inFlight, int limit, long requests,
    long retries, long succeeded, long busy, long failed, long items, double itemsPerSecond, Duration p50,
    Duration p99) {}
