package dev.memlane.micrometer;

import dev.memlane.lanes.LaneExecutor;
import dev.memlane.lanes.LaneStats;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;

/** The gauges and counters of an executor's lanes. */
final class LaneMeters {

  private LaneMeters() {}

  static void register(Meters meters, LaneExecutor lanes) {
    Poll<List<LaneStats>> stats = meters.poll(() -> CompletableFuture.completedFuture(lanes.stats()));
    lanes.stats().forEach(lane -> register(meters, stats, lane.lane()));
  }

  private static void register(Meters meters, Poll<List<LaneStats>> stats, String lane) {
    meters.gauge("memlane.lane.queued", "Tasks that wait for a permit or a worker", null, stats,
        of(lane, LaneStats::queued), "lane", lane);
    meters.gauge("memlane.lane.retrying", "Tasks that wait for their next attempt", null, stats,
        of(lane, LaneStats::retrying), "lane", lane);
    meters.gauge("memlane.lane.running", "Tasks that run", null, stats, of(lane, LaneStats::running), "lane", lane);
    time(meters, stats, lane, "memlane.lane.wait", "Wait of the attempts of the last five minutes", "0.5",
        LaneStats::waitP50);
    time(meters, stats, lane, "memlane.lane.wait", "Wait of the attempts of the last five minutes", "0.99",
        LaneStats::waitP99);
    time(meters, stats, lane, "memlane.lane.run", "Running time of the attempts of the last five minutes", "0.5",
        LaneStats::runP50);
    time(meters, stats, lane, "memlane.lane.run", "Running time of the attempts of the last five minutes", "0.99",
        LaneStats::runP99);
    tasks(meters, stats, lane, "completed", LaneStats::completed);
    tasks(meters, stats, lane, "failed", LaneStats::failed);
    tasks(meters, stats, lane, "cancelled", LaneStats::cancelled);
    tasks(meters, stats, lane, "refused", LaneStats::refused);
    meters.counter("memlane.lane.retries", "Failed attempts that were followed by another", stats,
        of(lane, LaneStats::retries), "lane", lane);
  }

  private static void time(Meters meters, Poll<List<LaneStats>> stats, String lane, String name, String description,
      String quantile, Function<LaneStats, Duration> value) {
    meters.timeGauge(name, description, stats,
        each -> each.stream().filter(one -> one.lane().equals(lane)).map(value).mapToDouble(MemoryMeters::seconds)
            .findFirst().orElse(Double.NaN),
        "lane", lane, "quantile", quantile);
  }

  private static void tasks(Meters meters, Poll<List<LaneStats>> stats, String lane, String outcome,
      ToLongFunction<LaneStats> value) {
    meters.counter("memlane.lane.tasks", "Tasks that ended, by how", stats, of(lane, value), "lane", lane, "outcome",
        outcome);
  }

  private static ToDoubleFunction<List<LaneStats>> of(String lane, ToLongFunction<LaneStats> value) {
    return stats -> stats.stream().filter(each -> each.lane().equals(lane)).mapToDouble(value::applyAsLong).findFirst()
        .orElse(Double.NaN);
  }
}
