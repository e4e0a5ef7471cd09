package dev.memlane.lanes;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Many threads that submit and cancel tasks and read statistics at random, by a seed. */
@Tag("slow")
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ManyThreadsTest {

  private static final int CALLERS = 4;
  private static final int PERMITS = 4;

  /** What tasks observe while they run. */
  private static final class Seen {

    private final AtomicInteger running = new AtomicInteger();
    private final AtomicInteger mostRunning = new AtomicInteger();
    private final Map<String, AtomicInteger> runs = new ConcurrentHashMap<>();

    Task<String> task(String name, boolean fails) {
      return Task.<String>of(() -> {
        mostRunning.accumulateAndGet(running.incrementAndGet(), Math::max);
        runs.computeIfAbsent(name, unused -> new AtomicInteger()).incrementAndGet();
        running.decrementAndGet();
        if (fails) {
          throw new IllegalStateException("no");
        }
        return name;
      }).named(name);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void oneLane_statsReadWhilePermitsArePassedOn_countEachTaskOnce(long seed) throws Exception {
    Seen seen = new Seen();
    int each = 3_000;
    try (LaneExecutor executor = oneLane(); ExecutorService callers = Executors.newFixedThreadPool(CALLERS)) {
      List<Future<List<Job<String>>>> submitted = submit(executor, callers, seen, seed, each);
      while (!submitted.stream().allMatch(Future::isDone)) {
        LaneStats stats = executor.stats().getFirst();
        assertThat(stats.queued() + stats.running() + stats.completed() + stats.failed() + stats.cancelled())
            .as("seed %s: %s", seed, stats).isEqualTo(stats.submitted());
        assertThat(stats.running()).as("seed %s", seed).isLessThanOrEqualTo(PERMITS);
      }
      executor.drain().get(30, TimeUnit.SECONDS);

      Map<String, Long> ends = ends(submitted, seed);
      LaneStats stats = executor.stats().getFirst();
      assertThat(stats.submitted()).as("seed %s", seed).isEqualTo((long) CALLERS * each);
      // A task that is cancelled just after its end is counted by its end.
      assertThat(stats.failed()).as("seed %s", seed).isGreaterThanOrEqualTo(ends.getOrDefault("failed", 0L));
      assertThat(stats.completed()).as("seed %s", seed).isGreaterThanOrEqualTo(ends.getOrDefault("succeeded", 0L));
      assertThat(stats.completed() + stats.failed() + stats.cancelled()).as("seed %s", seed)
          .isEqualTo((long) CALLERS * each);
      assertThat(stats.queued() + stats.running()).as("seed %s", seed).isZero();
    }
    assertThat(seen.runs.values()).as("seed %s", seed).allMatch(count -> count.get() == 1);
    if (!isCancelling(seed)) {
      assertThat(seen.mostRunning).as("seed %s", seed).hasValueBetween(1, PERMITS);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void oneLane_shutDownDuringSubmissions_notifiesEachCaller(long seed) throws Exception {
    Seen seen = new Seen();
    Random random = new Random(seed);
    try (LaneExecutor executor = oneLane(); ExecutorService callers = Executors.newFixedThreadPool(CALLERS)) {
      List<Future<List<Job<String>>>> submitted = submit(executor, callers, seen, seed, 2_000);
      long until = random.nextInt(4_000);
      while (executor.stats().getFirst().submitted() < until) {
        Thread.onSpinWait();
      }
      executor.shutdown(random.nextBoolean() ? Duration.ZERO : Duration.ofSeconds(20));

      Map<String, Long> ends = ends(submitted, seed);
      LaneStats stats = executor.stats().getFirst();
      assertThat(stats.submitted() + stats.refused()).as("seed %s", seed).isEqualTo(CALLERS * 2_000L);
      assertThat(stats.queued() + stats.running()).as("seed %s", seed).isZero();
      assertThat(stats.completed()).as("seed %s", seed).isGreaterThanOrEqualTo(ends.getOrDefault("succeeded", 0L));
      assertThat(stats.completed() + stats.failed() + stats.cancelled()).as("seed %s", seed)
          .isEqualTo(stats.submitted());
    }
    assertThat(seen.runs.values()).as("seed %s", seed).allMatch(count -> count.get() == 1);
  }

  private static LaneExecutor oneLane() {
    return LaneExecutor.builder().concurrency(PERMITS).mostDeadLetters(0)
        .lane(Lane.of("a").concurrency(PERMITS).queueBound(1_000_000)).build();
  }

  /** Lets callers submit tasks, alone or several together, of which some fail and some are cancelled. */
  private static List<Future<List<Job<String>>>> submit(LaneExecutor executor, ExecutorService callers, Seen seen,
      long seed, int each) {
    List<Future<List<Job<String>>>> submitted = new ArrayList<>();
    for (int caller = 0; caller < CALLERS; caller++) {
      Random random = new Random(31 * seed + caller);
      String name = "caller " + caller + ", task ";
      submitted.add(callers.submit(() -> {
        List<Job<String>> jobs = new ArrayList<>();
        while (jobs.size() < each) {
          int together = random.nextInt(10) > 0 ? 1 : Math.min(each - jobs.size(), 1 + random.nextInt(20));
          List<Task<String>> tasks = new ArrayList<>();
          for (int i = 0; i < together; i++) {
            tasks.add(seen.task(name + (jobs.size() + i), random.nextInt(20) == 0));
          }
          if (together == 1) {
            jobs.add(executor.submit("a", tasks.getFirst()));
          } else {
            jobs.addAll(executor.submitAll("a", tasks).jobs());
          }
          if (isCancelling(seed) && random.nextInt(10) == 0) {
            jobs.get(random.nextInt(jobs.size())).cancel();
          }
        }
        return jobs;
      }));
    }
    return submitted;
  }

  /**
   * Without cancellations, never more tasks run than permitted: a cancelled task returns its permit and may go on for
   * a moment.
   */
  private static boolean isCancelling(long seed) {
    return seed % 2 == 0;
  }

  /** The outcomes of the tasks, as their callers see them. */
  private static Map<String, Long> ends(List<Future<List<Job<String>>>> submitted, long seed) throws Exception {
    Map<String, Long> ends = new ConcurrentHashMap<>();
    for (Future<List<Job<String>>> one : submitted) {
      for (Job<String> job : one.get(30, TimeUnit.SECONDS)) {
        ends.merge(end(job, seed), 1L, Long::sum);
      }
    }
    return ends;
  }

  private static String end(Job<String> job, long seed) throws Exception {
    try {
      assertThat(job.future().get(30, TimeUnit.SECONDS)).as("seed %s", seed).isEqualTo(job.task().name());
      return "succeeded";
    } catch (CancellationException e) {
      return "cancelled";
    } catch (ExecutionException e) {
      return e.getCause() instanceof LaneException.ShutDown ? "shut down" : "failed";
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void twoLanes_randomCancellationsAndFailures_everyTaskEndsOnce(long seed) throws Exception {
    boolean cancelling = isCancelling(seed);
    Lane a = Lane.of("a").concurrency(3).reserved(1).firstPause(Duration.ofNanos(1));
    Lane b = Lane.of("b").priority(5).concurrency(4).timeout(Duration.ofSeconds(30));
    Map<String, AtomicInteger> runs = new ConcurrentHashMap<>();
    Map<String, AtomicInteger> running = Map.of("a", new AtomicInteger(), "b", new AtomicInteger());
    AtomicInteger inBoth = new AtomicInteger();
    Map<String, AtomicInteger> mostRunning = Map.of("a", new AtomicInteger(), "b", new AtomicInteger(), "both",
        new AtomicInteger());
    Set<String> ids = Collections.synchronizedSet(new HashSet<>());
    try (LaneExecutor executor = LaneExecutor.builder().concurrency(5).lane(a).lane(b).build();
        ExecutorService callers = Executors.newFixedThreadPool(6)) {
      List<Future<Integer>> submitted = new ArrayList<>();
      for (int t = 0; t < 6; t++) {
        Random random = new Random(31 * seed + t);
        String caller = "caller " + t;
        submitted.add(callers.submit(() -> {
          List<Job<String>> jobs = new ArrayList<>();
          for (int i = 0; i < 400; i++) {
            String name = caller + ", task " + i;
            int kind = random.nextInt(4);
            String lane = random.nextBoolean() ? "a" : "b";
            AtomicInteger inLane = Objects.requireNonNull(running.get(lane));
            Task<String> task = Task.<String>of(() -> {
              most(mostRunning, lane, inLane.incrementAndGet());
              most(mostRunning, "both", inBoth.incrementAndGet());
              try {
                int run = runs.computeIfAbsent(name, n -> new AtomicInteger()).incrementAndGet();
                if (kind == 0 && run < 3) {
                  throw new IllegalStateException("again");
                }
                return name;
              } finally {
                inLane.decrementAndGet();
                inBoth.decrementAndGet();
              }
            }).named(name);
            Job<String> job = executor.submit(lane, kind == 0 ? task.idempotent(true) : task);
            jobs.add(job);
            assertThat(ids.add(job.id())).isTrue();
            if (cancelling && kind == 1) {
              job.cancel();
            }
          }
          int done = 0;
          for (Job<String> job : jobs) {
            if (job.future().isCancelled()) {
              continue;
            }
            assertThat(job.future().get(30, TimeUnit.SECONDS)).as("seed %s", seed).isEqualTo(job.task().name());
            done++;
          }
          return done;
        }));
      }
      int done = 0;
      for (Future<Integer> one : submitted) {
        done += one.get(60, TimeUnit.SECONDS);
      }
      executor.drain().get(30, TimeUnit.SECONDS);

      long completed = 0;
      long cancelled = 0;
      for (LaneStats stats : executor.stats()) {
        assertThat(stats.queued() + stats.running() + stats.retrying()).as("seed %s", seed).isZero();
        completed += stats.completed();
        cancelled += stats.cancelled();
      }
      assertThat(completed).as("seed %s", seed).isGreaterThanOrEqualTo(done);
      assertThat(completed + cancelled).as("seed %s", seed).isEqualTo(2_400);
    }
    assertThat(runs).allSatisfy((name, count) -> assertThat(count.get()).as("seed %s: %s", seed, name)
        .isLessThanOrEqualTo(3));
    if (!cancelling) {
      assertThat(mostRunning.get("a")).as("seed %s", seed).hasValueBetween(1, 3);
      assertThat(mostRunning.get("b")).as("seed %s", seed).hasValueBetween(1, 4);
      assertThat(mostRunning.get("both")).as("seed %s", seed).hasValueBetween(1, 5);
    }
  }

  private static void most(Map<String, AtomicInteger> most, String what, int value) {
    Objects.requireNonNull(most.get(what)).accumulateAndGet(value, Math::max);
  }
}
