package dev.memlane.orchestrator.internal.follow;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.ExpiredCursorException;
import dev.memlane.model.MemoryChange;
import dev.memlane.model.MemoryId;
import dev.memlane.model.StoreException;
import dev.memlane.model.store.Arrivals;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.LogPage;
import dev.memlane.model.store.SharedIndex;
import dev.memlane.orchestrator.BackgroundWork;
import dev.memlane.orchestrator.Progress;
import dev.memlane.orchestrator.internal.BoundedParallel;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.Futures;
import dev.memlane.orchestrator.internal.MemoryLocks;
import dev.memlane.orchestrator.internal.RetryLoop;
import dev.memlane.orchestrator.internal.Stores;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The keeper of an index that several processes share (rule R17): it mends what processes that died have left behind.
 *
 * <p>
 * Each process has a keeper; the one that holds the lease works. It reads two feeds: the log, for changes whose document may
 * be missing, and the index's arrivals, for documents that no row calls for. What it reads in one pass it compares in the
 * next one, because most operations that are under way have ended by then. When a batch agrees, its end becomes the index's
 * checkpoint, from which any keeper goes on.
 *
 * <p>
 * The lease saves work and nothing rests on it: two keepers at once, one of them out of date, do no harm, because each
 * removes a document only after a fence, and a checkpoint stays true once it was.
 *
 * <p>
 * Invariant: one pass at a time, each begun by the end of the one before. Safe for use by several threads.
 */
public final class SharedIndexKeeper {

  private static final System.Logger LOGGER = System.getLogger(SharedIndexKeeper.class.getName());

  private static final String LEASE = "keeper of the index of ";
  /** How many changes and how many arrivals make a batch at most. */
  private static final int PAGE = 5_000;
  private static final int CHUNKS_AT_ONCE = 3;
  private static final Duration LENGTH_OF_LEASE = Duration.ofSeconds(10);
  private static final int EXTENSIONS_OF_LEASE = 3;
  /** How long an opening waits before it asks again whether another process has built the index. */
  private static final Duration BUILDING_PAUSE = Duration.ofSeconds(1);
  /** The longest time between two checkpoints if nothing changes. */
  private static final Duration LONGEST_UNRECORDED = Duration.ofHours(1);

  private final Stores stores;
  private final Environment environment;
  private final MemoryLocks locks;
  private final IndexComparison comparison;
  private final BatchFollower batchFollower;
  private final BackgroundFollower background;
  private final Expunger expunger;
  /** One for each index: two of them are kept while the model changes. */
  private final String lease;
  private final Duration retention;
  private final Duration interval;
  private final UUID holder;
  private final RetryLoop loop;

  /** What was read and is to be compared; null before the first pass and without the lease. Used by one pass at a time. */
  private @Nullable Batch waiting;

  private volatile Instant keptUntil;

  /** When everything was last compared by this process; the epoch if it never was. */
  private volatile Instant comparedAt = Instant.EPOCH;

  /** When the feeds were read up to the positions of the checkpoint that this process recorded last. */
  private volatile Instant recordedAt = Instant.EPOCH;

  private volatile boolean keeping;

  /** Whether the opening has said that it waits for another process. */
  private volatile boolean waitsForBuilder;

  @GuardedBy("this")
  private CompletableFuture<?> running = CompletableFuture.completedFuture(null);

  @GuardedBy("this")
  private boolean closed;

  /**
   * What was read of both feeds.
   *
   * @param from the checkpoint after which it begins
   * @param position the log's position after it
   * @param arrivals the arrivals' position after it
   * @param erased whether the log reports an erased memory
   * @param at when it was read
   * @param more whether there may be more to read already
   */
  private record Batch(SharedCheckpoint from, Set<MemoryId> memories, String position, String arrivals,
      boolean erased, Instant at, boolean more) {}

