package dev.memlane.lanes;

import java.time.Duration;

/**
 * Where tool calls that could run at the same time do, and why.
 *
 * @param parallel whether each runs on a thread of its own; otherwise one after the other on the caller's
 * @param calls how many it was decided for, those that a batched tool does at once as one
 * @param expected how long they take one after the other, by what was measured before; nothing for those of which nothing is known
 * @param handOver how long it takes to hand calls over to other threads and to be told that they have ended, as measured
 */
public record Decision(boolean parallel, Reason reason, int calls, Duration expected, Duration handOver) {

  /** What has decided. */
  public enum Reason {
    /** Nothing is known of the tool yet. */
    UNKNOWN,
    /** It takes so long that handing it over is nothing, and it may only be waiting. */
    LONG,
    /** Sharing them among the processors saves more than handing them over takes. */
    PAYS,
    /** Nothing else could run at the same time. */
    ALONE,
    /** Handing them over takes longer than it saves. */
    DOES_NOT_PAY,
    /** A worker outside does it. */
    OUTSIDE
  }

  @Override
  public String toString() {
    return (parallel ? "in parallel" : "on the caller's thread") + " (" + reason + "): " + calls
        + (calls == 1 ? " call takes " : " calls take ") + micros(expected)
        + " one after the other, handing over takes " + micros(handOver);
  }

  private static String micros(Duration duration) {
    return duration.toNanos() / 1_000 + " us";
  }
}
