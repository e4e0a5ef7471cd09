package dev.memlane.endpoints;

/**
 * How many requests an endpoint may have in flight: a number that was configured, or one that is found out.
 *
 * <p>
 * <b>Finding it.</b> Additive increase, multiplicative decrease, as TCP does it (RFC 5681): the limit doubles until the
 * first refusal; from then on it is raised by one when as many requests as it allows have succeeded while it was all used.
 * A refusal right after a raise takes the raise back; one of a limit that had held halves it. Of requests that were in
 * flight together only the first refusal counts.
 *
 * <p>
 * <b>What trying costs.</b> Each raise that fails costs one refused request, and the pause that the endpoint asks for. So
 * after one the next waits for {@value #SUCCESSES_PER_TRY} successes, twice as many each time it fails again, and for
 * {@value #PAUSES_PER_TRY} times the pause: at most 2 % of requests are refused for it, and 5 % of the time lost.
 *
 * <p>
 * Guarded by the pool's lock. Times are nanoseconds.
 */
final class ConcurrencyLimit {

  private static final int FIRST = 2;
  private static final int SUCCESSES_PER_TRY = 50;
  private static final int MOST_SUCCESSES_PER_TRY = 400;
  private static final int PAUSES_PER_TRY = 20;

  private final boolean fixed;
  private final int most;
  private int limit;
  private boolean refusedBefore;
  private boolean raisedLast;
  private long changedAt;
  private int heldFor;
  private int sinceRefusal;
  private int successesPerTry = SUCCESSES_PER_TRY;
  private long quietUntil;

  /**
   * @param configured the limit; 0 to find it out
   * @param most what is never gone beyond in finding out
   */
  ConcurrencyLimit(int configured, int most) {
    this.fixed = configured > 0;
    this.most = most;
    this.limit = fixed ? configured : Math.min(FIRST, most);
  }

  int limit() {
    return limit;
  }

  /** @param full whether all that the limit allows was in flight at some time since the request began */
  void succeeded(long begunAt, boolean full, long now) {
    if (fixed) {
      return;
    }
    sinceRefusal++;
    if (!full || begunAt < changedAt) {
      return;
    }
    heldFor++;
    if (heldFor < limit) {
      return;
    }
    if (raisedLast) {
      successesPerTry = SUCCESSES_PER_TRY;
    }
    boolean free = !refusedBefore || (sinceRefusal >= successesPerTry && now >= quietUntil);
    if (free && limit < most) {
      raisedLast = true;
      change(refusedBefore ? limit + 1 : Math.min(most, 2 * limit), now);
    }
  }

  /** @param pause how long the endpoint asks to be left alone */
  void refused(long begunAt, long pause, long now) {
    if (fixed || begunAt < changedAt) {
      return;
    }
    boolean tried = refusedBefore && raisedLast && heldFor < limit;
    if (tried) {
      successesPerTry = Math.min(MOST_SUCCESSES_PER_TRY, 2 * successesPerTry);
      quietUntil = now + PAUSES_PER_TRY * pause;
    }
    refusedBefore = true;
    raisedLast = false;
    sinceRefusal = 0;
    change(Math.max(1, tried ? limit - 1 : limit / 2), now);
  }

  private void change(int to, long now) {
    limit = to;
    heldFor = 0;
    changedAt = now;
  }
}
