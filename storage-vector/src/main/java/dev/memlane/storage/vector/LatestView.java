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
 * The index as it is now: whoever looks sees every write that was counted before.
 *
 * <p>
 * Making written documents visible costs some milliseconds, so it is done for who looks, only if something was written
 * since it was done last, and once for all who look at the same time. The invariant: everything counted up to
 * {@code seen} is visible. The count is taken before the refresh begins, so a write in between is counted as not seen,
 * and costs a refresh too many, never one too few.
 *
 * <p>
 * Where searches and writes take turns, the next search is likely to come as soon as the write is acknowledged, which
 * waits for the database. So the first write after a look begins the refresh at once, and the two go side by side. The
 * writes after it begin none until somebody has looked again, and none begins one while another is under way: many writes without a
 * search cost one refresh.
 *
 * <p>
 * A refresh has to wait for the documents that Lucene is taking at that moment. Should one of them hang, the refresh
 * does, on its own thread; who needs it waits for so long and fails, who comes later fails at once, and who needs no
 * refresh is not concerned.
 */
final class LatestView implements Closeable {

  private static final long RENEWAL_SECONDS = 60;

  private final SearcherManager searchers;
  private final Retentions retentions;
  private final long patienceNanos;
  private final ExecutorService thread = Executors.newSingleThreadExecutor(Threads.named("memlane-index-refresh"));
  private final SharedJob refresh = new SharedJob(thread, this::refresh);
  /** The readers that are open, each with what completes when it is closed. */
  private final Map<IndexReader.CacheKey, CompletableFuture<Void>> open = new ConcurrentHashMap<>();
  private final AtomicLong written = new AtomicLong();
  private volatile long seen;
  /** Whether somebody has looked since a write began a refresh. */
  private volatile boolean awaited;
  /** When the refresh under way began, by {@link System#nanoTime}; null if there is none. */
  private volatile @Nullable Long refreshingSince;

  /**
   * @param patience how long who looks waits for what was written to become visible
   */
  LatestView(IndexWriter writer, Retentions retentions, Duration patience) throws IOException {
    this.searchers = new SearcherManager(writer, new Noting());
    this.retentions = retentions;
    this.patienceNanos = patience.toNanos();
  }

  /** Makes searchers, and notes which readers are open. */
  private final class Noting extends SearcherFactory {
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
   * Lets go of every older view, and with it of the files that only those need.
   *
   * @return ends when nobody looks at one any more; fails if that takes longer than a minute
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

  /** Counts a write: called after the writer took it and before anybody is told. */
  void count() {
    written.incrementAndGet();
    if (awaited && refreshingSince == null) {
      awaited = false;
      // Who needs it asks again, and is told then if it fails.
      CompletableFuture<Void> unused = refresh.request();
    }
  }

  /**
   * Hands a searcher to the reader, which must not keep it.
   *
   * @throws IOException if what was written did not become visible in time
   */
  <T> T read(IOFunction<IndexSearcher, T> reader) throws IOException {
    long wanted = written.get();
    if (seen < wanted) {
      awaitRefresh();
    }
    awaited = true;
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
      throw new IOException("interrupted while waiting for what was written to become visible", e);
    }
  }

  private IOException late() {
    return new IOException("what was written did not become visible within "
        + TimeUnit.NANOSECONDS.toMillis(patienceNanos) + " ms: a write hangs, or the disk is slow");
  }

  private void refresh() throws IOException {
    refreshingSince = System.nanoTime();
    try {
      long now = written.get();
      retentions.apply();
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
