package dev.memlane.orchestrator;

import dev.memlane.model.MemoryId;
import dev.memlane.model.Operation;
import dev.memlane.model.StoreResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * Goes on behind with what could not be settled while its caller waited.
 *
 * <p>
 * An unsettled operation is fenced and looked for until the database answers; then the index follows core for its
 * memory. The fence is one that stops everything on its way to the memory, because what is on its way may as well be an
 * undo. A memory whose index could not be mended is followed until it can. Tries are spaced by a pause that doubles,
 * up to half a minute. Nothing here holds a turn while it waits.
 *
 * <p>
 * Bounded by whoever refuses new writes while {@link #unsettled} is at its limit. Safe for use by several threads.
 */
final class Settler {

  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final Doubt doubt;
  private final IndexFollower follower;
  private final Environment environment;

  // Guarded by this.
  private final Map<MemoryId, List<Operation>> operations = new LinkedHashMap<>();
  private final Set<MemoryId> following = new LinkedHashSet<>();
  /** Of those, the ones asked for since their following began: it may have read its row before. */
  private final Set<MemoryId> followingAgain = new HashSet<>();
  private final List<CompletableFuture<Void>> waiting = new ArrayList<>();
  private boolean closed;

  Settler(Doubt doubt, IndexFollower follower, Environment environment) {
    this.doubt = doubt;
    this.follower = follower;
    this.environment = environment;
  }

  /** Finds out whether the operation landed, and makes the index follow. */
  void settleBehind(Operation operation) {
    synchronized (this) {
      operations.computeIfAbsent(operation.memory(), id -> new ArrayList<>(1)).add(operation);
    }
    settle(operation, FIRST_PAUSE);
  }

  /** Makes the index follow core for this memory, sooner or later. */
  void followBehind(MemoryId memory) {
    synchronized (this) {
      if (!following.add(memory)) {
        followingAgain.add(memory);
        return;
      }
    }
    environment.executor().execute(() -> followUntilDone(memory, FIRST_PAUSE));
  }

  synchronized int unsettled() {
    return operations.values().stream().mapToInt(List::size).sum();
  }

  /** The unsettled operations, oldest first. */
  synchronized List<Operation> operations() {
    return operations.values().stream().flatMap(List::stream).toList();
  }

  /** Completes when nothing is left to settle or follow. */
  CompletableFuture<Void> settled() {
    synchronized (this) {
      if (isIdle()) {
        return CompletableFuture.completedFuture(null);
      }
      CompletableFuture<Void> future = new CompletableFuture<>();
      waiting.add(future);
      return future;
    }
  }

  /** Stops trying. What is left is found by the comparison at the next opening. */
  synchronized void close() {
    closed = true;
  }

  private void settle(Operation operation, Duration pause) {
    CompletableFuture<StoreResult> answer = doubt.ask(operation.memory(), operation.op(),
        environment.now().plus(PATIENCE));
    environment.whenDone(answer, (result, failure) -> {
      if (failure != null || result instanceof StoreResult.InDoubt) {
        later(pause, () -> settle(operation, longer(pause)));
      } else {
        followOperation(operation, FIRST_PAUSE);
      }
    });
  }

  private void followOperation(Operation operation, Duration pause) {
    environment.whenDone(follower.follow(operation.memory()), (done, failure) -> {
      if (failure == null) {
        finish(() -> operations.computeIfPresent(operation.memory(), (id, list) -> {
          list.remove(operation);
          return list.isEmpty() ? null : list;
        }));
      } else {
        later(pause, () -> followOperation(operation, longer(pause)));
      }
    });
  }

  private void followUntilDone(MemoryId memory, Duration pause) {
    environment.whenDone(follower.follow(memory), (done, failure) -> {
      if (failure == null && isToFollowAgain(memory)) {
        followUntilDone(memory, FIRST_PAUSE);
      } else if (failure == null) {
        finish(() -> {});
      } else {
        later(pause, () -> followUntilDone(memory, longer(pause)));
      }
    });
  }

  /** Whether the memory was asked for again; otherwise it has been followed. */
  private synchronized boolean isToFollowAgain(MemoryId memory) {
    if (followingAgain.remove(memory)) {
      return true;
    }
    following.remove(memory);
    return false;
  }

  private void finish(Runnable removal) {
    List<CompletableFuture<Void>> told = List.of();
    synchronized (this) {
      removal.run();
      if (isIdle()) {
        told = List.copyOf(waiting);
        waiting.clear();
      }
    }
    told.forEach(future -> future.complete(null));
  }

  private void later(Duration pause, Runnable task) {
    synchronized (this) {
      if (closed) {
        return;
      }
    }
    environment.later(pause, task);
  }

  private boolean isIdle() {
    return operations.isEmpty() && following.isEmpty();
  }

  private static Duration longer(Duration pause) {
    Duration doubled = pause.multipliedBy(2);
    return doubled.compareTo(LONGEST_PAUSE) < 0 ? doubled : LONGEST_PAUSE;
  }
}
