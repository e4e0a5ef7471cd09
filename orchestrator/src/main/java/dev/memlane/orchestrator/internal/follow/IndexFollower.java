package dev.memlane.orchestrator.internal.follow;

import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.model.EmbeddedText;
import dev.memlane.model.Embedding;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreResult;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.Futures;
import dev.memlane.orchestrator.internal.MemoryLocks;
import dev.memlane.orchestrator.internal.Stores;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
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
    return environment.until(deadline, stores.core().read(List.of(memory), true))
        .thenCompose(rows -> putLocked(memory, rows.get(memory), deadline))
        .thenCompose(name -> environment.until(deadline, name == null
            ? stores.index().unguarded().removeAll(memory)
            : stores.index().unguarded().retain(name)));
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
