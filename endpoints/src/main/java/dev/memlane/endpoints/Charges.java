package dev.memlane.endpoints;

import org.jspecify.annotations.Nullable;

/**
 * The charges of one request to its endpoint's rate limits. All access holds the pool's lock.
 *
 * @param request null if requests aren't limited
 * @param units null if units aren't limited
 */
record Charges(RateLimit.@Nullable Charge request, RateLimit.@Nullable Charge units) {

  void correctUnits(long actual) {
    if (units != null) {
      units.correct(actual);
    }
  }

  /** Takes the charges back, because nothing was sent. */
  void giveBack() {
    if (request != null) {
      request.correct(0);
    }
    correctUnits(0);
  }
}