  /**
   * @param vectors the name of the index's vectors
   * @param retention how long the log keeps the entries of memories that were deleted
   * @param interval from the end of one pass to the beginning of the next, unless more has been read than fits into a batch
   */
  public SharedIndexKeeper(Stores stores, Environment environment, MemoryLocks locks, IndexComparison comparison,
      BatchFollower batchFollower, BackgroundFollower background, Expunger expunger, String vectors,
      Duration retention, Duration interval) {
    this.stores = stores;
    this.environment = environment;
    this.locks = locks;
    this.comparison = comparison;
    this.batchFollower = batchFollower;
    this.background = background;
    this.expunger = expunger;
    this.lease = LEASE + vectors;
    this.retention = retention;
    this.interval = interval;
    this.holder = environment.ids().newStamp();
    this.keptUntil = environment.now();
    this.loop = new RetryLoop("keeping the shared index", environment);
  }

  public BackgroundWork status() {
    return loop.status();
  }

  /** How long ago the last pass began that kept the index, or found another process that does. */
  public Duration lag() {
    return Duration.between(keptUntil, environment.now());
  }

  /**
   * Opens the index. If it has no checkpoint that can be relied on, one process compares everything, and the others wait for
   * it.
   *
   * @param progress receives how many memories agree so far, if this process compares everything
   * @return how many memories differed
   */
  public CompletableFuture<Long> open(Progress progress) {
    return reliable().thenComposeAsync(checkpoint -> checkpoint == null
        ? holdLease().thenComposeAsync(held -> held ? compareAll(progress) : openLater(progress),
            environment.executor())
        : CompletableFuture.completedFuture(0L), environment.executor());
  }

  private CompletableFuture<Long> openLater(Progress progress) {
    if (!waitsForBuilder) {
      waitsForBuilder = true;
      LOGGER.log(System.Logger.Level.INFO,
          "another process builds the shared index; this one opens when it is built, or "
              + "builds it itself if that process ends before");
    }
    return environment.after(BUILDING_PAUSE, () -> open(progress));
  }

  private CompletableFuture<Boolean> holdLease() {
    return stores.history().holdLease(lease, holder, LENGTH_OF_LEASE).thenApply(held -> {
      keeping = held;
      return held;
    });
  }

  /** Begins to keep the index. Goes on until this is closed. */
  public void start() {
    loop.beginAfter(interval, this::next);
  }

  private CompletableFuture<RetryLoop.Next> next() {
    CompletableFuture<Void> ended = new CompletableFuture<>();
    synchronized (this) {
      if (closed) {
        return CompletableFuture.completedFuture(RetryLoop.Next.DONE);
      }
      running = ended;
    }
    Instant begun = environment.now();
    return holdLease().thenComposeAsync(held -> {
      if (!held) {
        waiting = null;
        return CompletableFuture.completedFuture(false);
      }
      return pass();
    }, environment.executor()).thenApply(more -> {
      keptUntil = begun;
      return more ? RetryLoop.Next.AGAIN : RetryLoop.Next.after(interval);
    }).whenComplete((done, failure) -> {
      if (failure != null) {
        // A batch that was compared in part is read again.
        waiting = null;
      }
      ended.complete(null);
    });
  }

  /** Mends what the last pass read, records how far the index agrees, and reads on. Completes with whether there is more. */
  private CompletableFuture<Boolean> pass() {
    Batch batch = waiting;
    if (batch == null) {
      return reliable().thenComposeAsync(checkpoint -> checkpoint == null
          ? compareAll(Progress.NONE).thenApply(differing -> true)
          : readAfter(checkpoint), environment.executor());
    }
    return mend(batch).thenComposeAsync(left -> record(batch, left), environment.executor())
        .thenComposeAsync(this::readAfter, environment.executor());
  }

