package dev.memlane.orchestrator.internal.follow;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.MemoryId;
import dev.memlane.model.StoreException;
import dev.memlane.model.store.DocumentName;
import dev.memlane.orchestrator.Progress;
import dev.memlane.orchestrator.internal.BoundedParallel;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.MemoryLocks;
import dev.memlane.orchestrator.internal.Stores;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The comparison of the whole index with core: reads the names of all documents and the heads of all rows, in order of
 * id, and makes agree what differs.
 *
 * <p>
 * Pages are compared one after the other. What differs is gathered over many pages before it is put, because each put makes
 * the next read of names refresh the index, and leaves a small segment behind. The gathered memories are followed in
 * chunks, several at once, so that core is read while the index is written.
 *
 * <p>
 * A memory that fails for a reason of its own is queued in the background ({@link FollowFailures}). The comparison fails if
 * some failed and the index holds no memory at all. Safe for use by several threads.
 */
public final class IndexComparison {

  private static final int PAGE = 2_000;
  private static final int REST_SHARE = 9;
  private static final int CHUNKS_AT_ONCE = 3;
  private static final int MOST_GATHERED = 100_000;

  private final Stores stores;
  private final Environment environment;
  private final MemoryLocks locks;
  private final BatchFollower batchFollower;
  private final BackgroundFollower background;

  public IndexComparison(Stores stores, Environment environment, MemoryLocks locks, BatchFollower batchFollower,
      BackgroundFollower background) {
    this.stores = stores;
    this.environment = environment;
    this.locks = locks;
    this.batchFollower = batchFollower;
    this.background = background;
  }

  /** How fast a comparison goes. */
  public enum Pace {
    /** As fast as it can. */
    FULL,
    /** After each page it rests nine times as long as the page took, so it takes a tenth of one thread's time. */
    GENTLE
  }

  /**
   * Compares the index with core and makes it agree.
   *
   * @param progress receives how many memories agree so far
   * @return how many memories differed, including those that were queued in the background
   */
  public CompletableFuture<Long> run(Progress progress, Pace pace) {
    return stores.core().estimate().thenComposeAsync(total -> {
      Run run = new Run(progress, total, pace);
      return run.comparePage(null).thenApply(differing -> {
        run.reportEnd();
        return differing;
      });
    }, environment.executor());
  }

  /** One comparison under way. Pages come one after the other; chunks agree on any thread. */
  private final class Run {

    private final FollowFailures failures = batchFollower.newFailures();
    private final Progress progress;
    private final long estimatedTotal;
    private final Pace pace;

    /** What differs and does not agree yet, with the documents there were; used by one page after the other. */
    private SortedMap<MemoryId, List<DocumentName>> gathered = new TreeMap<>();
    private long differing;

    @GuardedBy("this")
    private long compared;

    @GuardedBy("this")
    private long agreeing;

    Run(Progress progress, long estimatedTotal, Pace pace) {
      this.pace = pace;
      this.progress = progress;
      this.estimatedTotal = estimatedTotal;
    }

    CompletableFuture<Long> comparePage(@Nullable MemoryId after) {
      Instant begun = environment.now();
      return NamePage.read(stores, locks::locked, after, PAGE).thenComposeAsync(page -> {
        gather(page);
        // Not waited for: as far as can be seen these agree, and a stuck one would hold up all others.
        page.busy().stream().filter(id -> !gathered.containsKey(id)).forEach(id -> background.follow(id, null));
        MemoryId last = page.last();
        CompletableFuture<?> followed = last == null || gathered.size() >= MOST_GATHERED
            ? followGathered()
            : CompletableFuture.completedFuture(null);
        return followed.thenComposeAsync(
            ignored -> last == null ? CompletableFuture.completedFuture(result()) : compareNext(begun, last),
            environment.executor());
      }, environment.executor());
    }

    private CompletableFuture<Long> compareNext(Instant begun, MemoryId last) {
      if (pace == Pace.FULL) {
        return comparePage(last);
      }
      Duration rest = Duration.between(begun, environment.now()).multipliedBy(REST_SHARE);
      return environment.after(rest.isNegative() ? Duration.ZERO : rest, () -> comparePage(last));
    }

    private void gather(NamePage page) {
      SortedMap<MemoryId, List<DocumentName>> found = page.differing();
      gathered.putAll(found);
      differing += found.size();
      synchronized (this) {
        compared += page.liveRows();
      }
      reportAgreeing(Math.max(0, page.liveRows() - found.size()));
    }

    private CompletableFuture<?> followGathered() {
      List<SortedMap<MemoryId, List<DocumentName>>> chunks = BatchFollower.chunks(gathered);
      gathered = new TreeMap<>();
      return BoundedParallel.run(chunks, CHUNKS_AT_ONCE,
          chunk -> batchFollower.followWholeChunk(chunk, failures).thenApply(ignored -> {
            reportAgreeing(chunk.size());
            return chunk.size();
          }), environment);
    }

    private long result() {
      Throwable failure = failures.last();
      if (failure != null && stores.index().unguarded().summary().documents() == 0) {
        throw new StoreException("the index has none of the memories: " + failure.getMessage(), failure);
      }
      return differing;
    }

    private synchronized void reportAgreeing(long more) {
      // The sum may exceed the rows compared: a document without a live row differs, and is not among them.
      agreeing = Math.min(compared, agreeing + more);
      progress.at(agreeing, Math.max(compared, estimatedTotal));
    }

    /** Reports the true total in place of the estimate. */
    synchronized void reportEnd() {
      progress.at(agreeing, compared);
    }
  }
}
