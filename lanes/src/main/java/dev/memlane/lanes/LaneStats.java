package dev.memlane.lanes;

import java.time.Duration;

/**
 * What a lane has done, and what it is doing.
 *
 * @param queued how many tasks wait for their turn
 * @param retrying how many wait for their next attempt
 * @param running how many run
 * @param submitted how many were taken
 * @param refused how many found the queue full
 * @param completed how many have a result
 * @param failed how many failed for good, those that took too long included
 * @param cancelled how many were cancelled
 * @param retries how many attempts there were after a failed one
 * @param submittedPerSecond how many were taken a second, of late: in the last minute, or since the beginning if that is less
 * @param completedPerSecond how many got a result a second, of late
 * @param waitP50 how long half of the attempts waited at most, of those that began in the last five minutes, the running one
 * included; zero if none did
 * @param waitP99 how long 99 of 100 waited at most
 * @param runP50 how long half of the attempts ran at most, of those that ended in the last five minutes; zero if none did
 * @param runP99 how long 99 of 100 ran at most
 */
public record LaneStats(String lane, int queued, int retrying, int running, long submitted, long refused,
    long completed, long failed, long cancelled, long retries, double submittedPerSecond, double completedPerSecond,
    Duration waitP50, Duration waitP99, Duration runP50,
    Duration runP99) {}
