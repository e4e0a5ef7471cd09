package dev.memlane.endpoints;

import dev.memlane.model.InvalidInputException;
import java.time.Duration;

/**
 * The limits of an endpoint. 0 means no limit, except for {@code concurrency}, where it means an adaptive limit.
 *
 * <pre>{@code
 * EndpointLimits.none().concurrency(5).requestsPerMinute(3_000).unitsPerMinute(1_000_000)
 * }</pre>
 *
 * @param concurrency the most requests in flight; 0 to find the limit from the endpoint's refusals
 * @param maxConcurrency the upper bound of a limit that is found; at least 1
 * @param requestsPerMinute the most requests begun in any minute
 * @param unitsPerMinute the most units (for a language model: tokens) begun in any minute
 * @param unitsPerRequest the most units of one request
 * @param timeout how long a request may take
 */
public record EndpointLimits(int concurrency, int maxConcurrency, int requestsPerMinute, long unitsPerMinute,
    long unitsPerRequest, Duration timeout) {

  private static final EndpointLimits NONE = new EndpointLimits(0, 64, 0, 0, 0, Duration.ofSeconds(10));

  /**
   * @throws InvalidInputException if a number is negative, {@code maxConcurrency} is 0 or the time-out isn't positive
   */
  public EndpointLimits {
    if (concurrency < 0 || requestsPerMinute < 0 || unitsPerMinute < 0 || unitsPerRequest < 0) {
      throw new InvalidInputException("an endpoint's limits must be 0, for none, or more; they are concurrency "
          + concurrency + ", requests per minute " + requestsPerMinute + ", units per minute " + unitsPerMinute
          + ", units per request " + unitsPerRequest);
    }
    if (maxConcurrency < 1) {
      throw new InvalidInputException("maxConcurrency is " + maxConcurrency + "; it must be at least 1");
    }
    if (timeout.isNegative() || timeout.isZero()) {
      throw new InvalidInputException("the time-out is " + timeout + "; it must be positive");
    }
  }

  /** No known limit: 10 s for a request, and at most 64 requests in flight. */
  public static EndpointLimits none() {
    return NONE;
  }

  /** With at most this many requests in flight; 0 to find the limit. */
  public EndpointLimits concurrency(int requests) {
    return new EndpointLimits(requests, maxConcurrency, requestsPerMinute, unitsPerMinute, unitsPerRequest, timeout);
  }

  /** With at most this many requests in flight where the limit is found; 64 unless set. */
  public EndpointLimits maxConcurrency(int requests) {
    return new EndpointLimits(concurrency, requests, requestsPerMinute, unitsPerMinute, unitsPerRequest, timeout);
  }

  /** With at most this many requests begun in any minute; 0 for no limit. */
  public EndpointLimits requestsPerMinute(int requests) {
    return new EndpointLimits(concurrency, maxConcurrency, requests, unitsPerMinute, unitsPerRequest, timeout);
  }

  /** With at most this many units begun in any minute; 0 for no limit. */
  public EndpointLimits unitsPerMinute(long units) {
    return new EndpointLimits(concurrency, maxConcurrency, requestsPerMinute, units, unitsPerRequest, timeout);
  }

  /** With at most this many units in a request; 0 for no limit. A single item with more units goes alone. */
  public EndpointLimits unitsPerRequest(long units) {
    return new EndpointLimits(concurrency, maxConcurrency, requestsPerMinute, unitsPerMinute, units, timeout);
  }

  /**
   * With this much time for a request; 10 s unless set. An endpoint that accepts requests and doesn't answer holds its
   * requests for this time; after a few of them it gets no more.
   */
  public EndpointLimits timeout(Duration timeout) {
    return new EndpointLimits(concurrency, maxConcurrency, requestsPerMinute, unitsPerMinute, unitsPerRequest,
        timeout);
  }
}
