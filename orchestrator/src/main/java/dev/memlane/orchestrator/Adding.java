package dev.memlane.orchestrator;

import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.model.CoreRow;
import dev.memlane.model.Embedding;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Operation;
import dev.memlane.model.OperationId;
import dev.memlane.model.StoreResult;
import dev.memlane.model.WriteOutcome;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Adds memories: asks core first where there is a key, embeds, and runs the operation under the memory's turn.
 *
 * <p>
 * An add whose key is taken embeds nothing and writes nothing; it confirms the memory that is there, so that the answer
 * stays true.
 */
final class Adding {

  private final Stores stores;
  private final Environment environment;
  private final Turns turns;
  private final WriteProtocol protocol;
  private final BatchingEmbedder embedder;
  private final Duration patience;

  Adding(Stores stores, Environment environment, Turns turns, WriteProtocol protocol, BatchingEmbedder embedder,
      Duration patience) {
    this.stores = stores;
    this.environment = environment;
    this.turns = turns;
    this.protocol = protocol;
    this.embedder = embedder;
    this.patience = patience;
  }

  /**
   * Adds one memory.
   *
   * @return the outcome; fails only where core can't be asked for the key, or by a defect
   */
  CompletableFuture<WriteOutcome> add(NewMemory memory) {
    String key = memory.key();
    if (key == null) {
      return embedAndWrite(memory, environment.ids().newMemory(), null);
    }
    return addUnderKey(memory, MemoryId.derive(memory.scope(), key), environment.now().plus(patience));
  }

  private CompletableFuture<WriteOutcome> addUnderKey(NewMemory memory, MemoryId id, Instant deadline) {
    return stores.core().read(List.of(id), false).thenComposeAsync(rows -> {
      CoreRow row = rows.get(id);
      return row == null || row.state() == CoreRow.State.VOID
          ? embedAndWrite(memory, id, row)
          : answerWith(row, memory, deadline);
    }, environment.executor());
  }

  private CompletableFuture<WriteOutcome> answerWith(CoreRow row, NewMemory memory, Instant deadline) {
    return turns.take(row.id(), deadline)
        .thenComposeAsync(
            turn -> protocol.confirm(row, deadline).whenComplete((confirmed, defect) -> turn.close()),
            environment.executor())
        .thenComposeAsync(confirmed -> {
          if (confirmed instanceof StoreResult.Applied) {
            return CompletableFuture.completedFuture(WriteProtocol.duplicate(row));
          }
          if (!environment.isPast(deadline)) {
            return addUnderKey(memory, row.id(), deadline);
          }
          Throwable cause = switch (confirmed) {
            case StoreResult.Applied applied -> new IllegalStateException("applied");
            case StoreResult.NotApplied notApplied -> notApplied.cause();
            case StoreResult.InDoubt inDoubt -> inDoubt.cause();
          };
          return CompletableFuture.completedFuture(new WriteOutcome.Refused(
              "memory " + row.id() + " is there under this key, and could not be confirmed in time", cause));
        }, environment.executor());
  }

  private CompletableFuture<WriteOutcome> embedAndWrite(NewMemory memory, MemoryId id, @Nullable CoreRow voidRow) {
    return embed(memory)
        .thenComposeAsync(embedding -> write(memory, id, voidRow, embedding), environment.executor());
  }

  private CompletableFuture<Embedding> embed(NewMemory memory) {
    Embedding given = memory.embedding();
    return given != null
        ? CompletableFuture.completedFuture(given)
        : embedder.embed(Memory.searchableText(memory.actor(), memory.content()));
  }

  private CompletableFuture<WriteOutcome> write(
      NewMemory memory, MemoryId id, @Nullable CoreRow voidRow, Embedding embedding) {
    Instant deadline = environment.now().plus(patience);
    return turns.take(id, deadline).thenComposeAsync(turn -> {
      Operation operation = operation(memory, id, voidRow, embedding);
      return protocol.run(operation, deadline).whenComplete((outcome, defect) -> turn.close());
    }, environment.executor());
  }

  private Operation operation(NewMemory memory, MemoryId id, @Nullable CoreRow voidRow, Embedding embedding) {
    OperationId op = environment.ids().newOperation();
    Instant now = environment.now();
    Memory after = new Memory(id, memory.scope(), memory.key(), memory.actor(), memory.content(), memory.metadata(),
        memory.occurredAt(), now, now, memory.expiresAt(), 1, op);
    return new Operation(op, Operation.Kind.ADD, id, voidRow, after, embedding, memory.actor(), now);
  }
}
