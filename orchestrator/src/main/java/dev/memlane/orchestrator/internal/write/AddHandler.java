package dev.memlane.orchestrator.internal.write;

import dev.memlane.model.Embedding;
import dev.memlane.model.MemoryId;
import dev.memlane.model.NewMemory;
import dev.memlane.model.WriteOutcome;
import dev.memlane.model.listen.Activity;
import dev.memlane.model.listen.StepType;
import dev.memlane.model.store.CoreRow;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.MemoryLocks;
import dev.memlane.orchestrator.internal.Stores;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The handler of adds: asks core first if the memory may exist already, embeds the text, and runs the operation under the
 * memory's lock.
 *
 * <p>
 * An add embeds and writes nothing if its key is taken, or if its content exists in a scope that holds each content once. It
 * confirms the existing memory instead, so that the answer stays true (rule R6). An add that meets a tombstone is answered
 * with {@link WriteOutcome.WasDeleted}, unless it is to revive the memory: then it is an update that starts from the
 * tombstone.
 */
public final class AddHandler {

  private final Stores stores;
  private final Environment environment;
  private final MemoryLocks locks;
  private final WriteProtocol protocol;
  private final MemoryIntake intake;
  private final RowLookup lookup;
  private final Duration patience;

  /**
   * @param patience how long a write may take after its text has been embedded
   */
  public AddHandler(Stores stores, Environment environment, MemoryLocks locks, WriteProtocol protocol,
      MemoryIntake intake, Duration patience) {
    this.stores = stores;
    this.environment = environment;
    this.locks = locks;
    this.protocol = protocol;
    this.intake = intake;
    this.lookup = RowLookup.withoutVectors(stores, environment);
    this.patience = patience;
  }

  /**
   * Adds one memory.
   *
   * @return the outcome; fails only if core can't be read, or by a defect
   */
  public CompletableFuture<WriteOutcome> add(AcceptedMemory accepted) {
    WriteOutcome refusal = intake.refusal(accepted.memory());
    return refusal == null
        ? attempt(accepted, environment.now().plus(patience), null)
        : CompletableFuture.completedFuture(refusal);
  }

  /**
   * @param unconfirmed the stamp of the row that the attempt before could not confirm; null if there is none
   */
  private CompletableFuture<WriteOutcome> attempt(
      AcceptedMemory accepted, Instant deadline, @Nullable UUID unconfirmed) {
    NewMemory memory = accepted.memory();
    String key = memory.key();
    boolean once = intake.holdsEachContentOnce(memory.scope());
    if (key == null) {
      MemoryId id = environment.ids().newMemory();
      return once ? addOnce(accepted, id, null, deadline, unconfirmed) : embedAndWrite(accepted, id, null, deadline);
    }
    MemoryId id = MemoryId.derive(memory.scope(), key);
    Activity reading = Activity.step(accepted.activity(), StepType.DATABASE_READ);
    return Activity.ending(reading, lookup.find(id)).thenComposeAsync(found -> {
      CoreRow row = found.orElse(null);
      if (row == null || row.state() == CoreRow.State.VOID || row.state() == CoreRow.State.DELETED && memory.revive()) {
        return once ? addOnce(accepted, id, row, deadline, unconfirmed) : embedAndWrite(accepted, id, row, deadline);
      }
      return confirmAndAnswer(row, accepted, deadline, unconfirmed);
    }, environment.executor());
  }

  private CompletableFuture<WriteOutcome> addOnce(
      AcceptedMemory accepted, MemoryId id, @Nullable CoreRow before, Instant deadline, @Nullable UUID unconfirmed) {
    NewMemory memory = accepted.memory();
    return stores.core().findUnique(memory.scope(), memory.content())
        .thenComposeAsync(holder -> holder.isPresent()
            ? confirmAndAnswer(holder.get(), accepted, deadline, unconfirmed)
            : embedAndWrite(accepted, id, before, deadline), environment.executor());
  }

  private CompletableFuture<WriteOutcome> confirmAndAnswer(
      CoreRow row, AcceptedMemory accepted, Instant deadline, @Nullable UUID unconfirmed) {
    return protocol.answerUnderLock(row, locks, deadline, unconfirmed)
        .thenComposeAsync(outcome -> outcome instanceof WriteOutcome.Refused && !environment.isPast(deadline)
            ? attempt(accepted, deadline, row.stamp())
            : CompletableFuture.completedFuture(outcome), environment.executor());
  }

  /**
   * @param lookupDeadline until when the existing row may be looked up again, in case it has changed meanwhile
   */
  private CompletableFuture<WriteOutcome> embedAndWrite(
      AcceptedMemory accepted, MemoryId id, @Nullable CoreRow before, Instant lookupDeadline) {
    return environment.then(intake.embed(accepted), embedding -> write(accepted, id, before, embedding))
        .thenCompose(outcome -> {
          boolean again = accepted.memory().revive() && !environment.isPast(lookupDeadline)
              && (outcome instanceof WriteOutcome.WasDeleted || outcome instanceof WriteOutcome.Conflict);
          return again ? attempt(accepted, lookupDeadline, null) : CompletableFuture.completedFuture(outcome);
        });
  }

  private CompletableFuture<WriteOutcome> write(
      AcceptedMemory accepted, MemoryId id, @Nullable CoreRow before, Embedding embedding) {
    Instant deadline = environment.now().plus(patience);
    return locks.runLocked(id, deadline,
        () -> protocol.run(intake.operation(accepted, id, before, embedding), deadline));
  }
}
