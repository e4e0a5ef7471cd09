package dev.memlane.lanes;

import dev.memlane.testing.ManualScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.Set;
import java.util.stream.Stream;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Linearizability of a lane's queue: Lincheck runs operations in two threads, switches between them wherever they
 * access shared state, and compares the results with a sequential model.
 *
 * <p>
 * All tasks are external and no time passes, so there are no other threads. There are four jobs at the beginning, and
 * all jobs have numbers. The first two are claimed, and one permit is left. The other two wait, and there is room for
 * one more. The first job is not retried when it fails.
 */
@Tag("slow")
@Timeout(value = 1_200, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@Param(name = "claimed", gen = IntGen.class, conf = "1:2")
@Param(name = "job", gen = IntGen.class, conf = "1:4")
@Param(name = "added", gen = IntGen.class, conf = "5:6")
public class QueueLincheckTest {

  private static final String LANE = "a";
  private static final Duration LEASE = Duration.ofSeconds(10);
  private static final int PERMITS = 3;
  private static final int QUEUE_BOUND = 3;
  /** Concurrent operations on the same job, the last permit, or the last room in the queue. */
  private static final List<String> SCENARIOS = List.of("submit 5 | submit 6", "submit 5 | next",
      "submit 5 | cancel 3", "submit 5 | fail 2", "fail 2; submit 5 | submit 6", "next | next", "next | claim 3",
      "next | cancel 3", "next | complete 1", "next | offers",
      "claim 3 | claim 3", "claim 3 | cancel 3", "claim 3 | claim 4", "complete 1 | complete 1", "complete 1 | fail 1",
      "complete 1 | cancel 1", "complete 1 | counts", "fail 1 | fail 1", "fail 1 | cancel 1", "fail 1 | deadLetters",
      "fail 2 | fail 2",
      "fail 2 | complete 2", "fail 2 | cancel 2", "fail 2 | renew 2", "cancel 1 | cancel 1");

  private final ManualScheduler time = new ManualScheduler();
  private final LaneExecutor executor = LaneExecutor.builder().scheduler(time).nanoTime(time::nanoTime)
      .lane(Lane.of(LANE).concurrency(PERMITS).queueBound(QUEUE_BOUND)).build();
  private final List<Job<String>> jobs = new ArrayList<>();
  private final List<String> claims = new ArrayList<>();

  public QueueLincheckTest() {
    for (int number = 1; number <= 4; number++) {
      jobs.add(submit(number, number > 1));
      if (number <= 2) {
        claims.add(executor.externalTasks().next(LANE, LEASE).orElseThrow().id());
      }
    }
  }

  private Job<String> submit(int number, boolean idempotent) {
    return executor.submit(LANE, Task.external(String.class, number).idempotent(idempotent));
  }

  private static int number(Optional<ExternalTasks.Claim> claim) {
    return claim.map(one -> (Integer) Objects.requireNonNull(one.payload())).orElse(0);
  }

  // Operations

  /** Returns whether the job was accepted. */
  @Operation(params = "added")
  public boolean submit(int added) {
    return submit(added, true).refusal == null;
  }

  /** Returns the number of the job that was claimed; 0 for none. */
  @Operation
  public int next() {
    return number(executor.externalTasks().next(LANE, LEASE));
  }

  @Operation(params = "job")
  public int claim(int job) {
    return number(executor.externalTasks().claim(jobs.get(job - 1).id(), LEASE));
  }

  @Operation(params = "claimed")
  public boolean complete(int claimed) {
    return executor.externalTasks().complete(claims.get(claimed - 1), "done");
  }

  @Operation(params = "claimed")
  public boolean fail(int claimed) {
    return executor.externalTasks().fail(claims.get(claimed - 1), new IllegalStateException("no"));
  }

  @Operation(params = "claimed")
  public boolean renew(int claimed) {
    return executor.externalTasks().renew(claims.get(claimed - 1), LEASE);
  }

  @Operation(params = "job")
  public void cancel(int job) {
    jobs.get(job - 1).cancel();
  }

  @Operation
  public List<Object> offers() {
    return executor.externalTasks().offers().stream().map(offer -> Objects.requireNonNull(offer.payload())).toList();
  }

  @Operation
  public List<Long> counts() {
    LaneStats stats = executor.stats().getFirst();
    return List.of((long) stats.queued(), (long) stats.running(), (long) stats.retrying(), stats.completed(),
        stats.failed(), stats.cancelled(), stats.refused());
  }

  @Operation
  public int deadLetters() {
    return executor.deadLetters().size();
  }

  @Test
  void queue_concurrentOperations_areLinearizable() {
    ModelCheckingOptions options = LincheckScenarios.options(SequentialQueue.class, 60);
    for (String scenario : LincheckScenarios.sample(SCENARIOS)) {
      options.addCustomScenario(
          LincheckScenarios.scenario(QueueLincheckTest.class, "", scenario, "offers; counts; deadLetters"));
    }
    options.check(QueueLincheckTest.class);
  }

  /** The sequential model of a queue. */
  public static final class SequentialQueue {

    private final SequencedSet<Integer> queued = new LinkedHashSet<>(List.of(3, 4));
    private final Set<Integer> running = new HashSet<>(Set.of(1, 2));
    private final Set<Integer> retrying = new HashSet<>();
    private long completed;
    private long failed;
    private long cancelled;
    private long refused;

    public boolean submit(int added) {
      if (queued.size() + retrying.size() >= QUEUE_BOUND) {
        refused++;
        return false;
      }
      return queued.add(added);
    }

    public int next() {
      return queued.isEmpty() ? 0 : claim(queued.getFirst());
    }

    public int claim(int job) {
      if (running.size() == PERMITS || !queued.remove(job)) {
        return 0;
      }
      running.add(job);
      return job;
    }

    public boolean complete(int claimed) {
      boolean taken = running.remove(claimed);
      completed += taken ? 1 : 0;
      return taken;
    }

    public boolean fail(int claimed) {
      boolean taken = running.remove(claimed);
      if (taken && claimed == 1) {
        failed++;
      } else if (taken) {
        retrying.add(claimed);
      }
      return taken;
    }

    public boolean renew(int claimed) {
      return running.contains(claimed);
    }

    public void cancel(int job) {
      boolean ended = Stream.of(queued, running, retrying).anyMatch(all -> all.remove(job));
      cancelled += ended ? 1 : 0;
    }

    public List<Integer> offers() {
      return List.copyOf(queued);
    }

    public List<Long> counts() {
      return List.of((long) queued.size(), (long) running.size(), (long) retrying.size(), completed, failed, cancelled,
          refused);
    }

    public int deadLetters() {
      return Math.toIntExact(failed);
    }

    /** The state, by which Lincheck recognises equal models. */
    private List<Object> state() {
      return List.of(offers(), running, retrying, counts());
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof SequentialQueue queue && state().equals(queue.state());
    }

    @Override
    public int hashCode() {
      return state().hashCode();
    }
  }
}
