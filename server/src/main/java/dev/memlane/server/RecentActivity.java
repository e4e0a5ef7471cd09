package dev.memlane.server;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.listen.MemoryListener;
import dev.memlane.model.listen.OperationEnd;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.HdrHistogram.AbstractHistogram;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.IntCountsHistogram;
import org.jspecify.annotations.Nullable;

/**
 * What a memory does: writes by outcome and the latency of searches, since the listener was created and second by second for
 * the last {@value #SECONDS} seconds. The dashboard's charts show it.
 *
 * <pre>{@code
 * RecentActivity activity = new RecentActivity();
 * MemoryOrchestrator memory = MemoryOrchestrator.builder().listener(activity)...open();
 * MemlaneServer.builder(memory).activity(activity).start();
 * }</pre>
 *
 * <p>
 * It holds no texts and no ids, and at most about a megabyte. Safe for use by several threads.
 */
public final class RecentActivity implements MemoryListener {

  /** How many seconds it remembers one by one. */
  public static final int SECONDS = 600;

  private static final long LONGEST_MICROS = Duration.ofMinutes(2).toNanos() / 1_000;
  private static final double MEDIAN = 50;
  private static final double HIGH = 99;

  /**
   * A snapshot.
   *
   * @param since when counting began
   * @param interval the length of a sample, in seconds
   * @param writes the number of writes of one memory, by {@linkplain OperationEnd#outcome() outcome}
   * @param samples the last seconds that are over, oldest first
   */
  public record Summary(Instant since, int interval, Map<String, Long> writes, Searches searches,
      List<Sample> samples) {

    public Summary {
      writes = Map.copyOf(writes);
      samples = List.copyOf(samples);
    }
  }

  /**
   * Searches.
   *
   * @param count how many there were, failed ones included
   * @param failed how many of them failed
   * @param p50 the median time of those that did not fail; null if there were none
   * @param p99 the 99th percentile of these times; null if there were none
   */
  public record Searches(long count, long failed, @Nullable Duration p50, @Nullable Duration p99) {}

  /**
   * One second.
   *
   * @param at its begin
   * @param searches how many searches ended in it, failed ones included
   */
  public record Sample(Instant at, Map<String, Integer> writes, int searches, @Nullable Duration p50,
      @Nullable Duration p99) {

    public Sample {
      writes = Map.copyOf(writes);
    }
  }

  /** A second under way or remembered. */
  private static final class Second {

    private final long second;
    private final Map<String, Integer> writes = new TreeMap<>();
    private int searches;
    private @Nullable IntCountsHistogram times;

    Second(long second) {
      this.second = second;
    }
  }

  private final InstantSource clock;
  private final Instant since;

  @GuardedBy("this")
  private final @Nullable Second[] seconds = new Second[SECONDS + 1];

  @GuardedBy("this")
  private final Map<String, Long> writes = new TreeMap<>();

  @GuardedBy("this")
  private final Histogram times = new Histogram(LONGEST_MICROS, 2);

  @GuardedBy("this")
  private long searches;

  @GuardedBy("this")
  private long failed;

  public RecentActivity() {
    this(InstantSource.system());
  }

  RecentActivity(InstantSource clock) {
    this.clock = clock;
    this.since = clock.instant();
  }

  @Override
  public void operationEnded(OperationEnd end, @Nullable Object context) {
    switch (end.type()) {
      case ADD, PUT, UPDATE, DELETE, ERASE -> written(end.outcome());
      case SEARCH -> searched(end.failure() == null ? end.duration() : null);
      // The writes of a batch end one by one.
      case GET, ADD_MEMORIES, PUT_MEMORIES, DELETE_MEMORIES, DELETE_ALL, ERASE_ALL -> {
      }
    }
  }

  private synchronized void written(String outcome) {
    writes.merge(outcome, 1L, Long::sum);
    now().writes.merge(outcome, 1, Integer::sum);
  }

  /** @param duration null if the search failed */
  private synchronized void searched(@Nullable Duration duration) {
    Second now = now();
    searches++;
    now.searches++;
    if (duration == null) {
      failed++;
      return;
    }
    long micros = Math.min(LONGEST_MICROS, duration.toNanos() / 1_000);
    times.recordValue(micros);
    IntCountsHistogram ofSecond = now.times;
    if (ofSecond == null) {
      ofSecond = new IntCountsHistogram(LONGEST_MICROS, 1);
      now.times = ofSecond;
    }
    ofSecond.recordValue(micros);
  }

  @GuardedBy("this")
  private Second now() {
    long second = clock.instant().getEpochSecond();
    int place = Math.floorMod(second, seconds.length);
    Second known = seconds[place];
    if (known == null || known.second != second) {
      known = new Second(second);
      seconds[place] = known;
    }
    return known;
  }

  public synchronized Summary summary() {
    long now = clock.instant().getEpochSecond();
    List<Sample> samples = new ArrayList<>(SECONDS);
    for (long second = Math.max(now - SECONDS, since.getEpochSecond()); second < now; second++) {
      Second known = seconds[Math.floorMod(second, seconds.length)];
      samples.add(sample(second, known != null && known.second == second ? known : new Second(second)));
    }
    return new Summary(since, 1, writes,
        new Searches(searches, failed, percentile(times.getTotalCount() == 0 ? null : times, MEDIAN),
            percentile(times.getTotalCount() == 0 ? null : times, HIGH)),
        samples);
  }

  private static Sample sample(long second, Second known) {
    return new Sample(Instant.ofEpochSecond(second), known.writes, known.searches, percentile(known.times, MEDIAN),
        percentile(known.times, HIGH));
  }

  private static @Nullable Duration percentile(@Nullable AbstractHistogram times, double percentile) {
    return times == null ? null : Duration.ofNanos(times.getValueAtPercentile(percentile) * 1_000);
  }
}
