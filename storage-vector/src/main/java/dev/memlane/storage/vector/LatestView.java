package dev.memlane.storage.vector;

import dev.memlane.model.Scope;
import dev.memlane.model.store.DocumentName;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import org.apache.lucene.index.IndexReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.SearcherFactory;
import org.apache.lucene.search.SearcherManager;
import org.apache.lucene.util.IOFunction;
import org.jspecify.annotations.Nullable;

/**
 * The latest view of the index: a read sees every write that was counted before it.
 *
 * <p>
 * <b>Refreshes.</b> To make written documents visible in a reader takes some milliseconds of work, and leaves a small
 * segment that is searched by all that follow and merged several times. So a search of one or some scopes, or of all,
 * needs none: it takes the few documents that were written to its scopes since from {@link RecentWrites}. A refresh
 * begins in the background when many writes or old ones have gathered and there was a search. Only these wait for one:
 * a search with too many recent documents in its scopes, and other reads. A refresh serves all that wait for it.
 *
 * <p>
 * Invariant: every reader taken from now on shows the writes up to {@code seen}. The count is read before the refresh
 * begins, so a write in between counts as not seen. A search then finds it in both, and takes it once.
 *
 * <p>
 * A refresh must wait for the documents that Lucene is indexing at that moment. If one of them hangs, so does the
 * refresh, on its own thread. Reads that need it fail after a time-out, reads that come later fail at once, and reads
 * that need no refresh go on.
 */
final class LatestView implements Closeable {

  private static final long RENEWAL_SECONDS = 60;
  /** A search that would take more documents than this from outside of the reader waits for a refresh instead. */
  private static final int MOST_RECENT = 16;
  /** So many writes share a refresh in the background, which costs little more than one of a single write. */
  private static final int MANY_WRITES = 256;
  /** After this time the last writes become part of the reader, where searching them costs less. */
  private static final long OLD_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final SearcherManager searchers;
  private final RetainBatcher retains;
  private final long patienceNanos;
  private final ExecutorService thread = Executors.newSingleThreadExecutor(Threads.named("memlane-index-refresh"));
  private final SharedJob refresh = new SharedJob(thread, this::refresh);
  /** The open readers, each with a future that completes when it is closed. */
  private final Map<IndexReader.CacheKey, CompletableFuture<Void>> open = new ConcurrentHashMap<>();
  private final RecentWrites recent = new RecentWrites();
  private volatile long seen;
  /** Whether there was a search since a refresh began. */
  private volatile boolean searched;
  /** When the last refresh began, by {@link System#nanoTime}. */
  private volatile long lastRefresh = System.nanoTime();
  /** When the running refresh began, by {@link System#nanoTime}; null if none runs. */
  private volatile @Nullable Long refreshingSince;

  /**
   * @param patience how long a read waits until the writes before it are visible
   */
  LatestView(IndexWriter writer, RetainBatcher retains, Duration patience) throws IOException {
    this.searchers = new SearcherManager(writer, new TrackingFactory());
    this.retains = retains;
    this.patienceNanos = patience.toNanos();
  }

  /** A factory of searchers that tracks which readers are open. */
  private final class TrackingFactory extends SearcherFactory {
    @Override
    public IndexSearcher newSearcher(IndexReader reader, @Nullable IndexReader previous) {
      IndexReader.CacheHelper cache = reader.getReaderCacheHelper();
      CompletableFuture<Void> closed = new CompletableFuture<>();
      open.put(cache.getKey(), closed);
      cache.addClosedListener(key -> {
        open.remove(key);
        closed.complete(null);
      });
      return new IndexSearcher(reader);
    }
  }

  /**
   * Releases every older view, and with it the files that only those need.
   *
   * @return completes when no read uses an older view any more; fails if that takes longer than a minute
   */
  CompletableFuture<Void> renew() {
    return refresh.request().thenCompose(done -> {
      try {
        IndexSearcher latest = searchers.acquire();
        IndexReader.CacheKey kept = latest.getIndexReader().getReaderCacheHelper().getKey();
        searchers.release(latest);
        return CompletableFuture.allOf(open.entrySet().stream().filter(entry -> !entry.getKey().equals(kept))
            .map(Map.Entry::getValue).toArray(CompletableFuture[]::new));
      } catch (IOException e) {
        return CompletableFuture.failedFuture(e);
      }
    }).orTimeout(RENEWAL_SECONDS, TimeUnit.SECONDS);
  }

