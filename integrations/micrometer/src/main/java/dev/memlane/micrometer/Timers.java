package dev.memlane.micrometer;

import dev.memlane.model.listen.OperationEnd;
import dev.memlane.model.listen.OperationType;
import dev.memlane.model.listen.StepEnd;
import dev.memlane.model.listen.StepStart;
import dev.memlane.model.listen.StepType;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The timers of operations and steps. They are kept here once they are registered, because finding one in a registry costs
 * more than recording. Safe for use by several threads.
 */
final class Timers {

  private record OperationKey(OperationType type, String outcome) {}

  private record StepKey(StepType type, boolean failed) {}

  private final MeterRegistry registry;
  private final Tags tags;
  private final Map<OperationKey, Timer> operations = new ConcurrentHashMap<>();
  private final Map<StepKey, Timer> steps = new ConcurrentHashMap<>();
  private final Map<StepType, DistributionSummary> batches = new ConcurrentHashMap<>();

  Timers(MeterRegistry registry, List<Tag> tags) {
    this.registry = registry;
    this.tags = Tags.of(tags);
  }

  /** The value of a tag for a constant. */
  static String value(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  void record(OperationEnd end) {
    operations.computeIfAbsent(new OperationKey(end.type(), end.outcome()), this::operation).record(end.duration());
  }

  void record(StepEnd end) {
    StepStart start = end.start();
    steps.computeIfAbsent(new StepKey(start.type(), end.failure() != null), this::step).record(end.duration());
    if (start.type().isShared()) {
      batches.computeIfAbsent(start.type(), this::batch).record(start.size());
    }
  }

  private Timer operation(OperationKey key) {
    return Timer.builder("memlane.operation").description("Operations on memories, as their callers see them")
        .tags(tags).tag("operation", value(key.type)).tag("outcome", key.outcome).register(registry);
  }

  private Timer step(StepKey key) {
    return Timer.builder("memlane.step").description("Steps within operations").tags(tags)
        .tag("step", value(key.type)).tag("outcome", key.failed ? "failed" : "completed").register(registry);
  }

  private DistributionSummary batch(StepType type) {
    return DistributionSummary.builder("memlane.batch.size")
        .description("Texts in an embedding request, or writes in a transaction").tags(tags)
        .tag("step", value(type)).register(registry);
  }

  void close() {
    operations.values().forEach(this::remove);
    steps.values().forEach(this::remove);
    batches.values().forEach(this::remove);
    operations.clear();
    steps.clear();
    batches.clear();
  }

  private void remove(Meter meter) {
    registry.remove(meter);
  }
}
