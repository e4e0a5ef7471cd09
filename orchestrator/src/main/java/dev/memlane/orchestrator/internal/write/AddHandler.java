package dev.memlane.orchestrator.internal.write;

import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.model.Embedding;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.NewMemory;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreResult;
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
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
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
 *
 * <p>
 * A memory's place in the order of time is fixed when it is accepted, before any work on it begins. The lookup, the embedding
 * and further attempts do not change it, however long they take.
 */
public final class AddHandler {

  private final Stores stores;
  private final Environment environment;
  private final MemoryLocks locks;
  private final WriteProtocol protocol;
  private final BatchingEmbedder embedder;
  private final RowLookup lookup;
  private final Predicate<Scope> unique;
  private final Duration patience;

  /**
   * @param unique the scopes that hold each content once
   * @param patience how long a write may take after its text has been embedded
   */
  public AddHandler(Stores stores, Environment environment, MemoryLocks locks, WriteProtocol protocol,
      BatchingEmbedder embedder,
      Predicate<Scope> unique, Duration patience) {
    this.stores = stores;
    this.environment = environment;
    this.locks = locks;
    this.protocol = protocol;
    this.embedder = embedder;
    this.lookup = new RowLookup(stores, environment);
    this.unique = unique;
    this.patience = patience;
  }

  /**
   * An accepted memory, to be added.
   *
   * @param at when it was accepted
   * @param activity the caller's operation; null if nobody listens
   */
  public record Accepted(NewMemory memory, Instant at, @Nullable Activity activity) {

    /** The same memory, as the subject of an operation. */
    public Accepted as(@Nullable Activity operation) {
      return operation == null ? this : new Accepted(memory, at, operation);
    }
  }

  /** Accepts a memory. Of two memories accepted one after the other, the first has the earlier time. */
  public Accepted accept(NewMemory memory) {
    return new Accepted(memory, environment.times().next(), null);
  }

  /**
   * Adds one memory.
   *
   * @return the outcome; fails only if core can't be read, or by a defect
   */
  public CompletableFuture<WriteOutcome> add(Accepted accepted) {
    Embedding given = accepted.memory().embedding();
    if (given != null) {
      try {
        embedder.requireCompatible(given);
      } catch (InvalidInputException e) {
        return CompletableFuture.completedFuture(new WriteOutcome.Refused(String.valueOf(e.getMessage()), e));
      }
    }
    return attempt(accepted, environment.now().plus(patience));
  }

  private CompletableFuture<WriteOutcome> attempt(Accepted accepted, Instant deadline) {
    NewMemory memory = accepted.memory();
    String key = memory.key();
    boolean once = unique.test(memory.scope());
    if (key == null) {
      MemoryId id = environment.ids().newMemory();
      return once ? addOnce(accepted, id, null, deadline) : embedAndWrite(accepted, id, null, false, deadline);
    }
    MemoryId id = MemoryId.derive(memory.scope(), key);
    Activity reading = Activity.step(accepted.activity(), StepType.DATABASE_READ);
    return Activity.ending(reading, lookup.find(id)).thenComposeAsync(found -> {
      CoreRow row = found.orElse(null);
      if (row == null || row.state() == CoreRow.State.VOID || row.state() == CoreRow.State.DELETED && memory.revive()) {
        return once ? addOnce(accepted, id, row, deadline) : embedAndWrite(accepted, id, row, false, deadline);
      }
      return confirmAndAnswer(row, accepted, deadline);
    }, environment.executor());
  }

  private CompletableFuture<WriteOutcome> addOnce(
      Accepted accepted, MemoryId id, @Nullable CoreRow before, Instant deadline) {
    NewMemory memory = accepted.memory();
    return stores.core().findUnique(memory.scope(), memory.content())
        .thenComposeAsync(holder -> holder.isPresent()
            ? confirmAndAnswer(holder.get(), accepted, deadline)
            : embedAndWrite(accepted, id, before, true, deadline), environment.executor());
  }

  private CompletableFuture<WriteOutcome> confirmAndAnswer(CoreRow row, Accepted accepted, Instant deadline) {
    return locks.runLocked(row.id(), deadline, () -> protocol.confirm(row, deadline))
        .thenComposeAsync(confirmed -> {
          if (confirmed instanceof StoreResult.Applied) {
            return CompletableFuture.completedFuture(WriteProtocol.duplicate(row));
          }
          if (!environment.isPast(deadline)) {
            return attempt(accepted, deadline);
          }
          return CompletableFuture.completedFuture(new WriteOutcome.Refused(
              "memory " + row.id() + " is there already, and could not be confirmed in time",
              confirmed.cause()));
        }, environment.executor());
  }

  /**
   * @param lookupDeadline until when the existing row may be looked up again, in case it has changed meanwhile
   */
  private CompletableFuture<WriteOutcome> embedAndWrite(
      Accepted accepted, MemoryId id, @Nullable CoreRow before, boolean once, Instant lookupDeadline) {
    return environment.then(embed(accepted), embedding -> write(accepted, id, before, embedding, once))
        .thenCompose(outcome -> {
          boolean again = accepted.memory().revive() && !environment.isPast(lookupDeadline)
              && (outcome instanceof WriteOutcome.WasDeleted || outcome instanceof WriteOutcome.Conflict);
          return again ? attempt(accepted, lookupDeadline) : CompletableFuture.completedFuture(outcome);
        });
  }

  private CompletableFuture<Embedding> embed(Accepted accepted) {
    NewMemory memory = accepted.memory();
    Embedding given = memory.embedding();
    return given != null
        ? CompletableFuture.completedFuture(given)
        : embedder.embed(Memory.searchableText(memory.actor(), memory.content()), null, accepted.activity());
  }

  private CompletableFuture<WriteOutcome> write(
      Accepted accepted, MemoryId id, @Nullable CoreRow before, Embedding embedding, boolean once) {
    Instant deadline = environment.now().plus(patience);
    return locks.runLocked(id, deadline,
        () -> protocol.run(operation(accepted, id, before, embedding, once), deadline));
  }

  private Operation operation(
      Accepted accepted, MemoryId id, @Nullable CoreRow before, Embedding embedding, boolean once) {
    NewMemory memory = accepted.memory();
    OperationId op = environment.ids().newOperation();
    boolean reviving = before != null && before.state() == CoreRow.State.DELETED;
    // A tombstone may be younger than the acceptance, and the times of a history only go forward.
    Instant at = reviving ? environment.times().next() : accepted.at();
    Memory after = new Memory(id, memory.scope(), memory.key(), memory.actor(), memory.content(), memory.metadata(),
        memory.occurredAt(), accepted.at(), at, memory.expiresAt(),
        before == null || !reviving ? 1 : before.version() + 1, op);
    return new Operation(op, reviving ? Operation.Kind.UPDATE : Operation.Kind.ADD, id, before, after, embedding,
        memory.actor(), at, once, accepted.activity());
  }
}
