package dev.memlane.endpoints;

/**
 * The policy that chooses an endpoint for the next request, among those that can begin it at once. With any policy, a
 * request waits only while no endpoint can begin it.
 */
public enum Policy {

  /**
   * The endpoint that uses the smallest share of its concurrency limit; among equals, the one that answered fastest.
   */
  LEAST_LOADED,

  /** Each in proportion to its weight. */
  WEIGHTED,

  /**
   * Requests of one class of work go to one endpoint while it is healthy, and to the least loaded of the others when it
   * is full. The endpoint is chosen by rendezvous hashing of both names, so if one fails, only its own classes move.
   */
  AFFINITY
}
