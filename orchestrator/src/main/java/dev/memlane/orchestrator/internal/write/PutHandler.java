package dev.memlane.orchestrator.internal.write;

import dev.memlane.model.Embedding;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.NewMemory;
import dev.memlane.model.StoreException;
import dev.memlane.model.WriteOutcome;
import dev.memlane.model.listen.Activity;
import dev.memlane.model.listen.StepType;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.Operation;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.MemoryLocks;
import dev.memlane.orchestrator.internal.Stores;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The handler of puts: makes a memory the state under its key, whatever is there.
 *
 * <p>
 * The row decides what is done. No row or a void one: an add. A tombstone: an update that revives it. A live memory in another
 * state: an update that replaces all of it but the time of its creation. A live memory in exactly this state: nothing is
 * embedded or written, and the memory is confirmed (rule R6), so that the answer stays true.
 *
 * <p>
 * Every operation expects the row that it starts from (rule R1). If another one was faster, the put starts again from the
 * present row, until its deadline. So puts that overlap replace one another in some order, and each has a true outcome.
 *
 * <p>
 * In a scope that holds each content once, a put whose content is another memory's is rolled back, as an update would be: it
 * can neither store the content a second time nor let its key stand for another memory. Safe for use by several threads.
 */
public final class PutHandler {

  private final Environment environment;
  private final MemoryLocks locks;
  private final WriteProtocol protocol;
  private final MemoryIntake intake;
  private final RowLookup lookup;
  private final Duration patience;

  /**
   * @param patience how long a write may take after its text has been embedded
   */
  public PutHandler(Stores stores, Environment environment, MemoryLocks locks, WriteProtocol protocol,
      MemoryIntake intake, Duration patience) {
    this.environment = environment;
    this.locks = locks;
    this.protocol = protocol;
    this.intake = intake;
    this.lookup = RowLookup.withVectors(stores, environment);
    this.patience = patience;
  }

  /**
   * Puts one memory.
   *
   * @param id derived from the memory's scope and key
   * @return the outcome; fails only if core can't be read, or by a defect
   */
  public CompletableFuture<WriteOutcome> put(AcceptedMemory accepted, MemoryId id) {
    WriteOutcome refusal = intake.refusal(accepted.memory());
    return refusal == null
        ? attempt(accepted, id, accepted.memory().embedding(), environment.now().plus(patience), null)
        : CompletableFuture.completedFuture(refusal);
  }

  /**
   * @param known the vector of the memory's text, if it is known already
   * @param unconfirmed the stamp of the row that the attempt before could not confirm; null if there is none
   */
  private CompletableFuture<WriteOutcome> attempt(AcceptedMemory accepted, MemoryId id, @Nullable Embedding known,
      Instant deadline, @Nullable UUID unconfirmed) {
    Activity reading = Activity.step(accepted.activity(), StepType.DATABASE_READ);
    return Activity.ending(reading, lookup.find(id)).thenComposeAsync(found -> {
      NewMemory memory = accepted.memory();
      CoreRow row = found.orElse(null);
      if (row != null && holds(row, memory)) {
        return protocol.answerUnderLock(row, locks, deadline, unconfirmed).thenComposeAsync(
            outcome -> answer(accepted, id, known, outcome, row.stamp(), deadline), environment.executor());
      }
      Embedding embedding = known == null ? kept(row, memory) : known;
      return embedding == null
          ? environment.then(intake.embed(accepted),
              embedded -> write(accepted, id, row, embedded, environment.now().plus(patience)))
          : write(accepted, id, row, embedding, deadline);
    }, environment.executor());
  }

  private CompletableFuture<WriteOutcome> write(
      AcceptedMemory accepted, MemoryId id, @Nullable CoreRow row, Embedding embedding, Instant deadline) {
    boolean replaces = row != null && row.state() == CoreRow.State.LIVE;
    return locks.runLocked(id, deadline, () -> replaces
        // Another put of this process may just have replaced it.
        ? environment.until(deadline, lookup.find(id)).thenComposeAsync(
            present -> writeLocked(accepted, id, present.orElse(null), embedding, deadline), environment.executor())
        : writeLocked(accepted, id, row, embedding, deadline))
        .thenComposeAsync(outcome -> answer(accepted, id, embedding, outcome, null, deadline), environment.executor());
  }

  private CompletableFuture<WriteOutcome> writeLocked(
      AcceptedMemory accepted, MemoryId id, @Nullable CoreRow row, Embedding embedding, Instant deadline) {
    NewMemory memory = accepted.memory();
    if (row != null && holds(row, memory)) {
      return protocol.answerWith(row, deadline);
    }
    Embedding kept = memory.embedding() == null ? kept(row, memory) : null;
    Operation operation = intake.operation(accepted, id, row, kept == null ? embedding : kept);
    return protocol.run(operation, deadline).thenApply(outcome -> outcome(operation, outcome));
  }

  /** What the end of an operation means for its put; a conflict if the row was not the one from which it started. */
  private static WriteOutcome outcome(Operation operation, WriteOutcome outcome) {
    CoreRow before = operation.before();
    return switch (outcome) {
      case WriteOutcome.Stored(Memory memory) when before != null && before.state() == CoreRow.State.LIVE ->
        new WriteOutcome.Replaced(memory);
      case WriteOutcome.DuplicateOf(Memory holder) when !holder.id().equals(operation.memory()) ->
        new WriteOutcome.RolledBack(operation.memory(), operation.op(), new StoreException("memory " + holder.id()
            + " has this content already, and the scope holds each content once", null), null);
      case WriteOutcome.DuplicateOf(Memory present) ->
        new WriteOutcome.Conflict(operation.memory(), null, present.op());
      case WriteOutcome.WasDeleted(MemoryId id, var op) -> new WriteOutcome.Conflict(id, null, op);
      default -> outcome;
    };
  }

  /**
   * Answers the caller, or starts again if nothing was written because the row was another, and there is time.
   *
   * @param confirmed the stamp of the row that was to be confirmed; null if another step had the outcome
   */
  private CompletableFuture<WriteOutcome> answer(AcceptedMemory accepted, MemoryId id, @Nullable Embedding known,
      WriteOutcome outcome, @Nullable UUID confirmed, Instant deadline) {
    boolean again = (outcome instanceof WriteOutcome.Conflict || outcome instanceof WriteOutcome.Refused)
        && !environment.isPast(deadline);
    return again ? attempt(accepted, id, known, deadline, confirmed) : CompletableFuture.completedFuture(outcome);
  }

  /** Whether the row is exactly what was given. Without a given vector, any vector of the same text will do. */
  private static boolean holds(CoreRow row, NewMemory memory) {
    Memory present = row.memory();
    return present != null && present.content().equals(memory.content())
        && Objects.equals(present.actor(), memory.actor()) && present.metadata().equals(memory.metadata())
        && Objects.equals(present.occurredAt(), memory.occurredAt())
        && Objects.equals(present.expiresAt(), memory.expiresAt())
        && (memory.embedding() == null || memory.embedding().equals(row.embedding()));
  }

  /** The row's vector, if it is that of the same text. */
  private @Nullable Embedding kept(@Nullable CoreRow row, NewMemory memory) {
    Memory present = row == null ? null : row.memory();
    return row != null && present != null && intake.hasVectorOf(present, memory)
        ? row.embedding()
        : null;
  }
}
