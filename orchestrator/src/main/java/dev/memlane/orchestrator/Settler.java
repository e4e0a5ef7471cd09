package dev.memlane.orchestrator;

import dev.memlane.model.MemoryId;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreResult;
import dev.memlane.model.store.Operation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * Goes on behind with what could not be settled while its caller waited.
 *
 * <p>
 * An unsettled operation is fenced and looked for until the database answers; then the index follows core for its
 * memory. The fence is one that stops everything on its way to the memory, because what is on its way may as well be an
 * undo. Tries are made by a {@link RetryLoop}. Nothing here holds a turn while it waits.
 *
 * <p>
 * Bounded by whoever refuses new writes while {@link #unsettled} is at its limit. Safe for use by several threads.
 */
final class Settler {

  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final InDoubtResolver inDoubtResolver;
  private final IndexFollower follower;
  private final Environment environment;
  private final RetryLoop loop;

  // Guarded by this.
  private final Map<MemoryId, List<Operation>> operations = new LinkedHashMap<>();
  private CompletableFuture<Void> idle = CompletableFuture.completedFuture(null);
  private boolean closed;

  Settler(InDoubtResolver inDoubtResolver, IndexFollower follower, Environment environment) {
    this.inDoubtResolver = inDoubtResolver;
    this.follower = follower;
    this.environment = environment;
    this.loop = new RetryLoop("settling writes whose outcome is unknown", environment);
  }

  /** Finds out whether the operation landed, and makes the index follow. */
  void settleInBackground(Operation operation) {
    synchronized (this) {
      if (operations.isEmpty() && !closed) {
        idle = new CompletableFuture<>();
      }
      operations.computeIfAbsent(operation.memory(), id -> new ArrayList<>(1)).add(operation);
    }
    loop.begin(() -> settle(operation));
  }

  BackgroundWork status() {
    return loop.status();
  }

  synchronized int unsettled() {
    return operations.values().stream().mapToInt(List::size).sum();
  }

  /** The unsettled operations, oldest first. */
  synchronized List<Operation> operations() {
    return operations.values().stream().flatMap(List::stream).toList();
  }

  /** Completes when nothing is left to settle; fails if this is closed before. */
  synchronized CompletableFuture<Void> settled() {
    return idle;
  }

  /** Stops trying. What is left is found by the comparison at the next opening. */
  void close() {
    loop.close();
    CompletableFuture<Void> told;
    synchronized (this) {
      closed = true;
      told = idle;
    }
    told.completeExceptionally(
        new StoreException("closed before every write was settled; the next opening finds out what became of them",
            null));
  }

  private CompletableFuture<RetryLoop.Next> settle(Operation operation) {
    return inDoubtResolver.ask(operation.memory(), operation.op(), environment.now().plus(PATIENCE)).thenApply(result -> {
      if (result instanceof StoreResult.InDoubt inDoubt) {
        throw new StoreException("the database can't be asked: " + inDoubt.cause().getMessage(), inDoubt.cause());
      }
      loop.begin(() -> follow(operation));
      return RetryLoop.Next.DONE;
    });
  }

  private CompletableFuture<RetryLoop.Next> follow(Operation operation) {
    return follower.follow(operation.memory()).thenApply(done -> {
      forget(operation);
      return RetryLoop.Next.DONE;
    });
  }

  private void forget(Operation operation) {
    CompletableFuture<Void> told;
    synchronized (this) {
      operations.computeIfPresent(operation.memory(), (id, list) -> {
        list.remove(operation);
        return list.isEmpty() ? null : list;
      });
      told = operations.isEmpty() ? idle : CompletableFuture.completedFuture(null);
    }
    told.complete(null);
  }
}
