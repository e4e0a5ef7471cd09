package dev.memlane.orchestrator;

import dev.memlane.model.CoreRow;
import dev.memlane.model.StoreResult;
import dev.memlane.model.Unit;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledFuture;
import org.jspecify.annotations.Nullable;

/**
 * Lets go of what nobody needs any more after the retention time: tombstones with their memory's history, void rows, and
 * void entries.
 *
 * <p>
 * A tombstone remembers that a key was deleted, and a void row keeps late statements out, so the retention time has to be
 * far longer than any statement can live. Each row goes in one transaction with its memory's entries, and only while it
 * still has the stamp that was seen; several processes may sweep at once. What can't be swept now is left for the next
 * time.
 */
final class Sweeper {

  private static final System.Logger LOGGER = System.getLogger(Sweeper.class.getName());
  private static final int PAGE = 1_000;
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration FIRST_PAUSE = Duration.ofMinutes(1);
  private static final Duration PAUSE = Duration.ofHours(1);

  private final Stores stores;
  private final Environment environment;
  private final Duration retention;
  private volatile boolean closed;
  private volatile @Nullable ScheduledFuture<?> alarm;

  Sweeper(Stores stores, Environment environment, Duration retention) {
    this.stores = stores;
    this.environment = environment;
    this.retention = retention;
  }

  /** Sweeps now and then, until it is closed. */
  void start() {
    sweepAfter(FIRST_PAUSE);
  }

  private void sweepAfter(Duration pause) {
    alarm = environment.at(environment.now().plus(pause), this::sweepAndGoOn);
  }

  private void sweepAndGoOn() {
    if (closed) {
      return;
    }
    environment.whenDone(sweep(), (swept, failure) -> {
      if (failure != null) {
        LOGGER.log(System.Logger.Level.WARNING, "sweeping stopped and goes on later: {0}",
            String.valueOf(Outcomes.unwrap(failure).getMessage()));
      } else if (swept > 0) {
        LOGGER.log(System.Logger.Level.INFO, "swept {0} deleted and void memories and entries", swept);
      }
      sweepAfter(PAUSE);
    });
  }

  /**
   * Sweeps everything older than the retention time.
   *
   * @return how many rows and void entries went; fails if the database can't be read
   */
  CompletableFuture<Long> sweep() {
    Instant before = environment.now().minus(retention);
    return sweepRows(before, 0).thenComposeAsync(rows -> sweepEntries(before, rows), environment.executor());
  }

  private CompletableFuture<Long> sweepRows(Instant before, long sweptBefore) {
    return stores.core().gone(before, PAGE).thenComposeAsync(
        rows -> Window.run(rows, PAGE, this::sweepRow, environment).thenComposeAsync(results -> {
          long swept = results.stream().filter(StoreResult.Applied.class::isInstance).count();
          // A page of which nothing could be swept would come again and again.
          boolean more = rows.size() == PAGE && swept > 0 && !closed;
          return more
              ? sweepRows(before, sweptBefore + swept)
              : CompletableFuture.completedFuture(sweptBefore + swept);
        }, environment.executor()), environment.executor());
  }

  private CompletableFuture<StoreResult> sweepRow(CoreRow row) {
    Unit unit = stores.units().begin(Unit.Kind.SWEEP, row.id(), row.op(), environment.now().plus(PATIENCE));
    CompletableFuture<StoreResult> core = ParallelWrite.part(unit, () -> stores.core().sweep(unit, row.stamp()));
    CompletableFuture<StoreResult> history = ParallelWrite.part(unit, () -> stores.history().sweep(unit));
    return core.thenCombine(history, (coreResult, historyResult) -> coreResult);
  }

  private CompletableFuture<Long> sweepEntries(Instant before, long sweptBefore) {
    return stores.history().sweepVoid(before, PAGE).thenComposeAsync(
        swept -> swept == PAGE && !closed
            ? sweepEntries(before, sweptBefore + swept)
            : CompletableFuture.completedFuture(sweptBefore + swept),
        environment.executor());
  }

  /** Stops after what is under way. */
  void close() {
    closed = true;
    ScheduledFuture<?> set = alarm;
    if (set != null) {
      set.cancel(false);
    }
  }
}
