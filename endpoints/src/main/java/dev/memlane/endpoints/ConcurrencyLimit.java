package dev.memlane.endpoints;

/**
 * A limit on the requests that an endpoint may have in flight: configured, or adapted to the endpoint's refusals.
 *
 * <p>
 * <b>Adapting.</b> The limit follows additive increase, multiplicative decrease, as in TCP (RFC 5681). It doubles until
 * the first refusal. From then on it rises by one after as many successes as it allows requests, counted while the
 * limit was used up. A refusal right after a raise takes the raise back; a refusal at a limit that had held halves it.
 * Of requests in flight together, only the first refusal counts.
 *
 * <p>
 * <b>Cost.</b> A raise that fails costs one refused request, and the pause that the endpoint asks for. So the next
 * raise waits for {@value #SUCCESSES_PER_TRY} successes (twice as many after each further failed raise), and for
 * {@value #PAUSES_PER_TRY} times the pause. That bounds the cost to 2 % of the requests and 5 % of the time.
 *
 * <p>
 * All access holds the pool's lock. Times are nanoseconds.
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
   * @param configured the limit; 0 to adapt it
   * @param most the upper bound of an adapted limit
   */
  ConcurrencyLimit(int configured, int most) {
    this.fixed = configured > 0;
    this.most = most;
    this.limit = fixed ? configured : Math.min(FIRST, most);
  }

  int limit() {
    return limit;
  }

  /** @param full whether the limit was used up at some time since the request began */
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
