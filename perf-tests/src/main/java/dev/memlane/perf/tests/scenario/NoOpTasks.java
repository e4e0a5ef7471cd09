package dev.memlane.perf.tests.scenario;

import dev.memlane.lanes.Lane;
import dev.memlane.lanes.LaneExecutor;
import dev.memlane.lanes.Task;
import dev.memlane.perf.tests.Bench;
import dev.memlane.perf.tests.Contestant;
import dev.memlane.perf.tests.FindingCollector;
import dev.memlane.perf.tests.Load;
import dev.memlane.perf.tests.Sample;
import dev.memlane.perf.tests.Verdict.Bar;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/** No-op tasks through lanes, compared with bare virtual threads. */
final class NoOpTasks {

  private static final String SUBMIT = "LaneExecutor.submit";
  private static final String SUBMIT_ALL = "LaneExecutor.submitAll, 100 each";
  private static final String BARE = "virtual threads, semaphore in each";
  private static final String BARE_OUTSIDE = "virtual threads, semaphore before each";
  private static final String PLAIN = "virtual threads, a queue and a counter";
  private static final String HALF_LOAD = "LaneExecutor, half load";
  private static final String TO_START = "p99 to start ms";
  private static final int PERMITS = 16;
  private static final int EACH = 100;
  /** The no-op tasks that are submitted and then awaited: half of the waiting tasks that a lane accepts by default. */
  private static final int OUTSTANDING = 5_000;
  private static final long PORTION_NANOS = 50_000;
  /**
   * The rate of half load: half of what one thread can submit in small portions while it measures (1,040,000 per second
   * on two cores).
   */
  private static final double MOST_LOAD = 520_000;

  private NoOpTasks() {}

  /** Measures all contestants and judges them. */
  static void measure(Bench bench) throws Exception {
    int count = bench.size(400_000, 100_000);
    List<Contestant> contestants = List.of(new Contestant(SUBMIT, "", () -> submit(count)),
        new Contestant(SUBMIT_ALL, "", () -> submitAll(count)), new Contestant(BARE, "", () -> bare(count)),
        new Contestant(BARE_OUTSIDE, "", () -> bareOutside(count)),
        new Contestant(PLAIN, "", () -> plain(count)));
    for (int i = 0; i < bench.size(4, 1); i++) {
      for (Contestant contestant : contestants) {
        var unused = contestant.round().call();
      }
    }
    bench.race(contestants);
    FindingCollector findings = bench.findings();
    double half = Math.min(findings.median(SUBMIT, "", Sample.PER_SECOND) / 2, MOST_LOAD);
    bench.say("half load: " + Math.round(half) + " tasks a second");
    halfLoad(half, bench.slice(1));
    for (int round = 0; round < bench.rounds(); round++) {
      findings.add(HALF_LOAD, "", TO_START, halfLoad(half, bench.slice(2)).getValueAtPercentile(99) / 1e6);
    }
    boolean fullSize = !bench.quick();
    findings.judge("no-op tasks a second", findings.median(SUBMIT, "", Sample.PER_SECOND), Bar.atLeast(200_000),
        fullSize);
    findings.judge("no-op tasks over bare virtual threads with a semaphore",
        findings.ratio(Sample.PER_SECOND, "", SUBMIT, BARE), Bar.atLeast(0.5), fullSize);
    findings.judge("the same, where the semaphore bounds the threads",
        findings.ratio(Sample.PER_SECOND, "", SUBMIT, BARE_OUTSIDE), Bar.atLeast(0.5), fullSize);
    findings.note(String.format(Locale.ROOT,
        "A queue and a counter that bound virtual threads reach %.2f times what bare ones do.",
        findings.ratio(Sample.PER_SECOND, "", PLAIN, BARE)));
    findings.judge("from submission to start at half load: p99 ms", findings.median(HALF_LOAD, "", TO_START),
        Bar.atMost(1), fullSize);
  }

  private static LaneExecutor oneLane(int queueBound) {
    return LaneExecutor.builder().concurrency(PERMITS)
        .lane(Lane.of("tasks").concurrency(PERMITS).queueBound(queueBound)).build();
  }

