package dev.memlane.orchestrator.exploration;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.Receipt;
import dev.memlane.model.StoreKind;
import dev.memlane.model.StoreResult;
import dev.memlane.model.store.Unit;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A unit that is sent once all its parts have joined. Its network decides when it is executed and answers it once,
 * possibly with less than the truth, such as "in doubt". Not safe for use by several threads.
 */
final class SimulatedUnit implements Unit {

  private record Joined(StoreKind store, Supplier<@Nullable Integer> statement,
      CompletableFuture<StoreResult> result) {}

  private final Kind kind;
  private final MemoryId memory;
  private final OperationId op;
  private final Instant deadline;
  private final Consumer<SimulatedUnit> send;

  private final List<Joined> joined = new ArrayList<>(2);
  private String actor;
  private boolean sent;
  private @Nullable Throwable withdrawal;

  SimulatedUnit(Kind kind, MemoryId memory, OperationId op, Instant deadline, Consumer<SimulatedUnit> send) {
    this.kind = kind;
    this.memory = memory;
    this.op = op;
    this.deadline = deadline;
    this.send = send;
    this.actor = op.toString();
  }

  /** Names the unit after the actor of its operation. */
  void actor(@Nullable String name) {
    actor = name == null ? actor : name;
  }

  String actor() {
    return actor;
  }

  /**
   * @param statement returns the version, or null if it did not apply
   */
  CompletableFuture<StoreResult> join(StoreKind store, Supplier<@Nullable Integer> statement) {
    if (withdrawal != null) {
      return CompletableFuture.completedFuture(new StoreResult.NotApplied(withdrawal));
    }
    if (sent || joined.stream().anyMatch(part -> part.store == store)) {
      throw new IllegalStateException("the part of " + store + " must join " + this + " once, before it is sent");
    }
    CompletableFuture<StoreResult> result = new CompletableFuture<>();
    joined.add(new Joined(store, statement, result));
    if (joined.size() == kind.parts()) {
      sent = true;
      send.accept(this);
    }
    return result;
  }

  @Override
  public void withdraw(Throwable cause) {
    if (!sent && withdrawal == null) {
      withdrawal = cause;
      joined.forEach(part -> part.result.complete(new StoreResult.NotApplied(cause)));
    }
  }

  /** Runs the parts in one transaction, core's first. Returns their results in the order in which they joined. */
  List<StoreResult> execute() {
    StoreResult[] answers = new StoreResult[joined.size()];
    joined.stream().sorted(Comparator.comparing(Joined::store)).forEach(part -> {
      Integer version = part.statement.get();
      answers[joined.indexOf(part)] = version == null
          ? new StoreResult.NotApplied(new SimulatedFailure(part.store + " did not apply the " + this))
          : new StoreResult.Applied(new Receipt(part.store, memory, op, version));
    });
    return List.of(answers);
  }

  void answer(List<StoreResult> answers) {
    for (int i = 0; i < joined.size(); i++) {
      joined.get(i).result.complete(answers.get(i));
    }
  }

  void answerAll(StoreResult answer) {
    joined.forEach(part -> part.result.complete(answer));
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

  String what() {
    return switch (kind) {
      case WRITE -> "write";
      case UNDO -> "undo";
      case FENCE_AND_LOOK -> "fence and look";
      case FENCE -> "fence";
      case CONFIRM -> "confirmation";
      case SWEEP -> "sweep";
      case RESTORE -> "restoring";
      case PURGE -> "purge";
    };
  }

  @Override
  public String toString() {
    return what() + " of " + actor;
  }
}
