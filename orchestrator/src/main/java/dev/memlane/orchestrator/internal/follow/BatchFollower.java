package dev.memlane.orchestrator.internal.follow;

import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.DocumentName;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.MemoryLocks;
import dev.memlane.orchestrator.internal.Stores;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The writer that makes the index follow core for many memories: each chunk of memories costs one read of rows.
 *
 * <p>
 * A memory that is locked is left alone and reported as busy. A memory that fails for a reason of its own is queued in the
 * background ({@link FollowFailures}). Safe for use by several threads.
 */
public final class BatchFollower {

  /** How many memories share one read of rows. */
  static final int CHUNK = 1_000;
  private static final int PAGE = 2_000;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Stores stores;
  private final Environment environment;
  private final MemoryLocks locks;
  private final IndexFollower follower;

  public BatchFollower(Stores stores, Environment environment, MemoryLocks locks, IndexFollower follower) {
    this.stores = stores;
    this.environment = environment;
    this.locks = locks;
    this.follower = follower;
  }

  /**
   * The result of following memories that may have changed.
   *
   * @param busy the memories that were locked and are left as they are; ask for them again
   * @param differing how many memories did not agree
   */
  public record Followed(Set<MemoryId> busy, long differing) {
    public Followed {
      busy = Set.copyOf(busy);
    }
  }

  /**
   * Makes the documents of memories that may have changed agree with core. All are compared before any is put, because listing
   * names after a put costs a refresh of the index.
   */
  public CompletableFuture<Followed> followChanged(Collection<MemoryId> changed) {
    List<MemoryId> ids = List.copyOf(changed);
    Set<MemoryId> busy = new HashSet<>();
    SortedMap<MemoryId, List<DocumentName>> differing = new TreeMap<>();
    CompletableFuture<?> compared = CompletableFuture.completedFuture(null);
    for (int i = 0; i < ids.size(); i += PAGE) {
      List<MemoryId> page = ids.subList(i, Math.min(ids.size(), i + PAGE));
      compared = compared.thenComposeAsync(before -> NamePage.read(stores, locks::locked, page), environment.executor())
          .thenAccept(names -> {
            busy.addAll(names.busy());
            differing.putAll(names.differing());
          });
    }
    FollowFailures failures = newFailures();
    return compared.thenComposeAsync(all -> {
      CompletableFuture<?> followed = CompletableFuture.completedFuture(null);
      for (SortedMap<MemoryId, List<DocumentName>> chunk : chunks(differing)) {
        followed = followed.thenComposeAsync(before -> followChunk(chunk, failures), environment.executor())
            .thenAccept(busy::addAll);
      }
      return followed;
    }, environment.executor()).thenApply(done -> new Followed(busy, differing.size()));
  }

  FollowFailures newFailures() {
    return new FollowFailures(stores, follower.background());
  }

  static List<SortedMap<MemoryId, List<DocumentName>>> chunks(SortedMap<MemoryId, List<DocumentName>> differing) {
    List<SortedMap<MemoryId, List<DocumentName>>> chunks = new ArrayList<>();
    differing.forEach((id, documents) -> {
      if (chunks.isEmpty() || chunks.getLast().size() == CHUNK) {
        chunks.add(new TreeMap<>());
      }
      chunks.getLast().put(id, documents);
    });
    return chunks;
  }

  /** Makes a chunk agree, waiting for the locks of the memories that are busy. */
  CompletableFuture<Void> followWholeChunk(SortedMap<MemoryId, List<DocumentName>> chunk, FollowFailures failures) {
    return followChunk(chunk, failures).thenComposeAsync(
        busy -> CompletableFuture.allOf(busy.stream()
            .map(memory -> failures.tolerate(memory, follower.follow(memory))).toArray(CompletableFuture[]::new)),
        environment.executor());
  }

  /**
   * Makes a chunk agree. The rows are read under the memories' locks, because a memory that differed may have been written
   * since.
   *
   * <p>
   * The documents are not listed again. An operation that has put another document since then held the lock, and has
   * removed the document that it replaced or queued the memory in the background.
   *
   * @param chunk the memories, with the documents they had
   * @return the busy memories, which were locked and are left
   */
  private CompletableFuture<List<MemoryId>> followChunk(
      SortedMap<MemoryId, List<DocumentName>> chunk, FollowFailures failures) {
    Map<MemoryId, MemoryLocks.MemoryLock> taken = new TreeMap<>();
    List<MemoryId> busy = new ArrayList<>();
    for (MemoryId id : chunk.keySet()) {
      MemoryLocks.MemoryLock lock = locks.tryTake(id);
      if (lock == null) {
        busy.add(id);
      } else {
        taken.put(id, lock);
      }
    }
    Instant deadline = environment.now().plus(PATIENCE);
    List<Memory> withoutVector = new ArrayList<>();
    CompletableFuture<Void> followed = CompletableFuture.completedFuture(taken.keySet())
        .thenComposeAsync(ids -> stores.core().read(ids, true), environment.executor()).thenComposeAsync(rows -> {
          List<CompletableFuture<?>> all = new ArrayList<>();
          taken.forEach((id, lock) -> {
            CoreRow row = rows.get(id);
            Memory memory = row == null ? null : row.memory();
            if (memory != null && row != null && row.embedding() == null) {
              withoutVector.add(memory);
            } else {
              // Each lock is released by itself: an operation that waits for this memory need not wait for the others.
              all.add(failures.tolerate(id, replaceLocked(id, row, chunk.getOrDefault(id, List.of()), deadline)
                  .whenComplete((done, failure) -> lock.close())));
            }
          });
          return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new));
        }, environment.executor())
        .whenComplete((done, failure) -> taken.values().forEach(MemoryLocks.MemoryLock::close));
    return followed
        .thenComposeAsync(ignored -> CompletableFuture.allOf(withoutVector.stream()
            .map(memory -> failures.tolerate(memory.id(), follower.embedAndFollow(memory)))
            .toArray(CompletableFuture[]::new)), environment.executor())
        .thenApply(ignored -> busy);
  }

  /** Puts the document of core's row and removes the memory's other documents. Needs the memory's lock. */
  private CompletableFuture<?> replaceLocked(
      MemoryId id, @Nullable CoreRow row, List<DocumentName> documents, Instant deadline) {
    if (stores.index().shared() != null && !documents.isEmpty()) {
      return follower.followShared(id, documents, deadline);
    }
    return follower.putLocked(id, row, deadline).thenCompose(name -> {
      if (name == null) {
        // A shared index had no document of this memory, and what others have put since is none of this process's business.
        return stores.index().shared() == null
            ? stores.index().unguarded().removeAll(id)
            : CompletableFuture.<@Nullable Void>completedFuture(null);
      }
      // Usually there is no other document. Many are put at once, and the index's writers do the removing.
      return documents.isEmpty()
          ? CompletableFuture.<@Nullable Void>completedFuture(null)
          : CompletableFuture.allOf(documents.stream().filter(document -> !document.equals(name))
              .map(stores.index().unguarded()::remove).toArray(CompletableFuture[]::new));
    });
  }
}
