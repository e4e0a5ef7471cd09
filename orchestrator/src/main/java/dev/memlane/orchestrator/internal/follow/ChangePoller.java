package dev.memlane.orchestrator.internal.follow;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.MemoryId;
import dev.memlane.model.StoreException;
import dev.memlane.model.store.ChangeFeed;
import dev.memlane.orchestrator.BackgroundWork;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.Futures;
import dev.memlane.orchestrator.internal.RetryLoop;
import dev.memlane.orchestrator.internal.Stores;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The poller that keeps the index up to date with a database to which other processes write as well.
 *
 * <p>
 * At a fixed interval it asks the log's feed which memories have changed, and the {@link BatchFollower} makes their documents
 * agree with core, unless this process has made all of the changes ({@link OwnChanges}). Only ids come from the feed: what is put is what core holds once the memory is locked. A memory on which
 * this process is working is left for the next poll, not waited for.
 *
 * <p>
 * The feed begins before the index is compared with core, so no change falls between the two. When the feed, core or the
 * index fails, the poller begins again with a new feed and another comparison, because a feed that has lost its connection
 * can't say what it has missed. A {@link RetryLoop} spaces these attempts.
 *
 * <p>
 * An index without other writers is polled at checkpoints only: a unit of a process that died may still land after the
 * next one has opened.
 *
 * <p>
 * Invariant: one poll or comparison at a time, each begun by the end of the one before. Safe for use by several threads.
 */
public final class ChangePoller {

  private static final System.Logger LOGGER = System.getLogger(ChangePoller.class.getName());

  /** The least pause between two polls is the interval divided by this, however long a poll takes. */
  private static final int PAUSE_DIVISOR = 5;

  /** How many pages of changes are read at once; beyond that, others write faster than this process follows. */
  private static final int MOST_POLLS_AT_ONCE = 100;

  /** How long removed documents may gather while other processes go on erasing. */
  private static final Duration LONGEST_ERASING = Duration.ofMinutes(1);

  private final Stores stores;
  private final Environment environment;
  private final Supplier<CompletableFuture<Long>> comparison;
  private final BatchFollower batchFollower;
  private final Expunger expunger;
  private final OwnChanges ownChanges;
  private final Duration interval;
  private final RetryLoop loop;

  /** The memories to follow at the next poll; used by one poll after the other. */
  private final Set<MemoryId> deferred = new HashSet<>();
  /** The erased memories to be expunged by this process, and since when there are any; used by one poll after the other. */
  private final Set<MemoryId> erased = new HashSet<>();
  private Instant erasedSince = Instant.MIN;

  /** What was committed before has been followed, except by memories that were busy. Written by one poll after the other. */
  private volatile Instant followedUntil;

  @GuardedBy("this")
  private @Nullable ChangeFeed feed;

  @GuardedBy("this")
  private CompletableFuture<?> running = CompletableFuture.completedFuture(null);

  @GuardedBy("this")
  private boolean closed;

  /**
   * @param comparison compares the index with core and makes it agree; completes with how many memories differed
   * @param interval from the beginning of one poll to the beginning of the next
   */
  public ChangePoller(Stores stores, Environment environment,
      Supplier<CompletableFuture<Long>> comparison, BatchFollower batchFollower, Expunger expunger,
      OwnChanges ownChanges, Duration interval) {
    this.stores = stores;
    this.environment = environment;
    this.comparison = comparison;
    this.batchFollower = batchFollower;
    this.expunger = expunger;
    this.ownChanges = ownChanges;
    this.interval = interval;
    this.followedUntil = environment.now();
    this.loop = new RetryLoop("following what other processes write", environment);
  }

  public BackgroundWork status() {
    return loop.status();
  }

  /** How long ago the last poll began that followed all changes. */
  public Duration lag() {
    return Duration.between(followedUntil, environment.now());
  }

  /**
   * Opens a feed, then makes the index agree with core.
   *
   * @param agreement makes the index agree, and completes with how many memories differed
   * @return how many memories differed; fails if the feed can't be opened or the index can't be made to agree
   */
  public CompletableFuture<Long> begin(Supplier<CompletableFuture<Long>> agreement) {
    return stores.history().follow().thenComposeAsync(begun -> {
      keep(begun);
      return agreement.get();
    }, environment.executor());
  }

  /** Begins to poll. Goes on until this is closed. */
  public void start() {
    loop.beginAfter(interval, this::pollOrBegin);
  }

