package dev.memlane.lanes;

import dev.memlane.testing.ManualScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.Set;
import java.util.stream.Stream;
import org.jetbrains.kotlinx.lincheck.Actor;
import org.jetbrains.kotlinx.lincheck.execution.ExecutionScenario;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ManagedStrategyGuaranteeKt;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Has Lincheck do two things to a lane's queue at the same time, switch between the two threads wherever they read or write
 * what they share, and compare what they were told with what a queue for one thread would have told them, one after the other.
 *
 * <p>
 * All tasks are for workers outside, and no time passes, so that nobody does anything but these two. There are four jobs from
 * the beginning, called by their numbers, as their ids begin with something random. The first two are claimed, and a place is
 * left for one more; the other two wait, and there is room for one more. The first is not tried again when it fails.
 */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@Param(name = "claimed", gen = IntGen.class, conf = "1:2")
@Param(name = "job", gen = IntGen.class, conf = "1:4")
public class QueueLincheckTest {

  private static final String LANE = "a";
  private static final Duration LEASE = Duration.ofSeconds(10);
  private static final int PLACES = 3;
  private static final int QUEUE_BOUND = 3;
  /** What is done at the same time: what is about the same job, the last place, or the last room in the queue. */
  private static final List<String> SCENARIOS = List.of("submit | submit", "submit | next", "submit | cancel 3",
      "submit | fail 2", "next | next", "next | claim 3", "next | cancel 3", "next | complete 1", "next | offers",
      "claim 3 | claim 3", "claim 3 | cancel 3", "claim 3 | claim 4", "complete 1 | complete 1", "complete 1 | fail 1",
      "complete 1 | cancel 1", "complete 1 | counts", "fail 1 | fail 1", "fail 1 | cancel 1", "fail 1 | deadLetters",
      "fail 2 | fail 2",
      "fail 2 | complete 2", "fail 2 | cancel 2", "fail 2 | renew 2", "cancel 1 | cancel 1");

  private final ManualScheduler time = new ManualScheduler();
  private final LaneExecutor executor = LaneExecutor.builder().scheduler(time).nanoTime(time::nanoTime)
      .lane(Lane.of(LANE).concurrency(PLACES).queueBound(QUEUE_BOUND)).build();
  private final List<Job<String>> jobs = new ArrayList<>();
  private final List<String> claims = new ArrayList<>();

  public QueueLincheckTest() {
    for (int number = 1; number <= 4; number++) {
      jobs.add(submit(number > 1));
      if (number <= 2) {
        claims.add(executor.outside().next(LANE, LEASE).orElseThrow().id());
      }
    }
  }

  private Job<String> submit(boolean idempotent) {
    return executor.submit(LANE, Task.outside(String.class, "payload").idempotent(idempotent));
  }

  private static int number(String id) {
    return Integer.parseInt(id.substring(id.indexOf('-') + 1));
  }

  private static int number(Optional<Outside.Claim> claim) {
    return claim.map(one -> number(one.job())).orElse(0);
  }

  // Operations

  /** Returns the job's number; 0 if it was refused. */
  @Operation
  public int submit() {
    Job<String> job = submit(true);
    return job.refusal == null ? number(job.id()) : 0;
  }

  /** Returns the number of the job that was claimed; 0 for none. */
  @Operation
  public int next() {
    return number(executor.outside().next(LANE, LEASE));
  }

  @Operation(params = "job")
  public int claim(int job) {
    return number(executor.outside().claim(jobs.get(job - 1).id(), LEASE));
  }

  @Operation(params = "claimed")
  public boolean complete(int claimed) {
    return executor.outside().complete(claims.get(claimed - 1), "done");
  }

  @Operation(params = "claimed")
  public boolean fail(int claimed) {
    return executor.outside().fail(claims.get(claimed - 1), new IllegalStateException("no"));
  }

  @Operation(params = "claimed")
  public boolean renew(int claimed) {
    return executor.outside().renew(claims.get(claimed - 1), LEASE);
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

  @Operation
  public int deadLetters() {
    return executor.deadLetters().size();
  }

  @Test
  void queue_twoThingsAtTheSameTime_areAsIfOneCameAfterTheOther() {
    ModelCheckingOptions options = new ModelCheckingOptions().iterations(0).invocationsPerIteration(60)
        .sequentialSpecification(OneThreadsQueue.class);
    // They reckon much, and only under the executor's lock: there is nothing to be found by switching there.
    options.loopBound(1_000).addGuarantee(ManagedStrategyGuaranteeKt
        .forClasses(Rate.class.getName(), Durations.class.getName()).allMethods().treatAsAtomic());
    List<Actor> after = List.of(actor("offers"), actor("counts"), actor("deadLetters"));
    for (String scenario : SCENARIOS) {
      List<List<Actor>> threads = Arrays.stream(scenario.split(" \\| ", -1)).map(one -> List.of(actor(one))).toList();
      options.addCustomScenario(new ExecutionScenario(List.of(), threads, after, null));
    }
    options.check(QueueLincheckTest.class);
  }

  /** An operation's name, and the number of the job that it is about if it is about one. */
  private static Actor actor(String operation) {
    List<String> parts = List.of(operation.split(" ", 2));
    List<Integer> arguments = parts.subList(1, parts.size()).stream().map(Integer::valueOf).toList();
    Class<?>[] types = Collections.nCopies(arguments.size(), int.class).toArray(Class<?>[]::new);
    try {
      return new Actor(QueueLincheckTest.class.getMethod(parts.getFirst(), types), arguments);
    } catch (NoSuchMethodException e) {
      throw new IllegalArgumentException("there is no operation " + operation, e);
    }
  }

  /** What a queue is, as long as one thread uses it. */
  public static final class OneThreadsQueue {

    private final SequencedSet<Integer> queued = new LinkedHashSet<>(List.of(3, 4));
    private final Set<Integer> running = new HashSet<>(Set.of(1, 2));
    private final Set<Integer> retrying = new HashSet<>();
    private int last = 4;
    private long completed;
    private long failed;
    private long cancelled;
    private long refused;

    public int submit() {
      last++;
      if (queued.size() + retrying.size() >= QUEUE_BOUND) {
        refused++;
        return 0;
      }
      queued.add(last);
      return last;
    }

    public int next() {
      return queued.isEmpty() ? 0 : claim(queued.getFirst());
    }

    public int claim(int job) {
      if (running.size() == PLACES || !queued.remove(job)) {
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

    /** By which Lincheck tells whether it has been here before. */
    private List<Object> state() {
      return List.of(offers(), running, retrying, last, counts());
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