  private static Sample submit(int count) throws Exception {
    try (LaneExecutor executor = oneLane(OUTSTANDING)) {
      return timed(count, (first, futures) -> {
        for (int i = first; i < first + OUTSTANDING; i++) {
          int number = i;
          futures.add(executor.submit("tasks", Task.of(() -> number)).future());
        }
      });
    }
  }

  private static Sample submitAll(int count) throws Exception {
    try (LaneExecutor executor = oneLane(OUTSTANDING)) {
      return timed(count, (first, futures) -> {
        for (int i = first; i < first + OUTSTANDING; i += EACH) {
          List<Task<Integer>> tasks = new ArrayList<>(EACH);
          for (int j = 0; j < EACH; j++) {
            int number = i + j;
            tasks.add(Task.of(() -> number));
          }
          executor.submitAll("tasks", tasks).jobs().forEach(job -> futures.add(job.future()));
        }
      });
    }
  }

  private static Sample bare(int count) throws Exception {
    Semaphore permits = new Semaphore(PERMITS);
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      return timed(count, (first, futures) -> {
        for (int i = first; i < first + OUTSTANDING; i++) {
          int number = i;
          futures.add(executor.submit(() -> {
            permits.acquire();
            try {
              return number;
            } finally {
              permits.release();
            }
          }));
        }
      });
    }
  }

  private static Sample bareOutside(int count) throws Exception {
    Semaphore permits = new Semaphore(PERMITS);
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      return timed(count, (first, futures) -> {
        for (int i = first; i < first + OUTSTANDING; i++) {
          int number = i;
          permits.acquire();
          futures.add(executor.submit(() -> {
            try {
              return number;
            } finally {
              permits.release();
            }
          }));
        }
      });
    }
  }

  private static Sample plain(int count) throws Exception {
    PlainExecutor executor = new PlainExecutor(PERMITS);
    return timed(count, (first, futures) -> {
      for (int i = first; i < first + OUTSTANDING; i++) {
        int number = i;
        futures.add(executor.submit(() -> number));
      }
    });
  }

  private interface Submitter {
    /** Submits as many tasks as may be outstanding. Each returns its number. */
    void submit(int first, List<Future<Integer>> futures) throws Exception;
  }

  private static Sample timed(int count, Submitter submitter) throws Exception {
    List<Future<Integer>> futures = new ArrayList<>(OUTSTANDING);
    long begun = System.nanoTime();
    for (int first = 0; first < count; first += OUTSTANDING) {
      futures.clear();
      submitter.submit(first, futures);
      for (int i = 0; i < OUTSTANDING; i++) {
        if (futures.get(i).get() != first + i) {
          throw new IllegalStateException("task " + (first + i) + " returned the number of another");
        }
      }
    }
    return Sample.of(Sample.PER_SECOND, count * 1e9 / (System.nanoTime() - begun));
  }

  /** Measures the time from submission to start of tasks that are submitted at a fixed rate, in small portions. */
  private static Histogram halfLoad(double perSecond, Duration duration) throws Exception {
    Histogram toStart = Load.histogram();
    try (LaneExecutor executor = oneLane(1_000_000)) {
      long begun = System.nanoTime();
      long count = (long) (perSecond * duration.toNanos() / 1e9);
      for (long i = 0; i < count;) {
        LockSupport.parkNanos(PORTION_NANOS);
        long due = Math.min(count, (long) ((System.nanoTime() - begun) * perSecond / 1e9));
        for (; i < due; i++) {
          long submitted = System.nanoTime();
          var unused = executor.submit("tasks", Task.of(() -> {
            toStart.recordValue(System.nanoTime() - submitted);
            return 0;
          }));
        }
      }
      executor.drain().get();
      double reached = count * 1e9 / (System.nanoTime() - begun);
      if (toStart.getTotalCount() != count || reached < 0.9 * perSecond) {
        throw new IllegalStateException(
            count + " tasks, " + toStart.getTotalCount() + " began, " + reached + " per second");
      }
    }
    return toStart;
  }
}
