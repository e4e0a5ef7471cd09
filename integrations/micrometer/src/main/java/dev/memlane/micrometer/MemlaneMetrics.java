package dev.memlane.micrometer;

import dev.memlane.lanes.LaneExecutor;
import dev.memlane.model.listen.MemoryListener;
import dev.memlane.model.listen.OperationEnd;
import dev.memlane.model.listen.StepEnd;
import dev.memlane.orchestrator.MemoryOrchestrator;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * The meters of memories and lanes.
 *
 * <pre>{@code
 * MemlaneMetrics metrics = new MemlaneMetrics(registry);
 * MemoryOrchestrator memory = MemoryOrchestrator.builder().listener(metrics)...open();
 * metrics.watch(memory);
 * }</pre>
 *
 * <p>
 * As a listener it measures operations and steps. What it watches it asks for gauges: once for all gauges of a memory or
 * an executor, at most once a second, and only when a registry reads them. The database is never asked. A reader of a
 * gauge waits for half a second at most; a gauge that can't be read is NaN.
 *
 * <p>
 * No tag holds a text or an id of a user or of a memory. {@code docs/operations/README.md} lists the meters. Safe for use
 * by several threads. Keep it as long as its meters are needed: registries hold it weakly.
 */
public final class MemlaneMetrics implements MemoryListener, AutoCloseable {

  private final MeterRegistry registry;
  private final List<Tag> tags;
  private final Timers timers;
  private final List<Meters> watched = new CopyOnWriteArrayList<>();

  /** Creates the meters of one memory. */
  public MemlaneMetrics(MeterRegistry registry) {
    this(registry, List.of());
  }

  /**
   * Creates the meters of one of several memories or executors of a process.
   *
   * @param tags are added to all meters; tell them apart
   */
  public MemlaneMetrics(MeterRegistry registry, Iterable<Tag> tags) {
    this.registry = registry;
    this.tags = List.copyOf(io.micrometer.core.instrument.Tags.of(tags).stream().toList());
    this.timers = new Timers(registry, this.tags);
  }

  /** Adds the gauges and counters of a memory. */
  public void watch(MemoryOrchestrator memory) {
    Meters meters = new Meters(registry, tags);
    watched.add(meters);
    MemoryMeters.register(meters, memory);
  }

  /** Adds the gauges and counters of the lanes of an executor. */
  public void watch(LaneExecutor lanes) {
    Meters meters = new Meters(registry, tags);
    watched.add(meters);
    LaneMeters.register(meters, lanes);
  }

  @Override
  public void operationEnded(OperationEnd end, @Nullable Object context) {
    timers.record(end);
  }

  @Override
  public void stepEnded(StepEnd end, @Nullable Object context) {
    timers.record(end);
  }

  /** Removes all meters from the registry, and releases what was watched. */
  @Override
  public void close() {
    watched.forEach(Meters::close);
    watched.clear();
    timers.close();
  }
}
