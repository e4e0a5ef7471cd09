package dev.memlane.endpoints;

/**
 * Which endpoint gets the next request, of those that can begin it at once. Whatever the policy, nothing waits while one
 * of them can.
 */
public enum Policy {

  /** The one that uses the smallest share of what it may have in flight; of equal ones the one that answered fastest. */
  LEAST_LOADED,

  /** Each in proportion to its weight. */
  WEIGHTED,

  /**
   * Requests of one class of work go to one endpoint while it is healthy, and to the least loaded of the others when it
   * is full. Which one is told by a hash of both names (rendezvous hashing), so one that goes takes only its own classes.
   */
  AFFINITY
}
