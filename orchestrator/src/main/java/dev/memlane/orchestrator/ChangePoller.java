package dev.memlane.orchestrator;

import dev.memlane.model.MemoryId;
import dev.memlane.model.StoreException;
import dev.memlane.model.store.ChangeFeed;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the index up with a database that other processes write to as well.
 *
 * <p>
 * Every so often it asks the log's feed which memories have changed, and has the {@link IndexFollower} make their
 * documents agree with core. It takes ids from the feed and nothing else: what is put is what core holds when the
 * memory's turn has been taken. A memory on which this process is working is left for the next look, not waited for.
 *
 * <p>
 * The feed begins before the index is compared with core, so that nothing falls between the two. When anything fails,
 * be it the feed, core or the index, it begins again with a new feed and another comparison, because a feed that has
 * lost its connection can't tell what it has missed. A {@link RetryLoop} spaces such tries.
 *
 * <p>
 * Invariant: one look or comparison at a time, each begun by the end of the one before. Safe for use by several threads.
 */
final class ChangePoller {

  private static final System.Logger LOGGER = System.getLogger(ChangePoller.class.getName());

  /** The least rest between two looks, as a part of the interval, however long a look takes. */
  private static final int REST = 5;

  /** How long to let removed documents gather while others go on erasing. */
  private static final Duration LONGEST_ERASING = Duration.ofMinutes(1);

  private final Stores stores;
  private final Environment environment;
  private final IndexFollower follower;
  private final Expunger expunger;
  private final Duration interval;
  private final RetryLoop loop;

  /** Memories to look at again; used by one look after the other. */
  private final Set<MemoryId> deferred = new HashSet<>();
  /** Erased memories that this process has yet to let go of, and since when there are any; used as the ones above. */
  private final Set<MemoryId> erased = new HashSet<>();
  private Instant erasedSince = Instant.MIN;

  // Guarded by this.
  private @Nullable ChangeFeed feed;
  private CompletableFuture<?> running = CompletableFuture.completedFuture(null);
  private boolean closed;

  /**
   * @param interval from one look's begin to the next one's
   */
  ChangePoller(Stores stores, Environment environment, IndexFollower follower, Expunger expunger,
      Duration interval) {
    this.stores = stores;
    this.environment = environment;
    this.follower = follower;
    this.expunger = expunger;
    this.interval = interval;
    this.loop = new RetryLoop("following what other processes write", environment);
  }

  BackgroundWork status() {
    return loop.status();
  }

  /**
   * Begins to follow: makes the index agree with core first.
   *
   * @return how many memories differed; fails if the feed can't be begun or the index not be made to agree
   */
  CompletableFuture<Long> begin(Progress progress) {
    return stores.history().follow().thenComposeAsync(begun -> {
      take(begun);
      return follower.compare(progress);
    }, environment.executor()).thenApply(differing -> {
      expunger.checkFilesInBackground();
      return differing;
    });
  }

  /** Goes on following, until it is closed. */
  void start() {
    loop.beginAfter(interval, this::lookOrBegin);
  }

  private CompletableFuture<RetryLoop.Next> lookOrBegin() {
    Instant begun = environment.now();
    CompletableFuture<?> look;
    synchronized (this) {
      if (closed) {
        return CompletableFuture.completedFuture(RetryLoop.Next.DONE);
      }
      ChangeFeed open = feed;
      // What a store throws must not pass by the end of the feed.
      look = CompletableFuture.completedFuture(this)
          .thenCompose(poller -> open == null ? begin(Progress.NONE).thenAccept(differing -> {}) : look(open));
      running = look;
    }
    return look.handleAsync((done, failure) -> {
      if (failure != null) {
        lost();
        throw new CompletionException(Futures.unwrap(failure));
      }
      return RetryLoop.Next.after(untilNext(Duration.between(begun, environment.now())));
    }, environment.executor());
  }

  /** The interval counts from begin to begin: the time that a look takes must not be added to it under load. */
  private Duration untilNext(Duration taken) {
    Duration left = taken.isNegative() ? interval : interval.minus(taken);
    Duration least = interval.dividedBy(REST);
    return left.compareTo(least) < 0 ? least : left;
  }

  /** One look at the feed. */
  private CompletableFuture<Void> look(ChangeFeed current) {
    return current.poll().thenComposeAsync(changes -> {
      deferred.addAll(changes.memories());
      if (erased.isEmpty()) {
        erasedSince = environment.now();
      }
      erased.addAll(changes.erased());
      return follower.followChanged(deferred).thenAccept(busy -> {
        deferred.retainAll(busy);
        letGo(!changes.erased().isEmpty(), busy);
      });
    }, environment.executor());
  }

  /**
   * Lets go of erased memories when the log tells of no more of them, so that an erasing of many costs one rewriting of the
   * index's files and not one for each look. A memory that somebody works on may still put and remove a document.
   */
  private void letGo(boolean erasingGoesOn, Set<MemoryId> busy) {
    boolean due = !erasingGoesOn || environment.isPast(erasedSince.plus(LONGEST_ERASING));
    if (due && !erased.isEmpty() && erased.retainAll(busy)) {
      erasedSince = environment.now();
      expunger.expungeInBackground();
    }
  }

  private void take(ChangeFeed begun) {
    boolean keep;
    synchronized (this) {
      keep = !closed;
      if (keep) {
        feed = begun;
        deferred.clear();
      }
    }
    if (!keep) {
      begun.close();
      throw new StoreException("the memory is closed; open it again", null);
    }
  }

  private void lost() {
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
   * Stops following.
   *
   * @return completes when a look that was under way has ended; never fails
   */
  CompletableFuture<Void> close() {
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
      // Nothing was written on it, and the server lets go of a connection that is gone.
      LOGGER.log(System.Logger.Level.DEBUG, "the feed's connection could not be closed in order", e);
    }
  }
}