  /** Counts a put. Must be called after the writer has applied it and before its result is reported. */
  void countPut(RecentDocument document) {
    recent.put(document);
    refreshIfMany();
  }

  /** Counts a removal, as {@link #countPut} counts a put. */
  void countRemoval(RecentWrites.Removal removal) {
    recent.remove(removal);
    refreshIfMany();
  }

  /** Counts a write whose effect is not known. */
  void count() {
    recent.other();
  }

  private void refreshIfMany() {
    if (searched && recent.kept() >= MANY_WRITES) {
      refreshInBackground();
    }
  }

  private void refreshInBackground() {
    if (refreshingSince == null) {
      searched = false;
      // A read that needs the refresh requests it again, and gets its failure then.
      CompletableFuture<Void> unused = refresh.request();
    }
  }

  /**
   * Passes a searcher to the reader, which must not keep it.
   *
   * @throws IOException if the writes before did not become visible in time
   */
  <T> T read(IOFunction<IndexSearcher, T> reader) throws IOException {
    long wanted = recent.counted();
    if (seen < wanted) {
      awaitRefresh();
    }
    IndexSearcher searcher = searchers.acquire();
    try {
      return reader.apply(searcher);
    } finally {
      searchers.release(searcher);
    }
  }

  /**
   * Searches the documents in some scopes. The reader's result may name documents that were removed already.
   *
   * @param scopes where to look; empty for everywhere. Of other scopes' documents, any may be missing
   * @param reader the search; it must not keep the searcher
   * @param without takes those documents out of a result that fit the condition
   * @throws IOException if the writes before did not become visible in time
   */
  <T> T search(Collection<Scope> scopes, IOFunction<IndexSearcher, T> reader,
      BiFunction<T, Predicate<DocumentName>, T> without) throws IOException {
    searched = true;
    RecentWrites.Since since = recent.since(seen, scopes, MOST_RECENT);
    if (since == null) {
      // The refreshed reader shows all that was written before this search began.
      awaitRefresh();
    } else if (System.nanoTime() - lastRefresh > OLD_NANOS && recent.kept() > 0) {
      refreshInBackground();
    }
    IndexSearcher latest = searchers.acquire();
    try {
      List<LeafReader> more = new ArrayList<>();
      if (since != null) {
        for (RecentDocument document : since.documents()) {
          if (!DocumentNames.holds(latest.getIndexReader(), document.source().name())) {
            more.add(document.segment());
          }
        }
      }
      T result = reader.apply(SearchView.of(latest, scopes, more));
      return since != null && since.removesAny() ? without.apply(result, since::isRemoved) : result;
    } finally {
      searchers.release(latest);
    }
  }

  private void awaitRefresh() throws IOException {
    Long since = refreshingSince;
    if (since != null && System.nanoTime() - since > patienceNanos) {
      throw late();
    }
    CompletableFuture<Void> refreshed = refresh.request();
    try {
      refreshed.get(patienceNanos, TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw late();
    } catch (ExecutionException e) {
      throw new IOException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while waiting for the last writes to become visible", e);
    }
  }

  private IOException late() {
    return new IOException("the last writes did not become visible within "
        + TimeUnit.NANOSECONDS.toMillis(patienceNanos) + " ms: a write hangs, or the disk is slow");
  }

  private void refresh() throws IOException {
    long begun = System.nanoTime();
    refreshingSince = begun;
    lastRefresh = begun;
    try {
      long now = recent.counted();
      retains.apply();
      searchers.maybeRefreshBlocking();
      seen = now;
      recent.seen(now);
    } finally {
      refreshingSince = null;
    }
  }

  @Override
  public void close() throws IOException {
    thread.shutdown();
    searchers.close();
  }
}
