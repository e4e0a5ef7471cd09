package dev.memlane.lanes;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The executor's one lock, with what has to happen whenever it is taken and released.
 *
 * <p>
 * Two things happen without the lock, because many short tasks would otherwise wait for it: submitted jobs are put
 * into the {@link Arrivals} of their lane, and the {@link Relay} passes permits on. {@link #lock} enters both before
 * it returns, so its holder finds the {@link JobStateMachine} as if everything had been done under the lock.
 * {@link #unlock} first grants the permits that have become free and reopens the relay if it may. Then, without the
 * lock, it starts the granted attempts and takes in the jobs that have arrived meanwhile.
 *
 * <p>
 * <b>No job waits where a permit is free.</b> A thread that has released the lock checks for arrivals afterwards, and
 * so does a thread that has added one. If another thread holds the lock at that moment, that thread checks on its
 * release.
 *
 * <p>
 * Holders call nothing foreign (tasks, futures, hooks), and a thread takes the lock once at a time.
 */
final class ExecutorLock implements Lock {

  private static final int SPINS = 100;
  private static final int MOST_ROUNDS = 10;

  private final Relay relay;
  private final JobThreads threads;
  /** For their arrivals, which need no lock. */
  private final List<LaneState> lanes;
  /** Not a monitor: a virtual thread that waits for it never pins its carrier, whatever the JDK. */
  private final ReentrantLock mutex = new ReentrantLock();
  @GuardedBy("mutex")
  private final JobStateMachine jobs;

  ExecutorLock(JobStateMachine jobs, Relay relay, JobThreads threads) {
    this.jobs = jobs;
    this.relay = relay;
    this.threads = threads;
    this.lanes = jobs.lanes();
  }

  /**
   * Takes the lock. The lock is held for less time than it takes to park a thread and to wake it up, so this spins
   * first.
   */
  @Override
  public void lock() {
    for (int i = 0; i < SPINS; i++) {
      if (tryLock()) {
        return;
      }
      Thread.onSpinWait();
    }
    mutex.lock();
    catchUp();
  }

  @Override
  public boolean tryLock() {
    if (!mutex.tryLock()) {
      return false;
    }
    catchUp();
    return true;
  }

  /** Tries to take the lock, unless it is enough to renew the relay for this lane: then it is renewed. */
  boolean tryLockUnlessRenewed(LaneState lane) {
    if (!mutex.tryLock()) {
      Thread.onSpinWait();
      return false;
    }
    if (renewRelay(lane)) {
      takeInArrivals();
      return false;
    }
    catchUp();
    return true;
  }

  /** Enters what was done without the lock. Needs the mutex, and releases it if this fails. */
  private void catchUp() {
    boolean done = false;
    try {
      jobs.forgetTime();
      enter(relay.close());
      jobs.takeInAll();
      jobs.grantIfDue();
      done = true;
    } finally {
      if (!done) {
        // Whatever failed, other threads must not wait forever.
        mutex.unlock();
      }
    }
  }

  @GuardedBy("mutex")
  private void enter(List<Relay.Pass> passes) {
    for (Relay.Pass pass : passes) {
      jobs.complete(pass.ended(), pass.at());
      jobs.begin(pass.begun(), pass.at());
    }
  }

  /**
   * Opens the next line of the relay if it is at the end of its line in this lane. Needs the mutex, and releases it
   * unless this returns false.
   */
  private boolean renewRelay(LaneState lane) {
    boolean keepsMutex = false;
    try {
      if (relay.isOpenFor(lane)) {
        jobs.forgetTime();
        jobs.takeIn(lane);
        List<Relay.Pass> passes = relay.renew(lane);
        if (passes != null) {
          // Permits are passed on meanwhile, but none to a job that is entered here, and no other permit becomes free.
          enter(passes);
          return true;
        }
      }
      keepsMutex = true;
      return false;
    } finally {
      if (!keepsMutex) {
        mutex.unlock();
      }
    }
  }

  @Override
  public void unlock() {
    release();
    takeInArrivals();
  }

  /** Needs the mutex, and releases it. */
  private void release() {
    List<JobRun> granted = List.of();
    try {
      try {
        jobs.grantIfDue();
        openRelay();
      } finally {
        granted = jobs.takeGranted();
      }
    } finally {
      mutex.unlock();
      granted.forEach(threads::start);
    }
  }

  /** Opens the relay if it is certain which job is next. */
  @GuardedBy("mutex")
  private void openRelay() {
    Job<?> next = jobs.certainNext();
    if (next != null) {
      relay.open(next.lane, next);
    }
  }

  /**
   * Takes in the jobs that have arrived. Does nothing while another thread holds the lock, which then does it on
   * release, and nothing for a lane that the relay is open for: there the next thread whose job ends does it. Never
   * throws: the caller may still have to notify the submitter of a job that it has ended.
   */
  void takeInArrivals() {
    try {
      for (int round = 0; hasArrivals(); round++) {
        if (round == MOST_ROUNDS) {
          // This thread has work of its own to do.
          threads.execute(this::takeInArrivals);
          return;
        }
        if (!tryLock()) {
          return;
        }
        release();
      }
    } catch (Throwable e) {
      Uncaught.report(e);
    }
  }

  private boolean hasArrivals() {
    for (LaneState lane : lanes) {
      if (!lane.arrived.isEmpty() && !relay.isOpenFor(lane)) {
        return true;
      }
    }
    return false;
  }

  // Not needed

  @Override
  public boolean tryLock(long time, TimeUnit unit) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void lockInterruptibly() {
    throw new UnsupportedOperationException();
  }

  @Override
  public Condition newCondition() {
    throw new UnsupportedOperationException();
  }
}
