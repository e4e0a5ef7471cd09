package dev.memlane.lanes;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The allocation of the executor's permits to its lanes: which job is granted the next one. Guarded by the executor's
 * lock, except {@link #lane} and {@link #lanes}. Times are nanoseconds.
 *
 * <p>
 * Invariants: {@link #running} is the sum of the lanes' running jobs. The free permits are at least as many as those
 * that are reserved for lanes and not in use, unless jobs were resumed beyond that: nothing begins then until enough
 * have ended.
 */
final class PermitAllocator {

  private final int concurrency;
  private final Map<String, LaneState> lanes = new LinkedHashMap<>();
  private final List<LaneState> inOrder;
  private int running;
  /** How many permits are reserved for lanes and not in use. */
  private int unusedReserved;
  /** When the first lane that has a job, a permit for it, and no start left in its limit, may start it. */
  private long startLimitEndsAt = Long.MAX_VALUE;

  /** @throws IllegalArgumentException if two lanes have the same name, or they reserve more permits than there are */
  PermitAllocator(int concurrency, List<Lane> all, long now) {
    this.concurrency = concurrency;
    int reserved = 0;
    for (Lane lane : all) {
      if (lanes.put(lane.name(), new LaneState(lane, now)) != null) {
        throw new IllegalArgumentException("two lanes are called " + lane.name());
      }
      reserved += lane.reserved();
    }
    this.inOrder = List.copyOf(lanes.values());
    this.unusedReserved = reserved;
    if (reserved > concurrency) {
      throw new IllegalArgumentException("the lanes reserve " + reserved + " permits, but there are only " + concurrency
          + "; reserve fewer, or raise the executor's concurrency");
    }
    for (Lane lane : all) {
      if (reserved == concurrency && lane.reserved() == 0) {
        throw new IllegalArgumentException("lane " + lane.name() + " could never run anything: all " + concurrency
            + " permits are reserved for other lanes; reserve fewer, or raise the executor's concurrency");
      }
    }
  }

  /** @throws IllegalArgumentException if there is no such lane */
  LaneState lane(String name) {
    LaneState lane = lanes.get(name);
    if (lane == null) {
      throw new IllegalArgumentException("there is no lane " + name + "; there are "
          + String.join(", ", lanes.keySet())
          + (isDefault(name) ? " (call defaultLanes() to have the default lanes next to your own)" : ""));
    }
    return lane;
  }

  private static boolean isDefault(String name) {
    return Lane.defaults().stream().anyMatch(lane -> lane.name().equals(name));
  }

  /** All lanes, in the order in which they were configured. */
  List<LaneState> lanes() {
    return inOrder;
  }

  /** The job of this process that starts next; null if none waits where a permit is free. */
  @Nullable
  Job<?> nextJob(long now) {
    if (running >= concurrency) {
      return null;
    }
    Job<?> best = null;
    for (LaneState lane : inOrder) {
      Job<?> candidate = lane.local().candidate(now);
      if (candidate != null && canStart(lane, now) && (best == null
          || WaitingJobs.priority(candidate, now) > WaitingJobs.priority(best, now))) {
        best = candidate;
      }
    }
    return best;
  }

  /**
   * The only lane with jobs that wait for a permit, if no job has arrived in another lane and its next job is always
   * its oldest; null otherwise, and while jobs run beyond the permits. Called when no job waits where a permit is free for it.
   */
  @Nullable
  LaneState onlyWaitingLane() {
    LaneState only = null;
    for (LaneState lane : inOrder) {
      if (lane.local().size() > 0) {
        if (only != null || lane.dependsOnTime()) {
          return null;
        }
        only = lane;
      }
    }
    if (only == null || isBeyondPermits(only)) {
      return null;
    }
    for (LaneState lane : inOrder) {
      if (lane != only && !lane.arrived.isEmpty()) {
        return null;
      }
    }
    return only;
  }

  /** Whether one more job of this lane may start. */
  boolean canStart(LaneState lane, long now) {
    return hasPermit(lane) && isWithinStartLimit(lane, now);
  }

  /** The jobs that external workers wanted to claim and could not, and now can: the first of each lane. */
  List<Job<?>> claimable(long now) {
    List<Job<?>> jobs = List.of();
    for (LaneState lane : inOrder) {
      if (lane.isClaimWaiting && canStart(lane, now)) {
        lane.isClaimWaiting = false;
        Job<?> job = lane.external().candidate(now);
        if (job != null) {
          jobs = jobs.isEmpty() ? new ArrayList<>() : jobs;
          jobs.add(job);
        }
      }
    }
    return jobs;
  }

  private boolean hasPermit(LaneState lane) {
    return concurrency - running > unusedReserved - lane.unusedReserved()
        && lane.running().size() < lane.lane.concurrency();
  }

  /** Whether jobs were resumed beyond the permits, so that a job which ends may leave none to the next. */
  private boolean isBeyondPermits(LaneState lane) {
    return concurrency - running < unusedReserved || lane.running().size() > lane.lane.concurrency();
  }

  private boolean isWithinStartLimit(LaneState lane, long now) {
    long at = lane.startLimiter.readyAt(now);
    if (at > now) {
      startLimitEndsAt = Math.min(startLimitEndsAt, at);
    }
    return at <= now;
  }

  /**
   * When to try again to start what a limit of starts has held back since the last call; {@link Long#MAX_VALUE} for
   * never.
   */
  long startLimitEndsAt() {
    long at = startLimitEndsAt;
    startLimitEndsAt = Long.MAX_VALUE;
    return at;
  }

  void start(Job<?> job, long now) {
    running++;
    unusedReserved -= job.lane.unusedReserved();
    job.lane.start(job, now);
    unusedReserved += job.lane.unusedReserved();
  }

  /** Counts a job as running that began before this executor did, whether or not a permit is free. */
  void resume(Job<?> job, long startedAt) {
    running++;
    unusedReserved -= job.lane.unusedReserved();
    job.lane.resume(job, startedAt);
    unusedReserved += job.lane.unusedReserved();
  }

  /** Removes a job that is not done from its list, and takes back its permit if it has one. */
  void takeOut(Job<?> job, long now) {
    if (job.state() == Job.State.RUNNING) {
      running--;
    }
    unusedReserved -= job.lane.unusedReserved();
    job.lane.takeOut(job, now);
    unusedReserved += job.lane.unusedReserved();
  }
}