  /** The index's checkpoint; null if it has none that can be relied on. */
  private CompletableFuture<@Nullable SharedCheckpoint> reliable() {
    return shared().lastCheckpoint().thenComposeAsync(text -> {
      SharedCheckpoint checkpoint = SharedCheckpoint.read(text).orElse(null);
      // Half, because the clocks of several processes decide what is swept.
      if (checkpoint == null
          || checkpoint.log().takenAt().plus(retention.dividedBy(2)).isBefore(environment.now())) {
        return CompletableFuture.<@Nullable SharedCheckpoint>completedFuture(null);
      }
      return stores.history().hasProof(checkpoint.log().proof())
          .thenCompose(proven -> proven ? canReadFrom(checkpoint) : CompletableFuture.completedFuture(false))
          .<@Nullable SharedCheckpoint>thenApply(good -> good ? checkpoint : null);
    }, environment.executor());
  }

  /** Whether both feeds still have what came after the checkpoint. */
  private CompletableFuture<Boolean> canReadFrom(SharedCheckpoint checkpoint) {
    return stores.history().changes(checkpoint.log().position(), 1)
        .thenCompose(log -> shared().arrivals(checkpoint.arrivals(), checkpoint.arrivals(), 1)).thenApply(page -> true)
        .exceptionally(failure -> {
          Throwable cause = Futures.unwrap(failure);
          if (cause instanceof ExpiredCursorException) {
            return false;
          }
          throw Futures.own(cause);
        });
  }

  private SharedIndex shared() {
    SharedIndex shared = stores.index().shared();
    if (shared == null) {
      throw new StoreException("the index is not shared", null);
    }
    return shared;
  }

  /**
   * Compares everything and makes it agree.
   *
   * @return how many memories differed
   */
  private CompletableFuture<Long> compareAll(Progress progress) {
    LOGGER.log(System.Logger.Level.DEBUG, "the whole shared index is compared with the database");
    Instant begun = environment.now();
    waiting = null;
    return shared().end().thenCombine(stores.history().changes(null, 1),
        (arrivals, page) -> new SharedCheckpoint(
            new Checkpoint(holder, holder, page.next(), begun, begun, Set.of()), arrivals))
        .thenComposeAsync(end -> comparison.run(extendingLease(progress), IndexComparison.Pace.FULL)
            .thenComposeAsync(differing -> record(end, background.queued())
                .thenApply(recorded -> differing), environment.executor()),
            environment.executor());
  }

  /** Compares everything slowly, if this process keeps the index. Completes with how many memories differed. */
  public CompletableFuture<Long> recheck() {
    if (!keeping) {
      return CompletableFuture.completedFuture(0L);
    }
    Instant begun = environment.now();
    return comparison.run(Progress.NONE, IndexComparison.Pace.GENTLE).thenApply(differing -> {
      comparedAt = begun;
      return differing;
    });
  }

  /** A comparison of everything takes longer than a lease lasts. */
  @SuppressWarnings("FutureReturnValueIgnored") // nothing rests on the lease
  private Progress extendingLease(Progress progress) {
    AtomicReference<Instant> extended = new AtomicReference<>(environment.now());
    return (done, total) -> {
      Instant now = environment.now();
      Instant last = extended.get();
      if (last.plus(LENGTH_OF_LEASE.dividedBy(EXTENSIONS_OF_LEASE)).isBefore(now)
          && extended.compareAndSet(last, now)) {
        holdLease();
      }
      progress.at(done, total);
    };
  }

  /** Reads what comes after a checkpoint. */
  private CompletableFuture<Boolean> readAfter(SharedCheckpoint checkpoint) {
    Instant at = environment.now();
    return stores.history().changes(checkpoint.log().position(), PAGE)
        .thenCombine(shared().end().thenCompose(end -> shared().arrivals(checkpoint.arrivals(), end, PAGE)),
            (log, arrivals) -> batch(checkpoint, log, arrivals, at))
        .thenApply(batch -> {
          waiting = batch;
          return batch.more();
        });
  }

