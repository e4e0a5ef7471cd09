package dev.memlane.lanes;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Whose turn it is: the lanes, and the places that they share. Guarded by the executor's lock. Times are nanoseconds.
 *
 * <p>
 * Invariants: {@link #running} is the sum of the lanes' running jobs; the places that are free are at least as many as are
 * reserved for lanes and not in use.
 */
final class PermitAllocator {

  private final int concurrency;
  private final Map<String, LaneState> lanes = new LinkedHashMap<>();
  private final List<LaneState> inOrder;
  private int running;
  /** How many places are kept for lanes and not in use. */
  private int owed;
  /** When the first lane that has used up its starts, has a job to start and a place for it, may go on. */
  private long rateFreeAt = Long.MAX_VALUE;

  /** @throws IllegalArgumentException if two lanes have one name, or reserve more places than there are */
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
    this.owed = reserved;
    if (reserved > concurrency) {
      throw new IllegalArgumentException("the lanes reserve " + reserved + " places, and there are " + concurrency
          + "; reserve fewer, or raise the executor's concurrency");
    }
    for (Lane lane : all) {
      if (reserved == concurrency && lane.reserved() == 0) {
        throw new IllegalArgumentException("lane " + lane.name() + " could never run anything: all " + concurrency
            + " places are reserved for others; reserve fewer, or raise the executor's concurrency");
      }
    }
  }

  /** @throws IllegalArgumentException if there is no such lane */
  LaneState lane(String name) {
    LaneState lane = lanes.get(name);
    if (lane == null) {
      throw new IllegalArgumentException(
          "there is no lane " + name + "; there are " + String.join(", ", lanes.keySet())
              + (isDefault(name)
                  ? " (with lanes of one's own the default ones are there if defaultLanes() says so)"
                  : ""));
    }
    return lane;
  }

  private static boolean isDefault(String name) {
    return Lane.defaults().stream().anyMatch(lane -> lane.name().equals(name));
  }

  /** All, in the order given; may be asked without the lock. */
  List<LaneState> lanes() {
    return inOrder;
  }

  /** The job whose turn it is, if there is a place for one; those for workers outside have none of their own. */
  @Nullable
  Job<?> next(long now) {
    if (running == concurrency) {
      return null;
    }
    Job<?> best = null;
    for (LaneState lane : inOrder) {
      Job<?> candidate = lane.inside().candidate(now);
      if (candidate != null && isFree(lane, now) && (best == null
          || WaitingJobs.priority(candidate, now) > WaitingJobs.priority(best, now))) {
        best = candidate;
      }
    }
    return best;
  }

  /**
   * The lane of all that wait for a place, if it is one, nobody has arrived in another, and the next is always its oldest; null
   * otherwise. To be asked when no job waits where a place is free for it.
   */
  @Nullable
  LaneState onlyLaneThatWaits() {
    LaneState only = null;
    for (LaneState lane : inOrder) {
      if (lane.inside().size() > 0) {
        if (only != null || lane.isTimed()) {
          return null;
        }
        only = lane;
      }
    }
    if (only == null) {
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
  boolean isFree(LaneState lane, long now) {
    return hasPermit(lane) && mayStart(lane, now);
  }

  /** The jobs that workers outside wanted to claim and could not, and now can: the first of each lane. */
  List<Job<?>> wanted(long now) {
    List<Job<?>> jobs = List.of();
    for (LaneState lane : inOrder) {
      if (lane.wanted && isFree(lane, now)) {
        lane.wanted = false;
        Job<?> job = lane.outside().candidate(now);
        if (job != null) {
          jobs = jobs.isEmpty() ? new ArrayList<>() : jobs;
          jobs.add(job);
        }
      }
    }
    return jobs;
  }

  private boolean hasPermit(LaneState lane) {
    return concurrency - running > owed - lane.owed() && lane.running().size() < lane.lane.concurrency();
  }

  private boolean mayStart(LaneState lane, long now) {
    long at = lane.rate.readyAt(now);
    if (at > now) {
      rateFreeAt = Math.min(rateFreeAt, at);
    }
    return at <= now;
  }

  /** When to look again for what a lane's limit of starts has held back since this was asked last. */
  long rateFreeAt() {
    long at = rateFreeAt;
    rateFreeAt = Long.MAX_VALUE;
    return at;
  }

  void start(Job<?> job, long now) {
    running++;
    owed -= job.lane.owed();
    job.lane.start(job, now);
    owed += job.lane.owed();
  }

  /** Takes a job that isn't done out of where it is, and its place back if it has one. */
  void takeOut(Job<?> job, long now) {
    if (job.state() == Job.State.RUNNING) {
      running--;
    }
    owed -= job.lane.owed();
    job.lane.takeOut(job, now);
    owed += job.lane.owed();
  }
}
