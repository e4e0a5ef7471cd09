package dev.memlane.orchestrator.internal.write;

import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.model.EmbeddedText;
import dev.memlane.model.Embedding;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
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
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The handler of updates and deletes: reads the row under the memory's lock and runs the operation from it.
 *
 * <p>
 * Another process may change the row between the read and the write. Then the operation starts again from the new row, with
 * a new id, unless the caller expected a certain state. An update that changes the searchable text, which is the actor and
 * the content, embeds it before it takes the lock.
 */
public final class ChangeHandler {

  private final Stores stores;
  private final Environment environment;
  private final MemoryLocks locks;
  private final WriteProtocol protocol;
  private final BatchingEmbedder embedder;
  private final EmbeddedText embedded;
  private final Predicate<Scope> unique;
  private final Duration patience;

  /**
   * @param unique the scopes that hold each content once
   * @param patience how long a write may take after its text has been embedded
   */
  public ChangeHandler(Stores stores, Environment environment, MemoryLocks locks, WriteProtocol protocol,
      BatchingEmbedder embedder,
      Predicate<Scope> unique, Duration patience) {
    this.stores = stores;
    this.environment = environment;
    this.locks = locks;
    this.protocol = protocol;
    this.embedder = embedder;
    this.embedded = EmbeddedText.ofVectors(embedder.vectorName(), embedder.model());
    this.unique = unique;
    this.patience = patience;
  }

  /**
   * Updates one memory.
   *
   * @param activity the caller's operation; null if nobody listens
   * @return the outcome; fails only if core can't be read, or by a defect
   */
  public CompletableFuture<WriteOutcome> update(MemoryUpdate update, @Nullable Activity activity) {
    Activity reading = Activity.step(activity, StepType.DATABASE_READ);
    return Activity.ending(reading, stores.core().read(List.of(update.id()), true)).thenComposeAsync(rows -> {
      CoreRow row = rows.get(update.id());
      WriteOutcome refusal = refuse(row, update.id(), update.expected());
      if (refusal != null || row == null) {
        return CompletableFuture.completedFuture(refusal == null ? new WriteOutcome.NotFound(update.id()) : refusal);
      }
      Memory present = requireMemory(row);
      String text = embeddedText(present, update);
      Embedding kept = row.embedding();
      boolean same = kept != null && text.equals(embedded.of(present.actor(), present.content()));
      CompletableFuture<Embedding> embedding = same && kept != null
          ? CompletableFuture.completedFuture(kept)
          : embedder.embed(text, null, activity);
      return embedding.thenComposeAsync(vector -> {
        Instant deadline = environment.now().plus(patience);
        return runLocked(update.id(), update.expected(), deadline, activity,
            before -> updateOperation(before, update, text, vector, activity))
            .thenComposeAsync(
                outcome -> outcome == null ? update(update, activity) : CompletableFuture.completedFuture(outcome),
                environment.executor());
      }, environment.executor());
    }, environment.executor());
  }

  /** Deletes one memory; see {@link #update}. */
  public CompletableFuture<WriteOutcome> delete(MemoryDeletion deletion, @Nullable Activity activity) {
    Instant deadline = environment.now().plus(patience);
    return runLocked(deletion.id(), deletion.expected(), deadline, activity,
        before -> new Operation(environment.ids().newOperation(), Operation.Kind.DELETE, deletion.id(), before, null,
            null, deletion.actor(), environment.times().next(), false, activity))
        .thenApply(outcome -> {
          if (outcome == null) {
            throw new IllegalStateException("a delete fits every live row");
          }
          return outcome;
        });
  }

  /** Makes an operation that starts from a live row; null if the row has changed so that the preparation no longer fits. */
  @FunctionalInterface
  private interface Plan {
    @Nullable
    Operation from(CoreRow before);
  }

  private CompletableFuture<@Nullable WriteOutcome> runLocked(
      MemoryId id, @Nullable OperationId expected, Instant deadline, @Nullable Activity activity, Plan plan) {
    return locks.<@Nullable WriteOutcome>runLocked(id, deadline,
        () -> attempt(id, expected, deadline, activity, plan));
  }

  private CompletableFuture<@Nullable WriteOutcome> attempt(
      MemoryId id, @Nullable OperationId expected, Instant deadline, @Nullable Activity activity, Plan plan) {
    Activity reading = Activity.step(activity, StepType.DATABASE_READ);
    CompletableFuture<Map<MemoryId, CoreRow>> read = environment.until(deadline,
        stores.core().read(List.of(id), true));
    return Activity.ending(reading, read).thenComposeAsync(rows -> {
      CoreRow row = rows.get(id);
      WriteOutcome refusal = refuse(row, id, expected);
      if (refusal != null || row == null) {
        return CompletableFuture.<@Nullable WriteOutcome>completedFuture(refusal);
      }
      Operation operation = plan.from(row);
      if (operation == null) {
        return CompletableFuture.<@Nullable WriteOutcome>completedFuture(null);
      }
      return protocol.run(operation, deadline).thenComposeAsync(outcome -> {
        // Another process was faster: start again from the present row.
        boolean again = outcome instanceof WriteOutcome.Conflict && !environment.isPast(deadline);
        return again
            ? attempt(id, expected, deadline, activity, plan)
            : CompletableFuture.<@Nullable WriteOutcome>completedFuture(outcome);
      }, environment.executor());
    }, environment.executor());
  }

  private static @Nullable WriteOutcome refuse(@Nullable CoreRow row, MemoryId id, @Nullable OperationId expected) {
    if (row == null || row.state() == CoreRow.State.VOID) {
      return new WriteOutcome.NotFound(id);
    }
    if (row.state() == CoreRow.State.DELETED) {
      return new WriteOutcome.WasDeleted(id, row.op());
    }
    return expected == null || expected.equals(row.op()) ? null : new WriteOutcome.Conflict(id, expected, row.op());
  }

  private static String content(Memory present, MemoryUpdate update) {
    return update.content() == null ? present.content() : update.content();
  }

  private String embeddedText(Memory present, MemoryUpdate update) {
    return embedded.of(update.actor().applyTo(present.actor()), content(present, update));
  }

  /**
   * @param text the text that was embedded
   */
  private @Nullable Operation updateOperation(CoreRow before, MemoryUpdate update, String text,
      Embedding embedding, @Nullable Activity activity) {
    Memory old = requireMemory(before);
    if (!embeddedText(old, update).equals(text)) {
      // The content or the actor has changed since the text was embedded, and this update must not change it back.
      return null;
    }
    String content = content(old, update);
    OperationId op = environment.ids().newOperation();
    Instant now = environment.times().next();
    Memory after = new Memory(old.id(), old.scope(), old.key(), update.actor().applyTo(old.actor()), content,
        update.metadata() == null ? old.metadata() : update.metadata(), update.occurredAt().applyTo(old.occurredAt()),
        old.createdAt(), now, update.expiresAt().applyTo(old.expiresAt()), before.version() + 1, op);
    return new Operation(op, Operation.Kind.UPDATE, old.id(), before, after, embedding, update.by(), now,
        before.unique() || unique.test(old.scope()) && !content.equals(old.content()), activity);
  }

  private static Memory requireMemory(CoreRow row) {
    Memory memory = row.memory();
    if (memory == null) {
      throw new IllegalStateException("a live row has a memory: " + row.id());
    }
    return memory;
  }
}
