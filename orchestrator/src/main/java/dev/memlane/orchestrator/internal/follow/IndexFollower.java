package dev.memlane.orchestrator.internal.follow;

import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.model.EmbeddedText;
import dev.memlane.model.Embedding;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreResult;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.model.store.SharedIndex;
import dev.memlane.model.store.Unit;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.Futures;
import dev.memlane.orchestrator.internal.MemoryLocks;
import dev.memlane.orchestrator.internal.Stores;
import dev.memlane.orchestrator.internal.UnitParts;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The writer that makes the index follow core, one memory at a time.
 *
 * <p>
 * Core is right. The row is read under the memory's lock, never before, so what is put is what core holds. Vectors come
 * from core; a memory that has none by the present model is embedded first, without its lock.
 *
 * <p>
 * A memory whose put has no answer by its deadline is queued in {@link #background()}: the put may still leave a document
 * that core no longer has. {@link BatchFollower} follows many memories at once. Safe for use by several threads.
 */
public final class IndexFollower {

  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final Stores stores;
  private final Environment environment;
  private final MemoryLocks locks;
  private final BatchingEmbedder embedder;
  private final EmbeddedText embedded;
  private final BackgroundFollower background;

  public IndexFollower(Stores stores, Environment environment, MemoryLocks locks, BatchingEmbedder embedder) {
    this.stores = stores;
    this.environment = environment;
    this.locks = locks;
    this.embedder = embedder;
    this.embedded = EmbeddedText.ofVectors(embedder.vectorName(), embedder.model());
    this.background = new BackgroundFollower(this::follow, environment);
  }

  /** The queue of memories that could not be followed at once. */
  public BackgroundFollower background() {
    return background;
  }

  /**
   * Makes the memory's documents agree with core, under its lock. Embeds the memory first if core has no vector of it.
   *
   * @return fails if they could not be made to agree
   */
  public CompletableFuture<Void> follow(MemoryId memory) {
    return lockAndFollow(memory).exceptionallyComposeAsync(
        failure -> Futures.unwrap(failure) instanceof MissingVectorException missing
            ? embedAndFollow(missing.memory)
            : CompletableFuture.failedFuture(failure),
        environment.executor());
  }

  /** Embeds a memory, saves the vector in core and makes the index follow. */
  CompletableFuture<Void> embedAndFollow(Memory memory) {
    DocumentName name = new DocumentName(memory.id(), memory.op());
    return embedder.embed(embedded.of(memory.actor(), memory.content()))
        .thenCompose(embedding -> stores.core().saveVector(name, embedding))
        .thenComposeAsync(saved -> lockAndFollow(memory.id()), environment.executor());
  }

  private CompletableFuture<Void> lockAndFollow(MemoryId memory) {
    Instant deadline = environment.now().plus(PATIENCE);
    return locks.runLocked(memory, deadline, () -> followLocked(memory, deadline));
  }

  /** Makes the memory's documents agree. Needs the memory's lock. Fails if core has no vector by the present model. */
  public CompletableFuture<Void> followLocked(MemoryId memory, Instant deadline) {
    SharedIndex shared = stores.index().shared();
    if (shared != null) {
      return environment.until(deadline, shared.names(List.of(memory)))
          .thenCompose(documents -> followShared(memory, documents, deadline));
    }
    return environment.until(deadline, stores.core().read(List.of(memory), true))
        .thenCompose(rows -> putLocked(memory, rows.get(memory), deadline))
        .thenCompose(name -> environment.until(deadline, name == null
            ? stores.index().unguarded().removeAll(memory)
            : stores.index().unguarded().retain(name)));
  }

  /** Removes all documents of a memory that is not live in core. Needs the memory's lock. */
  public CompletableFuture<Void> removeAllLocked(MemoryId memory, Instant deadline) {
    return stores.index().shared() == null
        ? environment.until(deadline, stores.index().removeAll(memory))
        : followLocked(memory, deadline);
  }

  /**
   * Makes the memory's documents in a shared index agree (rule R17). Needs the memory's lock.
   *
   * @param documents the documents that the memory had when this was called
   */
  CompletableFuture<Void> followShared(MemoryId memory, Collection<DocumentName> documents, Instant deadline) {
    return environment.until(deadline, stores.core().read(List.of(memory), true)).thenCompose(rows -> {
      CoreRow row = rows.get(memory);
      DocumentName wanted = name(row);
      CompletableFuture<?> put = wanted == null || documents.contains(wanted)
          ? CompletableFuture.completedFuture(wanted)
          : putLocked(memory, row, deadline);
      List<DocumentName> stale = documents.stream().filter(document -> !document.equals(wanted)).toList();
      return stale.isEmpty()
          ? put.thenAccept(done -> {})
          : put.thenComposeAsync(done -> removeStale(memory, wanted, stale, deadline), environment.executor());
    });
  }

  /**
   * Removes documents that core's row does not call for. They may belong to operations that are under way in other
   * processes, so everything on its way to the memory is fenced first. After the fence, none of them but the present row's
   * can become that of a row again.
   */
  private CompletableFuture<Void> removeStale(
      MemoryId memory, @Nullable DocumentName expected, List<DocumentName> stale, Instant deadline) {
    return fence(memory, stale.getFirst().op(), deadline)
        .thenCompose(fenced -> environment.until(deadline, stores.core().read(List.of(memory), false)))
        .thenComposeAsync(rows -> {
          DocumentName present = name(rows.get(memory));
          CompletableFuture<Void> removed = CompletableFuture.allOf(stale.stream()
              .filter(document -> !document.equals(present))
              .map(document -> environment.until(deadline, stores.index().unguarded().remove(document)))
              .toArray(CompletableFuture[]::new));
          return Objects.equals(expected, present)
              ? removed
              : removed.thenComposeAsync(done -> followLocked(memory, deadline), environment.executor());
        }, environment.executor());
  }

  private CompletableFuture<StoreResult> fence(MemoryId memory, OperationId op, Instant deadline) {
    Unit unit = stores.units().begin(Unit.Kind.FENCE, memory, op, deadline);
    return UnitParts.join(unit, () -> stores.core().fenceAll(unit, environment.ids().newStamp()))
        .thenApply(result -> switch (result) {
          case StoreResult.Applied applied -> applied;
          case StoreResult.NotApplied notApplied -> throw notFenced(memory, notApplied.cause());
          case StoreResult.InDoubt inDoubt -> throw notFenced(memory, inDoubt.cause());
        });
  }

  private static StoreException notFenced(MemoryId memory, Throwable cause) {
    return new StoreException("the database could not be asked about memory " + memory + ": " + cause.getMessage(),
        cause);
  }

  private static @Nullable DocumentName name(@Nullable CoreRow row) {
    Memory memory = row == null ? null : row.memory();
    return memory == null ? null : new DocumentName(memory.id(), memory.op());
  }

  /**
   * Puts the document of core's row. Needs the memory's lock.
   *
   * @return the name of the document; null if the row is missing or not live
   */
  CompletableFuture<@Nullable DocumentName> putLocked(MemoryId id, @Nullable CoreRow row, Instant deadline) {
    Memory memory = row == null ? null : row.memory();
    if (memory == null) {
      return CompletableFuture.completedFuture(null);
    }
    Embedding embedding = row == null ? null : row.embedding();
    if (embedding == null) {
      return CompletableFuture.failedFuture(new MissingVectorException(memory));
    }
    IndexDocument document = new IndexDocument(memory, embedding);
    return stores.index().unguarded().put(document, deadline).thenApply(result -> switch (result) {
      case StoreResult.Applied applied -> document.name();
      case StoreResult.NotApplied notApplied -> throw new RefusedDocumentException(id, notApplied.cause());
      case StoreResult.InDoubt inDoubt -> {
        background.follow(id, inDoubt.cause());
        throw new StoreException(
            "the index did not answer for memory " + id + ": " + inDoubt.cause().getMessage(), inDoubt.cause());
      }
    });
  }
}
