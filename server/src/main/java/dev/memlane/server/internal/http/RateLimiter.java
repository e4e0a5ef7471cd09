package dev.memlane.server.internal.http;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * A limit to the requests of each caller in a second. A caller may send one second's worth at once. Safe for use by several
 * threads.
 */
public final class RateLimiter {

  private static final int MOST_CALLERS = 100_000;
  private static final double NANOS_PER_SECOND = 1e9;

  private final double perSecond;
  private final LongSupplier nanoTime;
  private final Cache<String, Bucket> buckets;

  /**
   * @param perSecond the most requests of one caller in a second; 0 for no limit
   */
  public RateLimiter(int perSecond) {
    this(perSecond, System::nanoTime);
  }

  RateLimiter(int perSecond, LongSupplier nanoTime) {
    this.perSecond = perSecond;
    this.nanoTime = nanoTime;
    this.buckets = Caffeine.newBuilder().maximumSize(MOST_CALLERS).expireAfterAccess(Duration.ofMinutes(1)).build();
  }

  /**
   * Counts a request.
   *
   * @throws ProblemException if the caller has sent too many
   */
  public void permit(Caller caller) {
    if (perSecond > 0 && !caller.equals(Caller.OWNER) && !buckets.get(caller.id(), id -> new Bucket()).take()) {
      throw new ProblemException(Problem.of(429, "too-many-requests", "Too many requests",
          "this key may send " + (long) perSecond + " requests a second; send the request again later")
          .header("Retry-After", "1"));
    }
  }

  /** What one caller may still send. */
  private final class Bucket {

    @GuardedBy("this")
    private double tokens = perSecond;

    @GuardedBy("this")
    private long filledAt = nanoTime.getAsLong();

    synchronized boolean take() {
      long now = nanoTime.getAsLong();
      tokens = Math.min(perSecond, tokens + (now - filledAt) / NANOS_PER_SECOND * perSecond);
      filledAt = now;
      if (tokens < 1) {
        return false;
      }
      tokens--;
      return true;
    }
  }
}
