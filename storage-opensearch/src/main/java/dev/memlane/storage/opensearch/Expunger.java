package dev.memlane.storage.opensearch;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.MemoryId;
import dev.memlane.storage.opensearch.ClusterClient.Request;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The purging of removed documents from the cluster's files.
 *
 * <p>
 * Merging alone purges nothing for a while: the cluster keeps removed documents for copies that may have missed the
 * removal, from a number on that it raises about every 30 seconds. So three steps are needed, in this order: a flush, so
 * that the removal is in files; waiting until the removal is no longer kept; and a merge of the segments that have removed
 * documents. The merge is repeated until no removed document is left, or at least none of those that were removed before.
 */
final class Expunger {

  private static final Duration PAUSE = Duration.ofMillis(500);
  private static final int MOST_REMEMBERED = 100_000;

  private final ClusterClient client;
  private final ClusterFailures failures;
  private final Supplier<CompletableFuture<ShardStates>> states;
  private final Executor executor;
  private final String alias;
  private final Duration requestPatience;
  private final Duration patience;

  private final ReentrantLock lock = new ReentrantLock();
  /** Memories with documents that this process has removed since they were last purged. */
  @GuardedBy("lock")
  private final Set<MemoryId> removed = new HashSet<>();
  /** Whether files may hold removed documents of other memories. */
  @GuardedBy("lock")
  private boolean others;

  /**
   * @param others whether files may hold documents that were removed before
   * @param patience how long purging may take
   */
  Expunger(ClusterClient client, ClusterFailures failures, Supplier<CompletableFuture<ShardStates>> states,
      Executor executor, String alias, boolean others, Duration requestPatience, Duration patience) {
    this.client = client;
    this.failures = failures;
    this.states = states;
    this.executor = executor;
    this.alias = alias;
    this.others = others;
    this.requestPatience = requestPatience;
    this.patience = patience;
  }

  /** Documents of this memory are being removed. */
  void removed(MemoryId memory) {
    lock.lock();
    try {
      if (removed.size() < MOST_REMEMBERED) {
        removed.add(memory);
      } else {
        others = true;
      }
    } finally {
      lock.unlock();
    }
  }

  /** See {@link dev.memlane.model.store.VectorIndex#holdsRemoved}. */
  CompletableFuture<Boolean> holdsRemoved(Collection<MemoryId> memories) {
    Set<MemoryId> asked = Set.copyOf(memories);
    return states.get().thenApply(now -> {
      lock.lock();
      try {
        return now.removed() > 0 && !asked.isEmpty() && (others || !Collections.disjoint(asked, removed));
      } finally {
        lock.unlock();
      }
    });
  }

  CompletableFuture<Void> expunge() {
    Set<MemoryId> purged;
    lock.lock();
    try {
      purged = Set.copyOf(removed);
    } finally {
      lock.unlock();
    }
    long deadline = System.nanoTime() + patience.toNanos();
    return states.get().thenCompose(now -> {
      Map<Integer, Long> until = new TreeMap<>();
      now.shards().forEach((number, shard) -> until.put(number, shard.last()));
      return now.removed() == 0 ? CompletableFuture.<@Nullable Void>completedFuture(null) : purge(until, deadline);
    }).thenAccept(done -> {
      lock.lock();
      try {
        removed.removeAll(purged);
        others = false;
      } finally {
        lock.unlock();
      }
    });
  }

  private CompletableFuture<@Nullable Void> purge(Map<Integer, Long> until, long deadline) {
    return client.ask(flush(), requestPatience).thenCompose(flushed -> states.get()).thenCompose(now -> {
      if (now.removed() == 0) {
        return CompletableFuture.<@Nullable Void>completedFuture(null);
      }
      boolean kept = now.shards().entrySet().stream()
          .anyMatch(shard -> shard.getValue().kept() <= until.getOrDefault(shard.getKey(), -1L));
      if (kept) {
        return again(until, deadline);
      }
      Duration left = Duration.ofNanos(deadline - System.nanoTime());
      if (!left.isPositive()) {
        return CompletableFuture.failedFuture(failures.late("could not purge its removed documents", patience));
      }
      // A merge takes as long as it takes; the cluster goes on with it if the connection is lost.
      return client.ask(merge(), left).thenApply(answer -> {
        Hits.whole(answer, failures, "could not be purged");
        return null;
      });
    });
  }

  private CompletableFuture<@Nullable Void> again(Map<Integer, Long> until, long deadline) {
    if (System.nanoTime() - deadline > 0) {
      return CompletableFuture.failedFuture(failures.late("still keeps removed documents for copies that are away; "
          + "it could not purge them", patience));
    }
    Executor later = CompletableFuture.delayedExecutor(PAUSE.toMillis(), TimeUnit.MILLISECONDS, executor);
    return CompletableFuture.<@Nullable Void>completedFuture(null).thenComposeAsync(waited -> purge(until, deadline),
        later);
  }

  private Request flush() {
    return Request.post("could not be made durable", "/" + alias + "/_flush?force=true&wait_if_ongoing=true", null);
  }

  private Request merge() {
    return Request.post("could not be purged", "/" + alias + "/_forcemerge?only_expunge_deletes=true&flush=true", null);
  }
}
