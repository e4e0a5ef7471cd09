package dev.memlane.storage.opensearch;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.MemoryId;
import dev.memlane.storage.opensearch.ClusterClient.Request;
import dev.memlane.storage.opensearch.ShardStates.Shard;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
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
 * removal, from a number on that it raises about every 30 seconds. So four steps are needed, in this order:
 * <ol>
 * <li>a flush, so that the removal is in files, and the log of writes holds no text any more;
 * <li>waiting until the removal is no longer kept;
 * <li>a merge of the segments that have removed documents. A merge that has begun before may have kept them, and a segment in
 * it is not merged on request. So the merge is repeated for shards in which others were running;
 * <li>a refresh, because the files of a segment stay as long as searches read them, even if no document of it is left.
 * </ol>
 * A search that began before the refresh keeps its files until it ends.
 */
final class Expunger {

  private static final Duration PAUSE = Duration.ofMillis(500);
  private static final int MOST_REMEMBERED = 100_000;

  private final ClusterClient client;
  private final ClusterFailures failures;
  private final Supplier<CompletableFuture<ShardStates>> states;
  private final Supplier<CompletableFuture<Void>> refresh;
  private final Executor executor;
  private final String alias;
  private final Duration requestPatience;
  private final Duration patience;

  private final ReentrantLock lock = new ReentrantLock();
  /** How many removals of this process have ended. */
  @GuardedBy("lock")
  private long removals;
  /** The number of the last removal of each memory whose removed documents files may hold. */
  @GuardedBy("lock")
  private final Map<MemoryId, Long> removed = new HashMap<>();
  /** The number of the last removal of another memory whose removed documents files may hold; -1 for none. */
  @GuardedBy("lock")
  private long others;

  /**
   * @param others whether files may hold documents that were removed before
   * @param refresh makes searches read nothing but the newest files
   * @param patience how long purging may take
   */
  Expunger(ClusterClient client, ClusterFailures failures, Supplier<CompletableFuture<ShardStates>> states,
      Supplier<CompletableFuture<Void>> refresh, Executor executor, String alias, boolean others,
      Duration requestPatience, Duration patience) {
    this.client = client;
    this.failures = failures;
    this.states = states;
    this.refresh = refresh;
    this.executor = executor;
    this.alias = alias;
    this.others = others ? 0 : -1;
    this.requestPatience = requestPatience;
    this.patience = patience;
  }

  /** A removal of documents of this memory has ended, or may have. Called before its caller is notified. */
  void removed(MemoryId memory) {
    lock.lock();
    try {
      removals++;
      if (removed.size() < MOST_REMEMBERED || removed.containsKey(memory)) {
        removed.put(memory, removals);
      } else {
        others = removals;
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * See {@link dev.memlane.model.store.VectorIndex#holdsRemoved}. The number of removed documents does not tell: a segment
   * without a document left counts for none, and its files may still be there.
   */
  boolean holdsRemoved(Collection<MemoryId> memories) {
    lock.lock();
    try {
      return !memories.isEmpty() && (others >= 0 || !Collections.disjoint(memories, removed.keySet()));
    } finally {
      lock.unlock();
    }
  }

  CompletableFuture<Void> expunge() {
    long last = removals();
    long deadline = System.nanoTime() + patience.toNanos();
    return states.get().thenCompose(now -> {
      Map<Integer, Long> until = new TreeMap<>();
      now.shards().forEach((number, shard) -> until.put(number, shard.last()));
      return purge(until, deadline);
    }).thenCompose(merged -> refresh.get()).thenAccept(refreshed -> purged(last));
  }

  private long removals() {
    lock.lock();
    try {
      return removals;
    } finally {
      lock.unlock();
    }
  }

  /** What the removals up to this one have removed is purged. */
  private void purged(long last) {
    lock.lock();
    try {
      removed.values().removeIf(removal -> removal <= last);
      if (others <= last) {
        others = -1;
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Purges some shards.
   *
   * @param until the last operation of each shard whose removals are to be purged; shards that are purged are taken out
   */
  private CompletableFuture<@Nullable Void> purge(Map<Integer, Long> until, long deadline) {
    return client.ask(flush(), requestPatience).thenCompose(flushed -> states.get()).thenCompose(now -> {
      Set<Integer> mergeable = new TreeSet<>();
      boolean kept = false;
      for (Map.Entry<Integer, Shard> each : now.shards().entrySet()) {
        Shard shard = each.getValue();
        // The number of removed documents does not tell whether there are any: a segment without another counts for none.
        if (shard.kept() <= until.getOrDefault(each.getKey(), -1L)) {
          kept = true;
        } else if (shard.merges() == 0) {
          mergeable.add(each.getKey());
        }
      }
      Duration left = Duration.ofNanos(deadline - System.nanoTime());
      if (!left.isPositive()) {
        return CompletableFuture.failedFuture(failures.late(kept
            ? "still keeps removed documents for copies that are away; it could not purge them"
            : "could not purge its removed documents", patience));
      }
      if (kept || mergeable.isEmpty()) {
        return again(until, deadline);
      }
      // A merge takes as long as it takes; the cluster goes on with it if the connection is lost.
      return client.ask(merge(), left).thenCompose(answer -> {
        Hits.whole(answer, failures, "could not be purged");
        until.keySet().removeAll(mergeable);
        return until.isEmpty()
            ? CompletableFuture.<@Nullable Void>completedFuture(null)
            : again(until, deadline);
      });
    });
  }

  private CompletableFuture<@Nullable Void> again(Map<Integer, Long> until, long deadline) {
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
