package dev.memlane.orchestrator;

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
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.Operation;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Adds memories: asks core first where something may be there already, embeds, and runs the operation under the memory's
 * turn.
 *
 * <p>
 * An add whose key is taken, or whose content is where a scope holds each content once, embeds nothing and writes
 * nothing; it confirms the memory that is there, so that the answer stays true. One that meets a tombstone is told so,
 * unless it was asked to revive: then it is an update that starts from the tombstone.
 *
 * <p>
 * A memory has its place in the order of time from its acceptance, before anything of it begins: how long the lookup, the
 * embedding and further attempts take changes nothing of it.
 */
final class AddHandler {

  private final Stores stores;
  private final Environment environment;
  private final MemoryLocks locks;
  private final WriteProtocol protocol;
  private final BatchingEmbedder embedder;
  private final RowLookup lookup;
  private final Predicate<Scope> unique;
  private final Duration patience;

  /**
   * @param unique which scopes hold each content once
   */
  AddHandler(Stores stores, Environment environment, MemoryLocks locks, WriteProtocol protocol, BatchingEmbedder embedder,
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
   * A memory that is to be added.
   *
   * @param at when it was accepted
   */
  record Accepted(NewMemory memory, Instant at) {}

  /** Accepts a memory: of two accepted one after the other, the first one's time is the earlier. */
  Accepted accept(NewMemory memory) {
    return new Accepted(memory, environment.times().next());
  }

  /**
   * Adds one memory.
   *
   * @return the outcome; fails only where core can't be asked for what is there, or by a defect
   */
  CompletableFuture<WriteOutcome> add(Accepted accepted) {
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
    return lookup.find(id).thenComposeAsync(found -> {
      CoreRow row = found.orElse(null);
      if (row == null || row.state() == CoreRow.State.VOID || row.state() == CoreRow.State.DELETED && memory.revive()) {
        return once ? addOnce(accepted, id, row, deadline) : embedAndWrite(accepted, id, row, false, deadline);
      }
      return answerWith(row, accepted, deadline);
    }, environment.executor());
  }

  private CompletableFuture<WriteOutcome> addOnce(
      Accepted accepted, MemoryId id, @Nullable CoreRow before, Instant deadline) {
    NewMemory memory = accepted.memory();
    return stores.core().unique(memory.scope(), memory.content())
        .thenComposeAsync(holder -> holder.isPresent()
            ? answerWith(holder.get(), accepted, deadline)
            : embedAndWrite(accepted, id, before, true, deadline), environment.executor());
  }

  private CompletableFuture<WriteOutcome> answerWith(CoreRow row, Accepted accepted, Instant deadline) {
    return locks.runLocked(row.id(), deadline, () -> protocol.confirm(row, deadline))
        .thenComposeAsync(confirmed -> {
          if (confirmed instanceof StoreResult.Applied) {
            return CompletableFuture.completedFuture(WriteProtocol.duplicate(row));
          }
          if (!environment.isPast(deadline)) {
            return attempt(accepted, deadline);
          }
          Throwable cause = switch (confirmed) {
            case StoreResult.Applied applied -> new IllegalStateException("applied");
            case StoreResult.NotApplied notApplied -> notApplied.cause();
            case StoreResult.InDoubt inDoubt -> inDoubt.cause();
          };
          return CompletableFuture.completedFuture(new WriteOutcome.Refused(
              "memory " + row.id() + " is there already, and could not be confirmed in time", cause));
        }, environment.executor());
  }

  /**
   * @param lookedUntil until when what is there may be looked up again, should it have changed meanwhile
   */
  private CompletableFuture<WriteOutcome> embedAndWrite(
      Accepted accepted, MemoryId id, @Nullable CoreRow before, boolean once, Instant lookedUntil) {
    return environment.then(embed(accepted.memory()), embedding -> write(accepted, id, before, embedding, once))
        .thenCompose(outcome -> {
          boolean again = accepted.memory().revive() && !environment.isPast(lookedUntil)
              && (outcome instanceof WriteOutcome.WasDeleted || outcome instanceof WriteOutcome.Conflict);
          return again ? attempt(accepted, lookedUntil) : CompletableFuture.completedFuture(outcome);
        });
  }

  private CompletableFuture<Embedding> embed(NewMemory memory) {
    Embedding given = memory.embedding();
    return given != null
        ? CompletableFuture.completedFuture(given)
        : embedder.embed(Memory.searchableText(memory.actor(), memory.content()));
  }

  private CompletableFuture<WriteOutcome> write(
      Accepted accepted, MemoryId id, @Nullable CoreRow before, Embedding embedding, boolean once) {
    Instant deadline = environment.now().plus(patience);
    return locks.runLocked(id, deadline, () -> protocol.run(operation(accepted, id, before, embedding, once), deadline));
  }

  private Operation operation(
      Accepted accepted, MemoryId id, @Nullable CoreRow before, Embedding embedding, boolean once) {
    NewMemory memory = accepted.memory();
    OperationId op = environment.ids().newOperation();
    boolean reviving = before != null && before.state() == CoreRow.State.DELETED;
    // A tombstone may be younger than the acceptance, and the history's times go forward.
    Instant at = reviving ? environment.times().next() : accepted.at();
    Memory after = new Memory(id, memory.scope(), memory.key(), memory.actor(), memory.content(), memory.metadata(),
        memory.occurredAt(), accepted.at(), at, memory.expiresAt(),
        before == null || !reviving ? 1 : before.version() + 1, op);
    return new Operation(op, reviving ? Operation.Kind.UPDATE : Operation.Kind.ADD, id, before, after, embedding,
        memory.actor(), at, once);
  }
}
