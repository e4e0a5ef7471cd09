package dev.memlane.orchestrator.internal.write;

import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.model.EmbeddedText;
import dev.memlane.model.Embedding;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.NewMemory;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.Operation;
import dev.memlane.orchestrator.internal.Environment;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The intake of memories that callers give to be stored: accepts them, checks and makes their vectors, and makes the
 * operations that store them.
 *
 * <p>
 * A memory's place in the order of time is fixed when it is accepted, before any work on it begins. The lookup, the embedding
 * and further attempts do not change it, however long they take. Safe for use by several threads.
 */
public final class MemoryIntake {

  private final Environment environment;
  private final BatchingEmbedder embedder;
  private final EmbeddedText embedded;
  private final Predicate<Scope> unique;

  /**
   * @param unique the scopes that hold each content once
   */
  public MemoryIntake(Environment environment, BatchingEmbedder embedder, Predicate<Scope> unique) {
    this.environment = environment;
    this.embedder = embedder;
    this.embedded = EmbeddedText.ofVectors(embedder.vectorName(), embedder.model());
    this.unique = unique;
  }

  /** Accepts a memory. Of two memories accepted one after the other, the first has the earlier time. */
  public AcceptedMemory accept(NewMemory memory) {
    return new AcceptedMemory(named(memory), environment.times().next(), null);
  }

  /** The memory with its given vector, if there is one, under the name that this memory's vectors have. */
  private NewMemory named(NewMemory memory) {
    Embedding given = memory.embedding();
    return given == null || refusal(memory) != null
        ? memory
        : new NewMemory(memory.content(), memory.scope(), memory.key(), memory.actor(), memory.metadata(),
            memory.occurredAt(), memory.expiresAt(), embedder.compatible(given), memory.revive());
  }

  /** The outcome of a memory whose given vector can't be compared with the others; null if nothing is wrong. */
  @Nullable
  WriteOutcome refusal(NewMemory memory) {
    Embedding given = memory.embedding();
    if (given != null) {
      try {
        Embedding unused = embedder.compatible(given);
      } catch (InvalidInputException e) {
        return new WriteOutcome.Refused(String.valueOf(e.getMessage()), e);
      }
    }
    return null;
  }

  /** The vector of the memory's text: the given one, or one made by the embedder. */
  CompletableFuture<Embedding> embed(AcceptedMemory accepted) {
    NewMemory memory = accepted.memory();
    Embedding given = memory.embedding();
    return given != null
        ? CompletableFuture.completedFuture(given)
        : embedder.embed(embedded.of(memory.actor(), memory.content()), null, accepted.activity());
  }

  /** Whether a memory has the vector that another one needs. */
  boolean hasVectorOf(Memory present, NewMemory memory) {
    return embedded.of(present.actor(), present.content()).equals(embedded.of(memory.actor(), memory.content()));
  }

  boolean holdsEachContentOnce(Scope scope) {
    return unique.test(scope);
  }

  /**
   * Makes the operation that stores the memory, starting from a row: an add where there is none or a void one, an update that
   * revives a tombstone, or an update that replaces a live memory, whose time of creation stays.
   */
  Operation operation(AcceptedMemory accepted, MemoryId id, @Nullable CoreRow before, Embedding embedding) {
    NewMemory memory = accepted.memory();
    OperationId op = environment.ids().newOperation();
    boolean adds = before == null || before.state() == CoreRow.State.VOID;
    Memory present = before == null ? null : before.memory();
    // A row may be younger than the acceptance, and the times of a history only go forward.
    Instant at = adds ? accepted.at() : environment.times().next();
    Memory after = new Memory(id, memory.scope(), memory.key(), memory.actor(), memory.content(), memory.metadata(),
        memory.occurredAt(), present == null ? accepted.at() : present.createdAt(), at, memory.expiresAt(),
        before == null || adds ? 1 : before.version() + 1, op);
    return new Operation(op, adds ? Operation.Kind.ADD : Operation.Kind.UPDATE, id, before, after, embedding,
        memory.actor(), at, isUnique(memory, before, present), accepted.activity());
  }

  /** Whether the content must be the only one of its kind; one that stays is held as it was. */
  private boolean isUnique(NewMemory memory, @Nullable CoreRow before, @Nullable Memory present) {
    boolean stays = present != null && present.content().equals(memory.content());
    return before != null && before.unique() || !stays && holdsEachContentOnce(memory.scope());
  }
}
