package dev.memlane.lanes;

import dev.memlane.testing.ManualScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Executors on a clock that the test moves. After the test, their running tasks are interrupted, and they are closed.
 */
final class TestExecutors implements AfterEachCallback {

  final ManualScheduler time = new ManualScheduler();
  private final List<LaneExecutor> executors = new ArrayList<>();

  LaneExecutor open(int concurrency, Lane... lanes) {
    LaneExecutorBuilder builder = LaneExecutor.builder().concurrency(concurrency);
    for (Lane lane : lanes) {
      builder.lane(lane);
    }
    return open(builder);
  }

  LaneExecutor open(LaneExecutorBuilder builder) {
    LaneExecutor executor = builder.scheduler(time).nanoTime(time::nanoTime).build();
    executors.add(executor);
    return executor;
  }

  @Override
  public void afterEach(ExtensionContext context) {
    executors.forEach(executor -> {
      executor.shutdown(Duration.ZERO);
      executor.close();
    });
  }
}
