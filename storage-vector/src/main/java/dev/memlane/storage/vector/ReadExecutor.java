package dev.memlane.storage.vector;

import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.store.DocumentName;
import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.util.IOFunction;

/**
 * The reading side of an index: everything that reads runs here, on a bounded number of threads, with a searcher that
 * sees every write completed before. Safe for use by several threads.
 */
final class ReadExecutor {

  private static final long IDLE_SECONDS = 30;

  private final LatestView view;
  private final IndexStatus status;
  private final IndexFailures failures;
  private final ThreadPoolExecutor threads;

  /**
   * @param threads how many reads run at the same time
   * @param queueBound how many wait; more are refused
   */
  ReadExecutor(LatestView view, IndexStatus status, IndexFailures failures, int threads, int queueBound) {
    this.view = view;
    this.status = status;
    this.failures = failures;
    this.threads = new ThreadPoolExecutor(threads, threads, IDLE_SECONDS, TimeUnit.SECONDS,
        new LinkedBlockingQueue<>(queueBound), Threads.named("memlane-index-search"));
    this.threads.allowCoreThreadTimeOut(true);
  }

  /**
   * Runs a read.
   *
   * @param failing for the message of a failure; continues "the vector index in (folder)", such as "could not be
   * searched"
   * @return fails with a {@link StoreException}
   */
  <T> CompletableFuture<T> read(String failing, IOFunction<IndexSearcher, T> reader) {
    return run(failing, latest -> latest.read(reader));
  }

  /**
   * Runs a search of the index; see {@link LatestView#search}.
   *
   * @return fails with a {@link StoreException}
   */
  <T> CompletableFuture<T> search(Collection<Scope> scopes, IOFunction<IndexSearcher, T> search,
      BiFunction<T, Predicate<DocumentName>, T> without) {
    return run("could not be searched", latest -> latest.search(scopes, search, without));
  }

  private <T> CompletableFuture<T> run(String failing, IOFunction<LatestView, T> reader) {
    CompletableFuture<T> result = new CompletableFuture<>();
    try {
      threads.execute(() -> {
        StoreException failure = status.failure();
        if (failure != null) {
          result.completeExceptionally(failure);
          return;
        }
        try {
          result.complete(reader.apply(view));
        } catch (Throwable e) {
          StoreException since = status.failure();
          result.completeExceptionally(since != null ? since : failures.general(failing, e));
        }
      });
    } catch (RejectedExecutionException e) {
      result.completeExceptionally(status.refusal());
    }
    return result;
  }

  /** Refuses new reads; those that wait still run. */
  void close() {
    threads.shutdown();
  }
}
