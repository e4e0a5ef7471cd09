package dev.memlane.storage.postgres;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.Receipt;
import dev.memlane.model.StoreResult;
import dev.memlane.model.listen.Activity;
import dev.memlane.model.listen.StepType;
import dev.memlane.model.store.Unit;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A unit on its way through the commit queue.
 *
 * <p>
 * Its state moves one way only: gathering its parts, queued, sent, answered. Each step is taken under the unit's lock,
 * and each future is completed outside of it. A unit that is withdrawn or passes its deadline while it is gathering or
 * queued was certainly not sent and never will be. A unit that passes its deadline after it was sent is in doubt, and a
 * later answer of the server is ignored.
 */
public final class DatabaseUnit implements Unit {

  private enum State {
    GATHERING, QUEUED, SENT, ANSWERED
  }

  private record Joined(Part part, CompletableFuture<StoreResult> result) {}

  private final CommitQueue queue;
  private final Kind kind;
  private final MemoryId memory;
  private final OperationId op;
  private final Instant deadline;
  /** The step of writing this unit, and its wait in the queue; null if nobody listens. */
  private final @Nullable Activity write;
  private final @Nullable Activity queueing;

  @GuardedBy("this")
  private final List<Joined> joined = new ArrayList<>(2);
  @GuardedBy("this")
  private State state = State.GATHERING;
  @GuardedBy("this")
  private @Nullable Throwable withdrawal;

  /**
   * @param activity what the unit is part of; null if nobody listens
   */
  DatabaseUnit(CommitQueue queue, Kind kind, MemoryId memory, OperationId op, Instant deadline,
      @Nullable Activity activity) {
    this.queue = queue;
    this.kind = kind;
    this.memory = memory;
    this.op = op;
    this.deadline = deadline;
    this.write = Activity.step(activity, StepType.DATABASE_WRITE);
    this.queueing = Activity.step(write, StepType.COMMIT_QUEUE);
  }

  /**
   * Casts a unit that a database began.
   *
   * @throws IllegalArgumentException if it was begun elsewhere
   */
  public static DatabaseUnit of(Unit unit) {
    if (unit instanceof DatabaseUnit databaseUnit) {
      return databaseUnit;
    }
    throw new IllegalArgumentException("the unit was not begun by this database: " + unit);
  }

  /**
   * Adds a store's part. The last part that the unit's kind requires queues the unit.
   *
   * @return the part's result; never fails
   */
  public CompletableFuture<StoreResult> join(Part part) {
    CompletableFuture<StoreResult> result = new CompletableFuture<>();
    boolean complete;
    synchronized (this) {
      if (withdrawal != null) {
        return CompletableFuture.completedFuture(new StoreResult.NotApplied(withdrawal));
      }
      if (state != State.GATHERING || joined.stream().anyMatch(other -> other.part.store() == part.store())) {
        throw new IllegalStateException(
            "the part of " + part.store() + " joins " + this + " once and before it is sent");
      }
      joined.add(new Joined(part, result));
      complete = joined.size() == kind.parts();
      if (complete) {
        state = State.QUEUED;
      }
    }
    if (complete) {
      queue.submit(this);
    }
    return result;
  }

  @Override
  public void withdraw(Throwable cause) {
    List<Joined> withdrawn;
    synchronized (this) {
      if (state != State.GATHERING && state != State.QUEUED) {
        return;
      }
      state = State.ANSWERED;
      withdrawal = cause;
      withdrawn = List.copyOf(joined);
    }
    queue.remove(this);
    Activity.end(queueing, null, cause);
    Activity.end(write, null, cause);
    withdrawn.forEach(part -> part.result.complete(new StoreResult.NotApplied(cause)));
  }

  /** Moves to the state sent; false if the unit has been withdrawn or answered. */
  boolean send() {
    synchronized (this) {
      if (state != State.QUEUED && state != State.SENT) {
        return false;
      }
      state = State.SENT;
    }
    Activity.end(queueing, null, null);
    return true;
  }

  /** Ends the unit at its deadline: in doubt if it was sent, withdrawn otherwise. */
  void expire() {
    boolean sent;
    synchronized (this) {
      sent = state == State.SENT;
    }
    if (sent) {
      doubt(new DeadlineException("the database had not answered by the deadline of operation " + op));
    } else {
      withdraw(new DeadlineException("operation " + op + " was still waiting for the database at its deadline"));
    }
  }

  /** Completes every part as in doubt. */
  void doubt(Throwable cause) {
    finish(cause).forEach(part -> part.result.complete(new StoreResult.InDoubt(cause)));
  }

  /** Completes every part as certainly not applied. */
  void reject(Throwable cause) {
    finish(cause).forEach(part -> part.result.complete(new StoreResult.NotApplied(cause)));
  }

  /** Completes every part by what its last statement returned. */
  void answer(BatchAnswer answer) {
    for (Joined part : finish(null)) {
      UnitStatement<?> last = part.part.steps().get(part.part.steps().size() - 1).statement();
      Integer version = answer.version(last, op);
      part.result.complete(version == null
          ? new StoreResult.NotApplied(part.part.refusal().get())
          : new StoreResult.Applied(new Receipt(part.part.store(), memory, op, version)));
    }
  }

  /**
   * Moves to the state answered.
   *
   * @param failure why the database gave no answer; null if it did
   * @return the parts to complete; none if the unit was answered before
   */
  private List<Joined> finish(@Nullable Throwable failure) {
    List<Joined> finished;
    synchronized (this) {
      if (state == State.ANSWERED) {
        return List.of();
      }
      state = State.ANSWERED;
      finished = List.copyOf(joined);
    }
    queue.remove(this);
    Activity.end(write, null, failure);
    return finished;
  }

  /** The step of writing this unit; null if nobody listens. */
  @Nullable
  Activity activity() {
    return write;
  }

  synchronized List<Part> parts() {
    return joined.stream().map(Joined::part).toList();
  }

  @Override
  public Kind kind() {
    return kind;
  }

  @Override
  public MemoryId memory() {
    return memory;
  }

  @Override
  public OperationId op() {
    return op;
  }

  @Override
  public Instant deadline() {
    return deadline;
  }

  @Override
  public String toString() {
    return "unit " + kind + " of operation " + op + " on memory " + memory;
  }
}
