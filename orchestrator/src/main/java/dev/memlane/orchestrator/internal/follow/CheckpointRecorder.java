package dev.memlane.orchestrator.internal.follow;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.MemoryId;
import dev.memlane.model.store.CheckpointSource;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.MemoryLocks;
import dev.memlane.orchestrator.internal.Stores;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The recorder of the index's checkpoints (rule R16).
 *
 * <p>
 * The order of the steps matters:
 * <ol>
 * <li>From now on, every memory whose lock is held counts as in flight.
 * <li>The position of the log is taken.
 * <li>A proof is left in the database.
 * <li>What other processes have written until now is followed.
 * <li>The index fixes the documents of its commit.
 * <li>The memories in flight are listed: those of step 1, and those queued in the background.
 * </ol>
 * Whatever the documents lack, or have too much, then belongs to a memory in flight or to one that the log lists after the
 * position. If a step fails, the commit has no checkpoint, and the next opening compares everything.
 *
 * <p>
 * While the index does not agree with core yet, after opening, commits go on recording the checkpoint that was opened, with
 * all memories that were followed since.
 *
 * <p>
 * Safe for use by several threads.
 */
public final class CheckpointRecorder implements CheckpointSource {

  private static final System.Logger LOGGER = System.getLogger(CheckpointRecorder.class.getName());

  /** The most memories in flight that a checkpoint lists. With more, comparing everything is hardly slower. */
  private static final int MOST_IN_FLIGHT = 100_000;

  private static final Pending NOTHING = () -> null;

  private final Stores stores;
  private final Environment environment;
  private final MemoryLocks locks;
  private final Supplier<Set<MemoryId>> queued;
  private final Supplier<CompletableFuture<Void>> followNow;

  @GuardedBy("this")
  private UUID holder;

  /** The checkpoint that the index was opened with; null if there is none, and once the index agrees. */
  @GuardedBy("this")
  private @Nullable Checkpoint opened;

  /** What was in flight since {@link #opened} was read; null if that is. */
  @GuardedBy("this")
  private MemoryLocks.@Nullable Recording sinceOpened;

  @GuardedBy("this")
  private boolean agrees;

  @GuardedBy("this")
  private Instant comparedAt = Instant.EPOCH;

  /** The checkpoint of all commits from the closing on. */
  @GuardedBy("this")
  private @Nullable Pending closing;

  /**
   * @param queued the memories that are queued in the background
   * @param followNow follows what other processes have written until now
   */
  public CheckpointRecorder(Stores stores, Environment environment, MemoryLocks locks, Supplier<Set<MemoryId>> queued,
      Supplier<CompletableFuture<Void>> followNow) {
    this.stores = stores;
    this.environment = environment;
    this.locks = locks;
    this.queued = queued;
    this.followNow = followNow;
    this.holder = environment.ids().newStamp();
  }

  /**
   * Begins with an index that has been opened and does not agree with core yet. Call this before the first write.
   *
   * @param checkpoint the checkpoint that it was opened with; null if it has none
   */
  synchronized void reset(@Nullable Checkpoint checkpoint) {
    agrees = false;
    endRecordingSinceOpened();
    opened = checkpoint;
    if (checkpoint != null) {
      holder = checkpoint.holder();
      comparedAt = checkpoint.comparedAt();
      sinceOpened = locks.record();
    }
  }

  /** Notes that the index agrees with core now. */
  synchronized void agree() {
    agrees = true;
    endRecordingSinceOpened();
  }

  /** Notes that everything has been compared with core, in a comparison that began then. */
  public synchronized void compared(Instant at) {
    comparedAt = at;
  }

  /** When everything was last compared with core; the epoch if that is not known. */
  public synchronized Instant comparedAt() {
    return comparedAt;
  }

  @GuardedBy("this")
  private void endRecordingSinceOpened() {
    opened = null;
    MemoryLocks.Recording recording = sinceOpened;
    sinceOpened = null;
    if (recording != null) {
      recording.close();
    }
  }

  @Override
  public CompletableFuture<Pending> begin() {
    synchronized (this) {
      Pending last = closing;
      if (last != null) {
        return CompletableFuture.completedFuture(last);
      }
      if (!agrees) {
        Checkpoint before = opened;
        return CompletableFuture.completedFuture(before == null ? NOTHING : () -> completeBeforeAgreeing(before));
      }
    }
    return take().thenApply(taken -> taken == null ? NOTHING : taken::completeOnce);
  }

  /**
   * Takes the checkpoint that all commits record from now on. Call this before the work in the background ends.
   *
   * @return completes when it is taken, or can't be taken; never fails
   */
  public CompletableFuture<Void> close() {
    synchronized (this) {
      if (!agrees || closing != null) {
        return CompletableFuture.completedFuture(null);
      }
    }
    return take().thenAccept(taken -> setClosing(taken == null ? NOTHING : taken::complete));
  }

  private synchronized void setClosing(Pending last) {
    closing = last;
  }

  private synchronized @Nullable String completeBeforeAgreeing(Checkpoint before) {
    MemoryLocks.Recording recording = sinceOpened;
    if (!before.equals(opened) || recording == null) {
      return null;
    }
    Set<MemoryId> inFlight = new HashSet<>(before.inFlight());
    inFlight.addAll(queued.get());
    inFlight.addAll(recording.soFar());
    return write(before, inFlight);
  }

  /** Takes a checkpoint; null if a step fails. */
  private CompletableFuture<@Nullable Taken> take() {
    MemoryLocks.Recording recording = locks.record();
    Instant takenAt = environment.now();
    UUID proof = environment.ids().newStamp();
    UUID by;
    Instant compared;
    synchronized (this) {
      by = holder;
      compared = comparedAt;
    }
    return CompletableFuture.completedFuture(stores.history()).thenCompose(history -> history.changes(null, 1))
        .thenCompose(page -> stores.history().leaveProof(by, proof)
            .thenCompose(left -> followNow.get())
            .thenApply(followed -> new Checkpoint(by, proof, page.next(), takenAt, compared, Set.of())))
        .handle((checkpoint, failure) -> {
          if (failure != null) {
            LOGGER.log(System.Logger.Level.DEBUG, "a commit of the index has no checkpoint", failure);
            recording.close();
            return null;
          }
          return new Taken(checkpoint, recording);
        });
  }

  private static @Nullable String write(Checkpoint checkpoint, Set<MemoryId> inFlight) {
    return inFlight.size() > MOST_IN_FLIGHT ? null : checkpoint.withInFlight(inFlight).write();
  }

  /** A checkpoint whose memories in flight are still being recorded. */
  private final class Taken {

    private final Checkpoint checkpoint;
    private final MemoryLocks.Recording recording;

    Taken(Checkpoint checkpoint, MemoryLocks.Recording recording) {
      this.checkpoint = checkpoint;
      this.recording = recording;
    }

    /** Completes it and ends the recording. */
    @Nullable
    String completeOnce() {
      if (recording.isClosed()) {
        return null;
      }
      String text = complete();
      recording.close();
      return text;
    }

    @Nullable
    String complete() {
      // The queue first: a memory that leaves it in between was locked for that.
      Set<MemoryId> inFlight = new HashSet<>(queued.get());
      inFlight.addAll(recording.soFar());
      return write(checkpoint, inFlight);
    }
  }
}
