package dev.memlane.storage.vector;

import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.lucene.index.IndexReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.SearcherFactory;
import org.apache.lucene.search.SearcherManager;
import org.apache.lucene.util.IOFunction;
import org.jspecify.annotations.Nullable;

/**
 * The latest view of the index: a read sees every write that was counted before it.
 *
 * <p>
 * Making written documents visible (a refresh) costs some milliseconds. So it happens only when a read needs it, only
 * if something was written since the last refresh, and once for all reads that wait at the same time. Invariant:
 * everything counted up to {@code seen} is visible. The count is read before the refresh begins, so a write in between
 * counts as not seen. That may cost one refresh too many, but never one too few.
 *
 * <p>
 * Where searches and writes alternate, the next search is likely to follow as soon as a write is acknowledged, which
 * takes until the database has answered. So the first write after a read begins the refresh at once, in parallel to the
 * database. Later writes begin none until there was a read again, and none while another is running. Many writes
 * without a search thus cost one refresh.
 *
 * <p>
 * A refresh must wait for the documents that Lucene is indexing at that moment. If one of them hangs, so does the
 * refresh, on its own thread. Reads that need it fail after a time-out, reads that come later fail at once, and reads
 * that need no refresh go on.
 */
final class LatestView implements Closeable {

  private static final long RENEWAL_SECONDS = 60;

  private final SearcherManager searchers;
  private final RetainBatcher retains;
  private final long patienceNanos;
  private final ExecutorService thread = Executors.newSingleThreadExecutor(Threads.named("memlane-index-refresh"));
  private final SharedJob refresh = new SharedJob(thread, this::refresh);
  /** The open readers, each with a future that completes when it is closed. */
  private final Map<IndexReader.CacheKey, CompletableFuture<Void>> open = new ConcurrentHashMap<>();
  private final AtomicLong written = new AtomicLong();
  private volatile long seen;
  /** Whether there was a read since a write began a refresh. */
  private volatile boolean readSinceRefresh;
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

  /** Counts a write. Must be called after the writer has applied it and before its result is reported. */
  void count() {
    written.incrementAndGet();
    if (readSinceRefresh && refreshingSince == null) {
      readSinceRefresh = false;
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
    long wanted = written.get();
    if (seen < wanted) {
      awaitRefresh();
    }
    readSinceRefresh = true;
    IndexSearcher searcher = searchers.acquire();
    try {
      return reader.apply(searcher);
    } finally {
      searchers.release(searcher);
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
    refreshingSince = System.nanoTime();
    try {
      long now = written.get();
      retains.apply();
      searchers.maybeRefreshBlocking();
      seen = now;
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
