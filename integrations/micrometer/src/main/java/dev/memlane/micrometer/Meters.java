package dev.memlane.micrometer;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** The meters of one watched object, which are removed together. Safe for use by several threads. */
final class Meters {

  private final MeterRegistry registry;
  private final Tags tags;
  private final List<Meter> registered = new CopyOnWriteArrayList<>();
  /** What the meters read; registries hold it weakly. */
  private final List<Poll<?>> polls = new CopyOnWriteArrayList<>();

  Meters(MeterRegistry registry, List<Tag> tags) {
    this.registry = registry;
    this.tags = Tags.of(tags);
  }

  <T> Poll<T> poll(Poll.Source<T> source) {
    Poll<T> poll = new Poll<>(source, registry.config().clock());
    polls.add(poll);
    return poll;
  }

  /**
   * @param unit a unit of measurement, such as bytes; null for a number of things, which some registries would add to the
   * name
   */
  <T> void gauge(String name, String description, @Nullable String unit, Poll<T> poll, ToDoubleFunction<T> value,
      String... more) {
    registered.add(Gauge.builder(name, poll, each -> each.now(value)).description(description).baseUnit(unit)
        .tags(tags.and(more)).register(registry));
  }

  /**
   * @param seconds reads the time in seconds
   */
  <T> void timeGauge(String name, String description, Poll<T> poll, ToDoubleFunction<T> seconds, String... more) {
    registered.add(TimeGauge.builder(name, poll, TimeUnit.SECONDS, each -> each.now(seconds)).description(description)
        .tags(tags.and(more)).register(registry));
  }

  <T> void counter(String name, String description, Poll<T> poll, ToDoubleFunction<T> value, String... more) {
    registered.add(FunctionCounter.builder(name, poll, each -> each.last(value)).description(description)
        .tags(tags.and(more)).register(registry));
  }

  void close() {
    registered.forEach(registry::remove);
    registered.clear();
    polls.clear();
  }
}
