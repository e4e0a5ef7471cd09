package dev.memlane.orchestrator.internal.write;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.MemoryId;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreResult;
import dev.memlane.model.listen.Activity;
import dev.memlane.model.listen.StepType;
import dev.memlane.model.store.Operation;
import dev.memlane.orchestrator.BackgroundWork;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.IdleSignal;
import dev.memlane.orchestrator.internal.RetryLoop;
import dev.memlane.orchestrator.internal.follow.IndexFollower;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The settler of operations that could not be settled while their callers waited. It works in the background.
 *
 * <p>
 * It fences and looks until the database answers; then the index follows core for the operation's memory. The fence stops
 * everything on its way to the memory, because what is on its way may as well be an undo (rule R3). A {@link RetryLoop} makes
 * the attempts. No lock is held while it waits.
 *
 * <p>
 * The number of unsettled operations is bounded by {@link Admission}, which refuses new writes at its limit. Safe for use by
 * several threads.
 */
public final class Settler {

  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final InDoubtResolver inDoubtResolver;
  private final IndexFollower follower;
  private final Environment environment;
  private final RetryLoop loop;
  private final IdleSignal idle = new IdleSignal();

  @GuardedBy("this")
  private final Map<MemoryId, List<Operation>> operations = new LinkedHashMap<>();

  public Settler(InDoubtResolver inDoubtResolver, IndexFollower follower, Environment environment) {
    this.inDoubtResolver = inDoubtResolver;
    this.follower = follower;
    this.environment = environment;
    this.loop = new RetryLoop("settling writes whose outcome is unknown", environment);
  }

  /** Queues an operation: finds out whether it landed, and makes the index follow. */
  void settleInBackground(Operation operation) {
    synchronized (this) {
      idle.busy();
      operations.computeIfAbsent(operation.memory(), id -> new ArrayList<>(1)).add(operation);
    }
    Activity step = Activity.step(operation.activity(), StepType.BACKGROUND_SETTLING);
    loop.begin(() -> settle(operation, step));
  }

  public BackgroundWork status() {
    return loop.status();
  }

  /** How many operations are unsettled. */
  public synchronized int unsettled() {
    return operations.values().stream().mapToInt(List::size).sum();
  }

  /** The memories of unsettled operations. */
  public synchronized Set<MemoryId> memories() {
    return Set.copyOf(operations.keySet());
  }

  /** The unsettled operations, oldest first. */
  public synchronized List<Operation> operations() {
    return operations.values().stream().flatMap(List::stream).toList();
  }

  /** Completes when nothing is left to settle. Fails if this is closed before, with an exception of each caller's own. */
  public CompletableFuture<Void> settled() {
    return idle.awaited();
  }

  /** Stops trying. The comparison at the next opening finds what is left. */
  public void close() {
    loop.close();
    idle.close("closed before every write was settled; the next opening finds out what became of them");
  }

  private CompletableFuture<RetryLoop.Next> settle(Operation operation, @Nullable Activity step) {
    return inDoubtResolver.resolve(operation.memory(), operation.op(), environment.now().plus(PATIENCE))
        .thenApply(result -> {
          if (result instanceof StoreResult.InDoubt inDoubt) {
            throw new StoreException("the database can't be asked: " + inDoubt.cause().getMessage(), inDoubt.cause());
          }
          loop.begin(() -> follow(operation, step));
          return RetryLoop.Next.DONE;
        });
  }

  private CompletableFuture<RetryLoop.Next> follow(Operation operation, @Nullable Activity step) {
    return follower.follow(operation.memory()).thenApply(done -> {
      Activity.end(step, null, null);
      remove(operation);
      return RetryLoop.Next.DONE;
    });
  }

  private void remove(Operation operation) {
    Runnable notification;
    synchronized (this) {
      operations.computeIfPresent(operation.memory(), (id, list) -> {
        list.remove(operation);
        return list.isEmpty() ? null : list;
      });
      if (!operations.isEmpty()) {
        return;
      }
      notification = idle.idle();
    }
    notification.run();
  }
}
