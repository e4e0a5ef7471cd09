package dev.memlane.orchestrator;

import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.model.CoreRow;
import dev.memlane.model.Embedding;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Operation;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreResult;
import dev.memlane.model.WriteOutcome;
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
 */
final class Adding {

  private final Stores stores;
  private final Environment environment;
  private final Turns turns;
  private final WriteProtocol protocol;
  private final BatchingEmbedder embedder;
  private final RowLookup lookup;
  private final Predicate<Scope> unique;
  private final Duration patience;

  /**
   * @param unique which scopes hold each content once
   */
  Adding(Stores stores, Environment environment, Turns turns, WriteProtocol protocol, BatchingEmbedder embedder,
      Predicate<Scope> unique, Duration patience) {
    this.stores = stores;
    this.environment = environment;
    this.turns = turns;
    this.protocol = protocol;
    this.embedder = embedder;
    this.lookup = new RowLookup(stores, environment);
    this.unique = unique;
    this.patience = patience;
  }

  /**
   * Adds one memory.
   *
   * @return the outcome; fails only where core can't be asked for what is there, or by a defect
   */
  CompletableFuture<WriteOutcome> add(NewMemory memory) {
    return attempt(memory, environment.now().plus(patience));
  }

  private CompletableFuture<WriteOutcome> attempt(NewMemory memory, Instant deadline) {
    String key = memory.key();
    boolean once = unique.test(memory.scope());
    if (key == null) {
      MemoryId id = environment.ids().newMemory();
      return once ? addOnce(memory, id, null, deadline) : embedAndWrite(memory, id, null, false, deadline);
    }
    MemoryId id = MemoryId.derive(memory.scope(), key);
    return lookup.find(id).thenComposeAsync(found -> {
      CoreRow row = found.orElse(null);
      if (row == null || row.state() == CoreRow.State.VOID || row.state() == CoreRow.State.DELETED && memory.revive()) {
        return once ? addOnce(memory, id, row, deadline) : embedAndWrite(memory, id, row, false, deadline);
      }
      return answerWith(row, memory, deadline);
    }, environment.executor());
  }

  private CompletableFuture<WriteOutcome> addOnce(
      NewMemory memory, MemoryId id, @Nullable CoreRow before, Instant deadline) {
    return stores.core().unique(memory.scope(), memory.content())
        .thenComposeAsync(holder -> holder.isPresent()
            ? answerWith(holder.get(), memory, deadline)
            : embedAndWrite(memory, id, before, true, deadline), environment.executor());
  }

  private CompletableFuture<WriteOutcome> answerWith(CoreRow row, NewMemory memory, Instant deadline) {
    return turns.in(row.id(), deadline, () -> protocol.confirm(row, deadline))
        .thenComposeAsync(confirmed -> {
          if (confirmed instanceof StoreResult.Applied) {
            return CompletableFuture.completedFuture(WriteProtocol.duplicate(row));
          }
          if (!environment.isPast(deadline)) {
            return attempt(memory, deadline);
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
      NewMemory memory, MemoryId id, @Nullable CoreRow before, boolean once, Instant lookedUntil) {
    return environment.then(embed(memory), embedding -> write(memory, id, before, embedding, once))
        .thenCompose(outcome -> {
          boolean again = memory.revive() && !environment.isPast(lookedUntil)
              && (outcome instanceof WriteOutcome.WasDeleted || outcome instanceof WriteOutcome.Conflict);
          return again ? attempt(memory, lookedUntil) : CompletableFuture.completedFuture(outcome);
        });
  }

  private CompletableFuture<Embedding> embed(NewMemory memory) {
    Embedding given = memory.embedding();
    return given != null
        ? CompletableFuture.completedFuture(given)
        : embedder.embed(Memory.searchableText(memory.actor(), memory.content()));
  }

  private CompletableFuture<WriteOutcome> write(
      NewMemory memory, MemoryId id, @Nullable CoreRow before, Embedding embedding, boolean once) {
    Instant deadline = environment.now().plus(patience);
    return turns.in(id, deadline, () -> protocol.run(operation(memory, id, before, embedding, once), deadline));
  }

  private Operation operation(
      NewMemory memory, MemoryId id, @Nullable CoreRow before, Embedding embedding, boolean once) {
    OperationId op = environment.ids().newOperation();
    Instant now = environment.now();
    boolean reviving = before != null && before.state() == CoreRow.State.DELETED;
    Memory after = new Memory(id, memory.scope(), memory.key(), memory.actor(), memory.content(), memory.metadata(),
        memory.occurredAt(), now, now, memory.expiresAt(), before == null || !reviving ? 1 : before.version() + 1, op);
    return new Operation(op, reviving ? Operation.Kind.UPDATE : Operation.Kind.ADD, id, before, after, embedding,
        memory.actor(), now, once);
  }
}
