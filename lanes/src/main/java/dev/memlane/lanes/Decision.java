package dev.memlane.lanes;

import java.time.Duration;

/**
 * The decision where tool calls run that could run at the same time, and its reason.
 *
 * @param parallel whether each call runs on a thread of its own; otherwise they run one after the other on the
 * caller's thread
 * @param calls the number of calls; calls that a batched tool runs together count as one
 * @param expected how long they take one after the other, by earlier measurements; unknown calls count as zero
 * @param handOver how long it takes to hand calls over to other threads and to learn that they have ended, as
 * measured
 */
public record Decision(boolean parallel, Reason reason, int calls, Duration expected, Duration handOver) {

  /** The reason for the decision. */
  public enum Reason {
    /** A tool has not been measured yet. */
    UNKNOWN,
    /** The calls take so long that the cost of handing over is negligible, and they may be merely waiting. */
    LONG,
    /** Sharing the calls among the processors saves more than handing over costs. */
    PAYS,
    /** A single call, and nothing else could run at the same time. */
    ALONE,
    /** Handing over costs more than it saves. */
    DOES_NOT_PAY,
    /** External workers do the calls. */
    EXTERNAL
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
