package dev.memlane.lanes;

import dev.memlane.testing.ManualScheduler;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The tasks and helpers that the tests of {@link LaneExecutor} share. */
abstract class LaneExecutorTestCase {

  @RegisterExtension
  final TestExecutors executors = new TestExecutors();
  final ManualScheduler time = executors.time;
  /** The names of tasks, in the order in which they began. */
  final BlockingQueue<String> begun = new LinkedBlockingQueue<>();
  final Map<String, CountDownLatch> gates = new ConcurrentHashMap<>();

  @AfterEach
  void close() {
    gates.values().forEach(CountDownLatch::countDown);
  }

  LaneExecutor executor(int concurrency, Lane... lanes) {
    return executors.open(concurrency, lanes);
  }

  /** A task that records that it has begun, and returns its name when its gate is opened. */
  Task<String> gated(String name) {
    CountDownLatch gate = new CountDownLatch(1);
    gates.put(name, gate);
    return Task.<String>of(() -> {
      begun.add(name);
      gate.await();
      return name;
    }).named(name);
  }

  void open(String name) {
    Objects.requireNonNull(gates.get(name)).countDown();
  }

  String nextBegun() throws InterruptedException {
    return Objects.requireNonNull(begun.poll(30, TimeUnit.SECONDS), "no task begins");
  }

  List<String> nextTwoBegun() throws InterruptedException {
    String first = nextBegun();
    return List.of(first, nextBegun());
  }

  static LaneStats stats(LaneExecutor executor, String lane) {
    return executor.stats().stream().filter(stats -> stats.lane().equals(lane)).findFirst().orElseThrow();
  }

  static void awaitIgnoringInterrupts(CountDownLatch latch) {
    while (latch.getCount() > 0) {
      try {
        latch.await();
      } catch (InterruptedException e) {
        // The task ignores interrupts.
      }
    }
  }

  static Task<Integer> failing() {
    return Task.<Integer>of(() -> {
      throw new IllegalStateException("not yet");
    }).idempotent(true);
  }
}
