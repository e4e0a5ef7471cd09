package dev.memlane.lanes;

import java.time.Duration;

/**
 * The statistics of a lane. Percentiles are at most an eighth too high.
 *
 * @param lane the lane's name
 * @param queued the number of tasks that wait for a permit or a worker
 * @param retrying the number of tasks that wait for their next attempt
 * @param running the number of tasks that run
 * @param submitted the number of tasks that were accepted
 * @param refused the number of tasks that were refused, because the queue was full or the executor shut down
 * @param completed the number of tasks that have a result
 * @param failed the number of tasks that failed for good, including those that took too long
 * @param cancelled the number of tasks that were cancelled
 * @param retries the number of failed attempts that were followed by a retry
 * @param submittedPerSecond the recent rate of accepted tasks: over the last minute, or since the beginning if that
 * is shorter
 * @param completedPerSecond the recent rate of results
 * @param waitP50 the median wait of the attempts that began in the last five minutes, including the current one; zero
 * if there are none
 * @param waitP99 the 99th percentile of these waits
 * @param runP50 the median time that attempts ran, of those that ended in the last five minutes; zero if there are
 * none
 * @param runP99 the 99th percentile of these times
 */
public record LaneStats(String lane, int queued, int retrying, int running, long submitted, long refused,
    long completed, long failed, long cancelled, long retries, double submittedPerSecond, double completedPerSecond,
    Duration waitP50, Duration waitP99, Duration runP50,
    Duration runP99) {}
