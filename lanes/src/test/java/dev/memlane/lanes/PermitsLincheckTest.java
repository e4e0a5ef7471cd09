package dev.memlane.lanes;

import dev.memlane.testing.ManualScheduler;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToLongFunction;
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
 * Linearizability of permits: Lincheck ends, cancels and submits tasks of this process in two threads, switches
 * between them wherever they access shared state, and compares which tasks run with a sequential model.
 *
 * <p>
 * There are no other threads: a task that begins is only recorded, and runs when the scenario ends it. There are four
 * jobs at the beginning, and all jobs have numbers. Two jobs run, as many as the lane allows, two wait, and there is
 * room for two more.
 */
@Tag("slow")
@Timeout(value = 1_200, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@Param(name = "job", gen = IntGen.class, conf = "1:7")
public class PermitsLincheckTest {

  private static final String LANE = "a";
  private static final String OTHER_LANE = "b";
  private static final int PERMITS = 2;
  private static final int QUEUE_BOUND = 4;
  private static final int FIRST_JOBS = 4;
  private static final int LAST_JOB = 7;
  private static final Decision DECISION = new Decision(false, Decision.Reason.ALONE, 1, Duration.ZERO, Duration.ZERO);

  /** While permits are passed on to the two waiting jobs. */
  private static final List<String> IN_LINE = List.of("succeed 1 | succeed 2", "succeed 1; succeed 2 | cancel 3",
      "succeed 1 | cancel 1", "succeed 1 | cancel 4", "succeed 1 | fail 2", "succeed 1 | counts",
      "succeed 1; succeed 2 | submit 5", "succeed 1 | submit 5; counts", "cancel 1 | cancel 3", "cancel 1 | submit 5",
      "fail 1 | submit 5; submit 6", "submit 5; submit 6 | submit 7", "succeed 1; submit 5 | submit 6; submit 7",
      "succeed 1 | submitElsewhere 7", "submit 5 | submitElsewhere 7", "cancel 4 | submitElsewhere 7");
  /** When both have permits, and another job has arrived since. */
  private static final List<String> AT_THE_END_OF_THE_LINE = List.of("succeed 3 | succeed 4", "succeed 3 | cancel 5",
      "succeed 3 | cancel 4", "succeed 3 | submit 6", "succeed 3; succeed 4 | submit 6", "succeed 3 | counts",
      "succeed 3 | fail 4", "cancel 4 | cancel 5", "succeed 3 | submitElsewhere 7");
  /** When a job has arrived after those in line. */
  private static final List<String> BEHIND_THE_LINE = List.of("succeed 1; succeed 2 | cancel 1; submit 6");
  /** While permits are free. */
  private static final List<String> IDLE = List.of("submit 5 | submit 6", "submit 5; submit 6 | submit 7",
      "submit 5 | counts", "runHere 5 | submit 6", "runHere 5 | submit 6; submit 7",
      "submitElsewhere 5; submitElsewhere 6 | submitElsewhere 7");

  private final ManualScheduler time = new ManualScheduler();
  private final Map<Integer, JobRun> started = new ConcurrentHashMap<>();
  private final LaneExecutor executor = LaneExecutor.builder().scheduler(time).nanoTime(time::nanoTime)
      .concurrency(PERMITS + 3).lane(Lane.of(LANE).concurrency(PERMITS).queueBound(QUEUE_BOUND))
      .lane(Lane.of(OTHER_LANE).queueBound(1))
      .starter(run -> started.put(Integer.valueOf(run.job().task().name()), run))
      .build();
  private final Map<Integer, Job<Integer>> jobs = new ConcurrentHashMap<>();
  private final Set<Integer> failing = ConcurrentHashMap.newKeySet();

  public PermitsLincheckTest() {
    for (int number = 1; number <= FIRST_JOBS; number++) {
      boolean unused = add(LANE, number);
    }
  }

  // Operations

  /** Returns whether the job was accepted. */
  @Operation(params = "job")
  public boolean submit(int number) {
    return add(LANE, number);
  }

  /** Submits to the other lane, which always has free permits, but room for only one waiting job. */
  @Operation(params = "job")
  public boolean submitElsewhere(int number) {
    return add(OTHER_LANE, number);
  }

  private boolean add(String lane, int number) {
    Job<Integer> job = executor.submit(lane, task(number));
    jobs.put(number, job);
    return job.refusal == null;
  }

  /** Returns whether the job ran at once. */
  @Operation(params = "job")
  public boolean runHere(int number) {
    Job<Integer> job = executor.intake().runHere(LANE, task(number), DECISION);
    jobs.put(number, job);
    return job.future().isDone() && job.refusal == null;
  }

  private Task<Integer> task(int number) {
    return Task.of(() -> {
      if (failing.contains(number)) {
        throw new IllegalStateException("no");
      }
      return number;
    }).named(Integer.toString(number));
  }

  /** Runs the job if it has been started; returns whether it has. */
  @Operation(params = "job")
  public boolean succeed(int number) {
    JobRun run = started.get(number);
    if (run == null) {
      return false;
    }
    run.run();
    return true;
  }

  @Operation(params = "job")
  public boolean fail(int number) {
    failing.add(number);
    return succeed(number);
  }

  @Operation(params = "job")
  public void cancel(int number) {
    Objects.requireNonNull(jobs.get(number)).cancel();
  }

  /** The jobs that have ever been started. Does not call the executor, which might start a job only then. */
  @Operation
  public Set<Integer> begun() {
    return new TreeSet<>(started.keySet());
  }

  @Operation
  public List<Long> counts() {
    List<LaneStats> lanes = executor.stats();
    return Stream.<ToLongFunction<LaneStats>>of(LaneStats::queued, LaneStats::running, LaneStats::submitted,
        LaneStats::completed, LaneStats::failed, LaneStats::cancelled, LaneStats::refused)
        .map(count -> lanes.stream().mapToLong(count).sum()).toList();
  }

  /** Runs all remaining jobs one after the other; returns their order. */
  @Operation
  public List<Integer> rest() {
    List<Integer> order = new ArrayList<>();
    int before = -1;
    while (before < order.size()) {
      before = order.size();
      for (int number = 1; number <= LAST_JOB; number++) {
        Job<Integer> job = jobs.get(number);
        if (job != null && !job.future().isDone() && succeed(number)) {
          order.add(number);
        }
      }
    }
    return order;
  }

  @Test
  void permits_concurrentOperations_areLinearizable() {
    ModelCheckingOptions options = LincheckScenarios.options(SequentialPermits.class, 20);
    add(options, "", IN_LINE);
    add(options, "submit 5", BEHIND_THE_LINE);
    add(options, "succeed 1; succeed 2; submit 5", AT_THE_END_OF_THE_LINE);
    add(options, "succeed 1; succeed 2; succeed 3; succeed 4", IDLE);
    options.check(PermitsLincheckTest.class);
  }

  private static void add(ModelCheckingOptions options, String before, List<String> scenarios) {
    for (String scenario : LincheckScenarios.sample(scenarios)) {
      options.addCustomScenario(
          LincheckScenarios.scenario(PermitsLincheckTest.class, before, scenario, "begun; counts; rest; counts"));
    }
  }

  /** The sequential model of permits. */
  public static final class SequentialPermits {

    private final Deque<Integer> queued = new ArrayDeque<>(List.of(3, 4));
    private final Set<Integer> running = new TreeSet<>(Set.of(1, 2));
    private final Set<Integer> elsewhere = new TreeSet<>();
    private final Set<Integer> begun = new TreeSet<>(Set.of(1, 2));
    private long submitted = FIRST_JOBS;
    private long completed;
    private long failed;
    private long cancelled;
    private long refused;

    public boolean submit(int number) {
      if (queued.size() >= QUEUE_BOUND) {
        refused++;
        return false;
      }
      submitted++;
      queued.add(number);
      start();
      return true;
    }

    public boolean submitElsewhere(int number) {
      submitted++;
      return elsewhere.add(number) && begun.add(number);
    }

    public boolean runHere(int number) {
      if (queued.isEmpty() && running.size() < PERMITS) {
        submitted++;
        completed++;
        return true;
      }
      submit(number);
      return false;
    }

    private void start() {
      while (running.size() < PERMITS && !queued.isEmpty()) {
        running.add(queued.getFirst());
        begun.add(queued.removeFirst());
      }
    }

    private boolean end(int number) {
      boolean ended = running.remove(number) || elsewhere.remove(number);
      start();
      return ended;
    }

    public boolean succeed(int number) {
      completed += end(number) ? 1 : 0;
      return begun.contains(number);
    }

    public boolean fail(int number) {
      failed += end(number) ? 1 : 0;
      return begun.contains(number);
    }

    public void cancel(int number) {
      cancelled += queued.remove(number) || end(number) ? 1 : 0;
    }

    public Set<Integer> begun() {
      return new TreeSet<>(begun);
    }

    public List<Long> counts() {
      return List.of((long) queued.size(), (long) running.size() + elsewhere.size(), submitted, completed, failed,
          cancelled, refused);
    }

    public List<Integer> rest() {
      List<Integer> order = new ArrayList<>();
      while (running.size() + elsewhere.size() > 0) {
        for (int number = 1; number <= LAST_JOB; number++) {
          if (running.contains(number) || elsewhere.contains(number)) {
            succeed(number);
            order.add(number);
          }
        }
      }
      return order;
    }

    /** The state, by which Lincheck recognises equal models. */
    private List<Object> state() {
      return List.of(List.copyOf(queued), running, elsewhere, begun, counts());
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof SequentialPermits permits && state().equals(permits.state());
    }

    @Override
    public int hashCode() {
      return state().hashCode();
    }
  }
}