  private CompletableFuture<RetryLoop.Next> pollOrBegin() {
    if (isClosed()) {
      return CompletableFuture.completedFuture(RetryLoop.Next.DONE);
    }
    Instant begun = environment.now();
    return inTurn(() -> pollOnce().thenAccept(more -> {})).thenApply(done -> {
      followedUntil = begun;
      return RetryLoop.Next.after(untilNext(Duration.between(begun, environment.now())));
    });
  }

  /**
   * Follows everything that was committed before this call, except by memories that are busy.
   *
   * @return fails if the log or core can't be read, or the index can't be written
   */
  public CompletableFuture<Void> followNow() {
    return inTurn(() -> pollAll(MOST_POLLS_AT_ONCE));
  }

  private CompletableFuture<Void> pollAll(int most) {
    return pollOnce().thenComposeAsync(more -> {
      if (more && most == 1) {
        throw new StoreException("other processes write faster than this one can follow", null);
      }
      return more ? pollAll(most - 1) : CompletableFuture.completedFuture(null);
    }, environment.executor());
  }

  /** Polls, or begins again after a failure; returns whether there may be more to read. */
  private CompletableFuture<Boolean> pollOnce() {
    ChangeFeed open = open();
    return open == null ? begin(comparison).thenApply(differing -> false) : poll(open);
  }

  private synchronized @Nullable ChangeFeed open() {
    return feed;
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  /** Runs a step when the one before has ended. If it fails, in any way, the feed has failed. */
  private CompletableFuture<Void> inTurn(Supplier<CompletableFuture<Void>> step) {
    CompletableFuture<Void> ended = new CompletableFuture<>();
    CompletableFuture<?> before;
    synchronized (this) {
      before = running;
      running = ended;
    }
    Object unused = before.handle((done, failure) -> null).thenCompose(done -> step.get())
        .whenCompleteAsync((done, failure) -> {
          if (failure == null) {
            ended.complete(null);
          } else {
            closeFeed();
            ended.completeExceptionally(Futures.unwrap(failure));
          }
        }, environment.executor());
    return ended;
  }

  /** The interval counts from beginning to beginning: under load, the time that a poll takes must not be added to it. */
  private Duration untilNext(Duration taken) {
    Duration left = taken.isNegative() ? interval : interval.minus(taken);
    Duration least = interval.dividedBy(PAUSE_DIVISOR);
    return left.compareTo(least) < 0 ? least : left;
  }

  private CompletableFuture<Boolean> poll(ChangeFeed current) {
    return current.poll().thenComposeAsync(changes -> {
      deferred.addAll(ownChanges.changedByOthers(changes));
      if (erased.isEmpty()) {
        erasedSince = environment.now();
      }
      erased.addAll(changes.erased());
      return batchFollower.followChanged(deferred).thenApply(followed -> {
        deferred.retainAll(followed.busy());
        expunge(!changes.erased().isEmpty(), followed.busy());
        return changes.more();
      });
    }, environment.executor());
  }

  /**
   * Expunges erased memories once the log lists no more of them, so that erasing many memories costs one rewriting of the
   * index's files and not one for each poll. A busy memory waits for the next time: the operation on it may still put and
   * remove a document.
   */
  private void expunge(boolean erasingGoesOn, Set<MemoryId> busy) {
    boolean due = !erasingGoesOn || environment.isPast(erasedSince.plus(LONGEST_ERASING));
    if (due && !erased.isEmpty() && erased.retainAll(busy)) {
      erasedSince = environment.now();
      expunger.expungeInBackground();
    }
  }

  private void keep(ChangeFeed begun) {
    boolean kept;
    synchronized (this) {
      kept = !closed;
      if (kept) {
        feed = begun;
        deferred.clear();
      }
    }
    if (!kept) {
      begun.close();
      throw new StoreException("the memory is closed; open it again", null);
    }
  }

  private void closeFeed() {
    ChangeFeed broken;
    synchronized (this) {
      if (closed) {
        return;
      }
      broken = feed;
      feed = null;
    }
    closeQuietly(broken);
  }

  /**
   * Stops polling.
   *
   * @return completes when a poll that was under way has ended; never fails
   */
  public CompletableFuture<Void> close() {
    loop.close();
    CompletableFuture<?> last;
    ChangeFeed open;
    synchronized (this) {
      closed = true;
      last = running;
      open = feed;
      feed = null;
    }
    return last.handle((done, failure) -> {
      closeQuietly(open);
      return null;
    });
  }

  private static void closeQuietly(@Nullable ChangeFeed feed) {
    if (feed == null) {
      return;
    }
    try {
      feed.close();
    } catch (RuntimeException e) {
      // Nothing was written on it, and the server drops a connection that is gone.
      LOGGER.log(System.Logger.Level.DEBUG, "the feed's connection could not be closed in order", e);
    }
  }
}
