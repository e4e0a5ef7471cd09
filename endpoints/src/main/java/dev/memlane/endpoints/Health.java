package dev.memlane.endpoints;

/**
 * The health of an endpoint: the pauses it asks for, its circuit breaker, and whether it denied its key.
 *
 * <p>
 * The breaker opens when {@value #FAILURES} of the last {@value #OUTCOMES} results were failures of the endpoint. While
 * it is open, one request at a time, and at most one every half second, probes the endpoint. The first answer to a
 * probe closes it. All access holds the pool's lock. Times are nanoseconds.
 */
final class Health {

  static final long NEVER = Long.MAX_VALUE;

  private static final int OUTCOMES = 10;
  private static final int FAILURES = 5;
  private static final long PROBE_EVERY = 500_000_000L;
  private static final long DENIED_FOR = 300_000_000_000L;
  private static final long FIRST_PAUSE = 100_000_000L;
  private static final int MOST_DOUBLINGS = 6;

  private EndpointState state = EndpointState.SERVING;
  private String reason = "";
  private long until;
  private boolean probing;
  private int outcomes;
  private int refusalsInARow;
  private long lastRefusalAt = -1;

  /** The state at this time. A pause ends without any call. */
  EndpointState state(long now) {
    return state == EndpointState.PAUSED && now >= until ? EndpointState.SERVING : state;
  }

  String reason(long now) {
    return state(now) == EndpointState.SERVING ? "" : reason;
  }

  /** When the endpoint may get a request: now or earlier if at once, {@link #NEVER} while a probe is in flight. */
  long readyAt() {
    return probing ? NEVER : until;
  }

  /** Whether a request begun now is a probe. */
  boolean needsProbe() {
    return state == EndpointState.OPEN || state == EndpointState.OUT;
  }

  void probeBegun() {
    probing = true;
  }

  /** A probe has ended without a result. */
  void probeAbandoned() {
    probing = false;
  }

  void answered(boolean probe) {
    outcome(false);
    refusalsInARow = 0;
    if (probe) {
      close();
    }
  }

  /** The endpoint refused a request because of its content. The refusal shows that the endpoint works. */
  void refusedTheRequest(boolean probe) {
    if (probe) {
      close();
    }
  }

  /**
   * The endpoint refused a request because there were too many. Of requests in flight together, only the first refusal
   * counts.
   *
   * @param asked how long the endpoint asks to be left alone; 0 if it doesn't say
   * @return how long it is left alone
   */
  long busy(boolean probe, long begunAt, long asked, String why, long now) {
    if (begunAt >= lastRefusalAt) {
      refusalsInARow++;
      lastRefusalAt = now;
    }
    long pause = asked;
    if (pause == 0 && refusalsInARow > 1) {
      pause = FIRST_PAUSE << Math.min(MOST_DOUBLINGS, refusalsInARow - 2);
    }
    if (probe && state == EndpointState.OPEN) {
      // A busy endpoint may be full of requests that it will never answer, so the breaker stays open.
      probing = false;
      shut(EndpointState.OPEN, why, now + Math.max(PROBE_EVERY, pause));
    } else {
      if (probe) {
        close();
      }
      pause(pause, why, now);
    }
    return pause;
  }

  /** Leaves the endpoint alone for this time, unless it is out of service anyway. */
  void pause(long pause, String why, long now) {
    if (pause > 0 && !needsProbe()) {
      boolean longer = state != EndpointState.PAUSED || now + pause > until;
      state = EndpointState.PAUSED;
      reason = why;
      until = longer ? now + pause : until;
    }
  }

  /** @param asked how long the endpoint asks to be left alone; 0 if it doesn't say */
  void failed(boolean probe, long asked, String why, long now) {
    outcome(true);
    if (probe && state == EndpointState.OUT) {
      probing = false;
      shut(EndpointState.OUT, why, now + DENIED_FOR);
    } else if (probe || (!needsProbe() && Integer.bitCount(outcomes) >= FAILURES)) {
      long pausedUntil = state == EndpointState.PAUSED ? until : 0;
      close();
      shut(EndpointState.OPEN, why, Math.max(pausedUntil, now + Math.max(PROBE_EVERY, asked)));
    } else if (state == EndpointState.OPEN) {
      until = Math.max(until, now + asked);
    } else {
      pause(asked, why, now);
    }
  }

  void denied(String why, long now) {
    probing = false;
    shut(EndpointState.OUT, why, now + DENIED_FOR);
  }

  private void shut(EndpointState to, String why, long nextProbe) {
    state = to;
    reason = why;
    until = nextProbe;
  }

  private void close() {
    probing = false;
    state = EndpointState.SERVING;
    outcomes = 0;
    until = 0;
  }

  private void outcome(boolean failed) {
    outcomes = (outcomes << 1 | (failed ? 1 : 0)) & ((1 << OUTCOMES) - 1);
  }
}
