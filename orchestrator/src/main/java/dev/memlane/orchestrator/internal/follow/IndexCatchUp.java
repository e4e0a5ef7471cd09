package dev.memlane.orchestrator.internal.follow;

import dev.memlane.model.ExpiredCursorException;
import dev.memlane.model.MemoryChange;
import dev.memlane.model.MemoryId;
import dev.memlane.model.store.VectorIndex;
import dev.memlane.orchestrator.Progress;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.Futures;
import dev.memlane.orchestrator.internal.Stores;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The step that makes an index that has just been opened agree with core (rules R8 and R16).
 *
 * <p>
 * If the index has a checkpoint that can be relied on, only the memories are compared that have changed since, and those
 * that were in flight. Otherwise everything is compared. Safe for use by several threads; one run at a time.
 */
public final class IndexCatchUp {

  private static final System.Logger LOGGER = System.getLogger(IndexCatchUp.class.getName());

  private static final int PAGE = 10_000;
  /** With more changes, comparing everything is faster. */
  private static final int MOST_CHANGED = 100_000;
  /** The longest time without a comparison of everything, for processes that end before one in the background. */
  private static final Duration LONGEST_UNCOMPARED = Duration.ofDays(7);

  private final Stores stores;
  private final Environment environment;
  private final IndexComparison comparison;
  private final BatchFollower batchFollower;
  private final BackgroundFollower background;
  private final CheckpointRecorder recorder;
  private final Duration retention;

  /**
   * @param retention how long the log keeps the entries of memories that were deleted
   */
  public IndexCatchUp(Stores stores, Environment environment, IndexComparison comparison, BatchFollower batchFollower,
      BackgroundFollower background, CheckpointRecorder recorder, Duration retention) {
    this.stores = stores;
    this.environment = environment;
    this.comparison = comparison;
    this.batchFollower = batchFollower;
    this.background = background;
    this.recorder = recorder;
    this.retention = retention;
  }

  /** Why everything is compared. */
  private static final class UnreliableCheckpointException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnreliableCheckpointException(String reason) {
      super(reason);
    }
  }

  /**
   * Makes the index agree with core.
   *
   * @param progress receives how many memories agree so far, if everything is compared
   * @return how many memories differed
   */
  public CompletableFuture<Long> run(Progress progress) {
    VectorIndex index = stores.index().unguarded();
    Checkpoint checkpoint = Checkpoint.read(index.checkpoint()).orElse(null);
    recorder.reset(checkpoint);
    index.recordCheckpoints(recorder);
    String reason = unreliable(checkpoint);
    if (checkpoint == null || reason != null) {
      return compareAll(progress, String.valueOf(reason));
    }
    return followSince(checkpoint).thenApply(differing -> {
      recorder.agree();
      return differing;
    }).exceptionallyComposeAsync(failure -> {
      Throwable cause = Futures.unwrap(failure);
      return cause instanceof UnreliableCheckpointException || cause instanceof ExpiredCursorException
          ? compareAll(progress, String.valueOf(cause.getMessage()))
          : CompletableFuture.failedFuture(cause);
    }, environment.executor());
  }

  /** Why a checkpoint can't be relied on, as far as it says so itself; null if it can. */
  private @Nullable String unreliable(@Nullable Checkpoint checkpoint) {
    if (checkpoint == null) {
      return "it has no checkpoint";
    }
    Instant now = environment.now();
    // Twice, because the clocks of several processes decide what is swept.
    if (checkpoint.takenAt().plus(retention.dividedBy(2)).isBefore(now)) {
      return "entries of deleted memories may have been swept since its checkpoint";
    }
    return checkpoint.comparedAt().plus(LONGEST_UNCOMPARED).isBefore(now)
        ? "it was last compared on " + checkpoint.comparedAt()
        : null;
  }

  private CompletableFuture<Long> compareAll(Progress progress, String reason) {
    LOGGER.log(System.Logger.Level.DEBUG, "the whole index is compared with the database, because {0}", reason);
    Instant begun = environment.now();
    // What the checkpoint says is not true of what the comparison commits.
    recorder.reset(null);
    return comparison.run(progress, IndexComparison.Pace.FULL).thenApply(differing -> {
      recorder.compared(begun);
      recorder.agree();
      return differing;
    });
  }

  private CompletableFuture<Long> followSince(Checkpoint checkpoint) {
    return stores.history().hasProof(checkpoint.proof()).thenComposeAsync(proven -> {
      if (!proven) {
        throw new UnreliableCheckpointException("the database is not the one that the checkpoint was taken of, or was "
            + "restored to an earlier state");
      }
      return readChanges(checkpoint.position(), new HashSet<>(checkpoint.inFlight()));
    }, environment.executor())
        .thenComposeAsync(changed -> batchFollower.followChanged(changed), environment.executor())
        .thenApply(followed -> {
          // As in a comparison of everything: whoever holds the lock may have read the row before the change.
          followed.busy().forEach(memory -> background.follow(memory, null));
          return followed.differing();
        });
  }

  private CompletableFuture<Set<MemoryId>> readChanges(String after, Set<MemoryId> changed) {
    return stores.history().changes(after, PAGE).thenComposeAsync(page -> {
      page.changes().stream().map(MemoryChange::memory).forEach(changed::add);
      if (changed.size() > MOST_CHANGED) {
        throw new UnreliableCheckpointException("more than " + MOST_CHANGED + " memories have changed");
      }
      return page.more() ? readChanges(page.next(), changed) : CompletableFuture.completedFuture(changed);
    }, environment.executor());
  }
}
