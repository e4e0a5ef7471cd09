package dev.memlane.lanes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.testing.ManualScheduler;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tasks that come and end at random: after each step, the running tasks are those of a simple model of the rules. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RandomAllocationTest {

  private static final int PERMITS = 6;
  private static final int STEPS = 600;
  private static final int MOST_WAITING = 40;

  private final ManualScheduler time = new ManualScheduler();

  private record Gated(Job<Integer> job, CountDownLatch gate, long since) {}

  /** A lane in the model. */
  private static final class Modelled {

    final Lane lane;
    final Deque<Gated> waiting = new ArrayDeque<>();
    final List<Gated> running = new ArrayList<>();

    Modelled(Lane lane) {
      this.lane = lane;
    }

    int owed() {
      return Math.max(0, lane.reserved() - running.size());
    }

    double priority(long now) {
      return lane.priority() + (now - waiting.getFirst().since) / 1e9;
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void permits_randomTasks_areAllocatedAsInTheModel(long seed) throws Exception {
    Random random = new Random(seed);
    List<Modelled> lanes = List.of(lane("low", 0, 6, 0), lane("middle", 5, 3, 1), lane("high", 15, 4, 2));
    LaneExecutorBuilder builder = LaneExecutor.builder().concurrency(PERMITS).scheduler(time).nanoTime(time::nanoTime);
    lanes.forEach(lane -> builder.lane(lane.lane));
    int aged = 0;
    try (LaneExecutor executor = builder.build()) {
      for (int step = 0; step < STEPS; step++) {
        time.pass(Duration.ofNanos(random.nextLong(4_000_000_000L)));
        List<Gated> running = lanes.stream().flatMap(lane -> lane.running.stream()).toList();
        if (running.isEmpty() || waiting(lanes) < MOST_WAITING && random.nextBoolean()) {
          Modelled lane = lanes.get(random.nextInt(lanes.size()));
          lane.waiting.add(submit(executor, lane.lane.name()));
        } else {
          Gated ending = running.get(random.nextInt(running.size()));
          ending.gate.countDown();
          Waits.get(ending.job.future());
          lanes.forEach(lane -> lane.running.remove(ending));
        }
        aged += grantPermits(lanes);

        // Its lock enters what was done without it.
        var unused = executor.stats();
        for (Modelled lane : lanes) {
          assertThat(lane.running).as("seed %s, step %s, %s", seed, step, lane.lane.name())
              .allMatch(one -> one.job.state() == Job.State.RUNNING);
          assertThat(lane.waiting).as("seed %s, step %s, %s", seed, step, lane.lane.name())
              .allMatch(one -> one.job.state() == Job.State.QUEUED);
        }
      }
      lanes.forEach(lane -> {
        lane.running.forEach(one -> one.gate.countDown());
        lane.waiting.forEach(one -> one.gate.countDown());
      });
    }
    assertThat(aged).as("seed %s: starts of a lower lane before a higher one", seed).isPositive();
  }

  private static Modelled lane(String name, int priority, int concurrency, int reserved) {
    return new Modelled(Lane.of(name).priority(priority).concurrency(concurrency).reserved(reserved)
        .timeout(Duration.ofDays(1)));
  }

  private static int waiting(List<Modelled> lanes) {
    return lanes.stream().mapToInt(lane -> lane.waiting.size()).sum();
  }

  private Gated submit(LaneExecutor executor, String lane) {
    CountDownLatch gate = new CountDownLatch(1);
    return new Gated(executor.submit(lane, Task.of(() -> {
      gate.await();
      return 1;
    })), gate, time.nanoTime());
  }

  /** Returns how often a lane started a task before a startable lane of higher priority. */
  private int grantPermits(List<Modelled> lanes) {
    long now = time.nanoTime();
    int aged = 0;
    for (Optional<Modelled> next = next(lanes, now); next.isPresent(); next = next(lanes, now)) {
      Modelled lane = next.get();
      boolean before = lanes.stream()
          .anyMatch(other -> other.lane.priority() > lane.lane.priority() && isFree(lanes, other));
      aged += before ? 1 : 0;
      lane.running.add(lane.waiting.removeFirst());
    }
    return aged;
  }

  private static Optional<Modelled> next(List<Modelled> lanes, long now) {
    return lanes.stream().filter(lane -> isFree(lanes, lane))
        .max(Comparator.comparingDouble(lane -> lane.priority(now)));
  }

  /** Whether the lane has a task that could start. */
  private static boolean isFree(List<Modelled> lanes, Modelled lane) {
    int free = PERMITS - lanes.stream().mapToInt(one -> one.running.size()).sum();
    int keptForOthers = lanes.stream().filter(other -> other != lane).mapToInt(Modelled::owed).sum();
    return !lane.waiting.isEmpty() && lane.running.size() < lane.lane.concurrency() && free > keptForOthers;
  }
}
