package dev.memlane.endpoints;

import dev.memlane.model.InvalidInputException;
import java.time.Duration;

/**
 * How much an endpoint takes. What is 0 has no limit, except {@code concurrency}, which is then found out.
 *
 * <pre>{@code
 * EndpointLimits.none().concurrency(5).requestsPerMinute(3_000).unitsPerMinute(1_000_000)
 * }</pre>
 *
 * @param concurrency the most requests in flight; 0 to find out what the endpoint bears, from its refusals
 * @param mostConcurrency what {@code concurrency} is never found to be more than; at least 1
 * @param requestsPerMinute the most requests begun in any minute
 * @param unitsPerMinute the most units (for a language model: tokens) begun in any minute
 * @param unitsPerRequest the most units of one request
 * @param timeout how long a request may take
 */
public record EndpointLimits(int concurrency, int mostConcurrency, int requestsPerMinute, long unitsPerMinute,
    long unitsPerRequest, Duration timeout) {

  private static final EndpointLimits NONE = new EndpointLimits(0, 64, 0, 0, 0, Duration.ofSeconds(10));

  /** @throws InvalidInputException if a number is less than 0, or the time-out or the most concurrency less than 1 */
  public EndpointLimits {
    if (concurrency < 0 || requestsPerMinute < 0 || unitsPerMinute < 0 || unitsPerRequest < 0) {
      throw new InvalidInputException("an endpoint's limits must be 0, for none, or more; they are concurrency "
          + concurrency + ", requests per minute " + requestsPerMinute + ", units per minute " + unitsPerMinute
          + ", units per request " + unitsPerRequest);
    }
    if (mostConcurrency < 1) {
      throw new InvalidInputException("mostConcurrency is " + mostConcurrency + "; it must be at least 1");
    }
    if (timeout.isNegative() || timeout.isZero()) {
      throw new InvalidInputException("the time-out is " + timeout + "; it must be longer than nothing");
    }
  }

  /** No limit that is known; 10 s for a request, and at most 64 of them in flight. */
  public static EndpointLimits none() {
    return NONE;
  }

  /** With this many requests in flight at most; 0 to find out. */
  public EndpointLimits concurrency(int requests) {
    return new EndpointLimits(requests, mostConcurrency, requestsPerMinute, unitsPerMinute, unitsPerRequest, timeout);
  }

  /** With this many requests in flight at most, where the limit is found out; 64 unless set. */
  public EndpointLimits mostConcurrency(int requests) {
    return new EndpointLimits(concurrency, requests, requestsPerMinute, unitsPerMinute, unitsPerRequest, timeout);
  }

  /** With this many requests begun in any minute at most; 0 for no limit. */
  public EndpointLimits requestsPerMinute(int requests) {
    return new EndpointLimits(concurrency, mostConcurrency, requests, unitsPerMinute, unitsPerRequest, timeout);
  }

  /** With this many units begun in any minute at most; 0 for no limit. */
  public EndpointLimits unitsPerMinute(long units) {
    return new EndpointLimits(concurrency, mostConcurrency, requestsPerMinute, units, unitsPerRequest, timeout);
  }

  /** With this many units in a request at most; 0 for no limit. A thing of more units than that goes alone. */
  public EndpointLimits unitsPerRequest(long units) {
    return new EndpointLimits(concurrency, mostConcurrency, requestsPerMinute, unitsPerMinute, units, timeout);
  }

  /**
   * With this much time for a request; 10 s unless set. An endpoint that accepts requests and doesn't answer holds those
   * it has for so long, and is given up after a few.
   */
  public EndpointLimits timeout(Duration timeout) {
    return new EndpointLimits(concurrency, mostConcurrency, requestsPerMinute, unitsPerMinute, unitsPerRequest,
        timeout);
  }
}
