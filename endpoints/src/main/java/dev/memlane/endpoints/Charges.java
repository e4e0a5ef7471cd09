package dev.memlane.endpoints;

import org.jspecify.annotations.Nullable;

/**
 * What a request has taken of its endpoint's rates.
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

  /** Nothing was sent. */
  void giveBack() {
    if (request != null) {
      request.correct(0);
    }
    correctUnits(0);
  }
}