  private Batch batch(SharedCheckpoint checkpoint, LogPage log, Arrivals arrivals, Instant at) {
    Set<MemoryId> memories = new HashSet<>(checkpoint.log().inFlight());
    memories.removeAll(background.queued());
    log.changes().stream().map(MemoryChange::memory).forEach(memories::add);
    arrivals.documents().stream().map(DocumentName::memory).forEach(memories::add);
    boolean erased = log.changes().stream().anyMatch(change -> change.kind() == MemoryChange.Kind.ERASE);
    return new Batch(checkpoint, memories, log.next(), arrivals.next(), erased, at, log.more() || arrivals.more());
  }

  /** Makes the documents of a batch's memories agree. Completes with the memories that are left to the background. */
  private CompletableFuture<Set<MemoryId>> mend(Batch batch) {
    if (batch.memories().isEmpty()) {
      return CompletableFuture.completedFuture(Set.of());
    }
    FollowFailures failures = batchFollower.newFailures();
    return NamePage.read(stores, locks::locked, batch.memories()).thenComposeAsync(
        page -> BoundedParallel.run(BatchFollower.chunks(page.differing()), CHUNKS_AT_ONCE,
            chunk -> batchFollower.followWholeChunk(chunk, failures).thenApply(done -> chunk.size()), environment),
        environment.executor()).thenApply(mended -> {
          if (batch.erased()) {
            // The process that erased them purges the index too, unless it has died.
            expunger.expungeInBackground();
          } else if (!mended.isEmpty()) {
            // A document that arrived late may have been of an erased memory.
            expunger.checkFilesInBackground();
          }
          Set<MemoryId> left = new HashSet<>(batch.memories());
          left.retainAll(background.queued());
          return left;
        });
  }

  private CompletableFuture<SharedCheckpoint> record(Batch batch, Set<MemoryId> left) {
    SharedCheckpoint from = batch.from();
    Set<MemoryId> inFlight = new HashSet<>(from.log().inFlight());
    inFlight.retainAll(background.queued());
    inFlight.addAll(left);
    Checkpoint before = from.log();
    Instant compared = before.comparedAt().isAfter(comparedAt) ? before.comparedAt() : comparedAt;
    SharedCheckpoint next = new SharedCheckpoint(new Checkpoint(before.holder(), before.proof(), batch.position(),
        batch.at(), compared, before.inFlight()), batch.arrivals());
    boolean worthRecording = !batch.memories().isEmpty() || !inFlight.equals(before.inFlight())
        || recordedAt.plus(LONGEST_UNRECORDED).isBefore(environment.now());
    return worthRecording ? record(next, inFlight) : CompletableFuture.completedFuture(next);
  }

  /** Records a checkpoint, after leaving a proof of it in the database. */
  private CompletableFuture<SharedCheckpoint> record(SharedCheckpoint end, Set<MemoryId> inFlight) {
    UUID proof = environment.ids().newStamp();
    Checkpoint log = end.log();
    SharedCheckpoint checkpoint = new SharedCheckpoint(
        new Checkpoint(log.holder(), proof, log.position(), log.takenAt(), log.comparedAt(), inFlight), end.arrivals());
    return stores.history().leaveProof(log.holder(), proof)
        .thenCompose(left -> shared().recordCheckpoint(checkpoint.write())).thenApply(recorded -> {
          recordedAt = log.takenAt();
          return checkpoint;
        });
  }

  /**
   * Stops keeping the index, and gives the lease back.
   *
   * @return completes when a pass that was under way has ended; never fails
   */
  public CompletableFuture<Void> close() {
    loop.close();
    CompletableFuture<?> last;
    synchronized (this) {
      closed = true;
      last = running;
    }
    return last.thenComposeAsync(ended -> keeping
        ? stores.history().holdLease(lease, holder, Duration.ZERO)
        : CompletableFuture.completedFuture(false), environment.executor())
        // The lease ends by itself in a short time.
        .handle((done, failure) -> null);
  }
}
