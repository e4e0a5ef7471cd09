package dev.memlane.lanes;

import dev.memlane.testing.ManualScheduler;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.Set;
import java.util.stream.Stream;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.ThreadIdGen;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Has Lincheck run a lane's queue by two threads, switch between them wherever they read or write what they share, and compare
 * what they were told with what a queue for one thread would have told them in some order.
 *
 * <p>
 * All tasks are for workers outside, and no time passes, so that nobody does anything but these two. There are three jobs from
 * the beginning, the first of which both threads have claimed together, and which is not tried again when it fails. Jobs are
 * called by their numbers, as their ids begin with something random.
 */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@Param(name = "thread", gen = ThreadIdGen.class)
@Param(name = "job", gen = IntGen.class, conf = "1:3")
public class QueueLincheckTest {

  private static final String LANE = "a";
  private static final Duration LEASE = Duration.ofSeconds(10);
  private static final int PLACES = 2;
  private static final int QUEUE_BOUND = 3;
  /** As Lincheck counts them, from one on. */
  private static final int THREADS = 3;

  private final ManualScheduler time = new ManualScheduler();
  private final LaneExecutor executor = LaneExecutor.builder().scheduler(time).nanoTime(time::nanoTime)
      .lane(Lane.of(LANE).concurrency(PLACES).queueBound(QUEUE_BOUND)).build();
  private final List<Job<String>> jobs = List.of(submit(false), submit(true), submit(true));
  /** What each thread has claimed and not answered, by thread. */
  private final List<Deque<String>> claims = new ArrayList<>();

  public QueueLincheckTest() {
    Outside.Claim first = executor.outside().next(LANE, LEASE).orElseThrow();
    for (int thread = 0; thread < THREADS; thread++) {
      claims.add(new ArrayDeque<>(List.of(first.id())));
    }
  }

  private Job<String> submit(boolean idempotent) {
    return executor.submit(LANE, Task.outside(String.class, "payload").idempotent(idempotent));
  }

  private static int number(String id) {
    return Integer.parseInt(id.substring(id.indexOf('-') + 1));
  }

  // Operations

  /** Returns the job's number; 0 if it was refused. */
  @Operation
  public int submit() {
    Job<String> job = submit(true);
    return job.refusal == null ? number(job.id()) : 0;
  }

  /** Returns the number of the job that it has claimed; 0 for none. */
  @Operation(params = "thread")
  public int next(int thread) {
    return claimed(thread, executor.outside().next(LANE, LEASE));
  }

  @Operation(params = {"thread", "job"})
  public int claim(int thread, int job) {
    return claimed(thread, executor.outside().claim(jobs.get(job - 1).id(), LEASE));
  }

  private int claimed(int thread, Optional<Outside.Claim> claim) {
    claim.ifPresent(one -> claims.get(thread).add(one.id()));
    return claim.map(one -> number(one.job())).orElse(0);
  }

  /** Answers what this thread has claimed first. */
  @Operation(params = "thread")
  public boolean complete(int thread) {
    String claim = claims.get(thread).poll();
    return claim != null && executor.outside().complete(claim, "done");
  }

  @Operation(params = "thread")
  public boolean fail(int thread) {
    String claim = claims.get(thread).poll();
    return claim != null && executor.outside().fail(claim, new IllegalStateException("no"));
  }

  @Operation(params = "thread")
  public boolean renew(int thread) {
    String claim = claims.get(thread).peek();
    return claim != null && executor.outside().renew(claim, LEASE);
  }

  @Operation(params = "job")
  public void cancel(int job) {
    jobs.get(job - 1).cancel();
  }

  @Operation
  public List<Integer> offers() {
    return executor.outside().offers().stream().map(offer -> number(offer.id())).toList();
  }

  @Operation
  public List<Long> counts() {
    LaneStats stats = executor.stats().getFirst();
    return List.of((long) stats.queued(), (long) stats.running(), (long) stats.retrying(), stats.completed(),
        stats.failed(), stats.cancelled(), stats.refused());
  }

  @Test
  void queue_ofTwoThreads_isOneQueue() {
    new ModelCheckingOptions().loopBound(1_000).iterations(25).invocationsPerIteration(60).threads(2).actorsBefore(0)
        .actorsPerThread(2)
        .actorsAfter(1).sequentialSpecification(OneThreadsQueue.class).check(QueueLincheckTest.class);
  }

  /** What a queue is, as long as one thread uses it. */
  public static final class OneThreadsQueue {

    private final SequencedSet<Integer> queued = new LinkedHashSet<>(List.of(2, 3));
    private final Set<Integer> running = new HashSet<>(Set.of(1));
    private final Set<Integer> retrying = new HashSet<>();
    private final List<Deque<Integer>> claims = new ArrayList<>();
    private int last = 3;
    private long completed;
    private long failed;
    private long cancelled;
    private long refused;

    public OneThreadsQueue() {
      for (int thread = 0; thread < THREADS; thread++) {
        claims.add(new ArrayDeque<>(List.of(1)));
      }
    }

    public int submit() {
      last++;
      if (queued.size() + retrying.size() >= QUEUE_BOUND) {
        refused++;
        return 0;
      }
      queued.add(last);
      return last;
    }

    public int next(int thread) {
      return queued.isEmpty() ? 0 : claim(thread, queued.getFirst());
    }

    public int claim(int thread, int job) {
      if (running.size() == PLACES || !queued.remove(job)) {
        return 0;
      }
      running.add(job);
      claims.get(thread).add(job);
      return job;
    }

    public boolean complete(int thread) {
      boolean taken = ended(claims.get(thread).poll());
      completed += taken ? 1 : 0;
      return taken;
    }

    public boolean fail(int thread) {
      Integer job = claims.get(thread).poll();
      if (job == null || !ended(job)) {
        return false;
      }
      if (job == 1) {
        failed++;
      } else {
        retrying.add(job);
      }
      return true;
    }

    private boolean ended(@Nullable Integer job) {
      return job != null && running.remove(job);
    }

    public boolean renew(int thread) {
      Integer job = claims.get(thread).peek();
      return job != null && running.contains(job);
    }

    public void cancel(int job) {
      boolean ended = Stream.of(queued, running, retrying).anyMatch(jobs -> jobs.remove(job));
      cancelled += ended ? 1 : 0;
    }

    public List<Integer> offers() {
      return List.copyOf(queued);
    }

    public List<Long> counts() {
      return List.of((long) queued.size(), (long) running.size(), (long) retrying.size(), completed, failed,
          cancelled, refused);
    }

    /** By which Lincheck tells whether it has been here before. */
    private List<Object> state() {
      return List.of(List.copyOf(queued), running, retrying, claims.stream().map(List::copyOf).toList(), last,
          counts());
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof OneThreadsQueue queue && state().equals(queue.state());
    }

    @Override
    public int hashCode() {
      return state().hashCode();
    }
  }
}
