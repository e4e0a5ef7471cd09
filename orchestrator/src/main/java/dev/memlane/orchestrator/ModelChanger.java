package dev.memlane.orchestrator;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemoryId;
import dev.memlane.model.StoreException;
import dev.memlane.model.store.ModelVectors;
import dev.memlane.orchestrator.internal.Futures;
import dev.memlane.orchestrator.internal.OpenedResources;
import dev.memlane.orchestrator.internal.follow.VectorFiller;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The changes of a memory's model. Each runs on a thread of its own: it embeds what core lacks vectors of, opens a second
 * engine beside the one that serves calls, lets calls go over to it, and closes the first. To the write protocol the two
 * engines are two processes, so it needs no rule for this. Safe for use by several threads.
 */
final class ModelChanger {

  private static final System.Logger LOGGER = System.getLogger(ModelChanger.class.getName());

  /** How often the new index has to be brought up to date before calls go over to it. */
  private static final int MOST_TRIES = 5;
  /** How often the database is asked whether the switch is announced. */
  private static final Duration LOOK_EVERY = Duration.ofMillis(500);
  private static final int DELETED_AT_ONCE = 2_000;

  private final ServingEngine serving;

  @GuardedBy("this")
  private OrchestratorBuilder settings;
  /** The folder of the present index; null for a shared one. */
  @GuardedBy("this")
  private @Nullable Path directory;
  @GuardedBy("this")
  private @Nullable ModelChange change;
  /** Whether vectors are being deleted, among which would be those that a change makes. */
  @GuardedBy("this")
  private boolean deleting;
  /** Completes when the memory is being closed. */
  private final CompletableFuture<Void> closing = new CompletableFuture<>();

  /**
   * @param settings with which the present engine was opened
   */
  ModelChanger(ServingEngine serving, OrchestratorBuilder settings) {
    this.serving = serving;
    this.settings = settings;
    Path configured = settings.indexDirectory;
    this.directory = configured == null || settings.sharedIndex != null
        ? null
        : settings.rebuildIndex
            ? configured
            : new IndexDirectories(configured).of(serving.engine().embedder.model());
  }

  /** See {@link MemoryOrchestrator#changeModel}. */
  synchronized ModelChange begin(ModelChangeRequest request) {
    if (settings.stores != null) {
      throw new InvalidInputException("a memory with stores of its own can't open others for another model");
    }
    if (settings.sharedIndex != null != request.hasSharedIndex()) {
      throw new InvalidInputException(settings.sharedIndex == null
          ? "the memory has an index of its own, and sharedIndex(...) is for one with a shared index; leave it out"
          : "the memory has a shared index, so the request needs sharedIndex(...) with an index of another name");
    }
    ModelChange last = change;
    if (last != null && !last.isDone()) {
      throw new InvalidInputException("the model is being changed already: " + last
          + "; wait for that change, or cancel it");
    }
    if (deleting) {
      throw new InvalidInputException("old vectors are being deleted; change the model when that has ended");
    }
    if (serving.isClosed()) {
      throw new StoreException("the memory is closed; open it again", null);
    }
    OrchestratorBuilder wanted = request.applyTo(settings);
    OpenedResources opened = new OpenedResources();
    OrchestratorOpening opening = new OrchestratorOpening(wanted, opened);
    ModelChange begun = new ModelChange(opening.model(), request.listener());
    change = begun;
    Thread.ofVirtual().name("memlane-model-change").start(() -> run(begun, request, wanted, opening));
    return begun;
  }

  /** The present change, or the last one; null if there was none. */
  synchronized @Nullable ModelChange last() {
    return change;
  }

  private void run(ModelChange begun, ModelChangeRequest request, OrchestratorBuilder wanted,
      OrchestratorOpening opening) {
    String model = begun.status().model();
    try {
      LOGGER.log(System.Logger.Level.INFO, "Changing the model to {0}.", model);
      change(begun, request, wanted, opening);
      LOGGER.log(System.Logger.Level.INFO, "The model is {0} now.", model);
      begun.complete();
    } catch (Throwable e) {
      // Errors as well, because callers wait for the completion.
      if (begun.isCancelled()) {
        LOGGER.log(System.Logger.Level.INFO, "The change of the model to {0} was cancelled.", model);
        begun.fail(begun.cancellation());
        return;
      }
      Throwable cause = Futures.unwrap(e);
      LOGGER.log(System.Logger.Level.WARNING, "the change of the model to {0} has failed: {1}", model,
          String.valueOf(cause.getMessage()));
      begun.fail(cause);
    }
  }

  private void change(ModelChange begun, ModelChangeRequest request, OrchestratorBuilder wanted,
      OrchestratorOpening opening) {
    Engine before = serving.engine();
    Path present = directory();
    Path next = present == null
        ? null
        : new IndexDirectories(Objects.requireNonNull(wanted.indexDirectory)).otherThan(present);
    Handover handover = openNext(begun, request, opening, next, present);
    try {
      if (request.isTogether()) {
        awaitAnnouncement(begun);
      }
      begun.begin(ModelChange.Stage.SWITCHING, null);
      serving.begin(handover);
      bringUpToDate(handover, wanted.writeDeadline);
      CompletableFuture<Void> over = serving.replace(handover.engine());
      // What closes the engine waits for its writes too, no longer than a write may take.
      CompletableFuture.anyOf(over, closing).join();
    } catch (Throwable e) {
      serving.giveUp();
      handover.engine().close();
      delete(next);
      throw e;
    }
    keep(wanted, next);
    close(before);
    serving.left();
    delete(present);
  }

  /** Closes the engine that was replaced. The change has succeeded, whatever closing says. */
  private static void close(Engine before) {
    try {
      before.close();
    } catch (RuntimeException e) {
      LOGGER.log(System.Logger.Level.WARNING, "what the old model needed was not closed in order", e);
    }
  }

  /** Embeds what has to be, and opens the next engine with its index. */
  private Handover openNext(ModelChange begun, ModelChangeRequest request, OrchestratorOpening opening,
      @Nullable Path next, @Nullable Path before) {
    Engine present = serving.engine();
    NextEngine engine = opening.openNext(present);
    try {
      VectorFiller filler = engine.filler(request.mostPerSecond(), request.tokens(), begun::embedded);
      begun.watch(filler::status);
      begun.announcedBy(engine.core());
      begun.begin(ModelChange.Stage.EMBEDDING, filler::stop);
      filler.run().join();
      CompletableFuture<Void> stopped = new CompletableFuture<>();
      begun.begin(ModelChange.Stage.INDEXING, () -> stopped.completeExceptionally(begun.cancellation()));
      return opening.startNext(engine, next, before, present.language(), stopped);
    } catch (Throwable e) {
      opening.abandonNext(e);
      delete(next);
      throw e;
    }
  }

  /** Waits until the switch is announced in the database. Failures to read it are tried again. */
  private static void awaitAnnouncement(ModelChange begun) {
    CompletableFuture<Void> stopped = new CompletableFuture<>();
    begun.begin(ModelChange.Stage.WAITING, () -> stopped.completeExceptionally(begun.cancellation()));
    while (!isAnnounced(begun)) {
      try {
        stopped.get(LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        // Time to look again.
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new CancellationException("interrupted while the model was being changed");
      } catch (ExecutionException e) {
        throw begun.cancellation();
      }
    }
  }

  private static boolean isAnnounced(ModelChange begun) {
    try {
      boolean announced = begun.isSwitchAnnounced().join();
      begun.problem(null);
      return announced;
    } catch (CompletionException e) {
      begun.problem(Futures.unwrap(e).getMessage());
      return false;
    }
  }

  /** See {@link MemoryOrchestrator#deleteOldVectors}. */
  synchronized CompletableFuture<Long> deleteOldVectors() {
    if (!(serving.engine().stores.core() instanceof ModelVectors vectors)) {
      throw new InvalidInputException("a memory with stores of its own has no vectors of other models");
    }
    ModelChange last = change;
    if (last != null && !last.isDone()) {
      throw new InvalidInputException("the model is being changed: " + last
          + "; delete old vectors when that change has ended");
    }
    if (deleting) {
      throw new InvalidInputException("old vectors are being deleted already");
    }
    deleting = true;
    return serving.read(engine -> deleteOldVectors(vectors, null, 0)).whenComplete((count, failure) -> endDeletion());
  }

  private synchronized void endDeletion() {
    deleting = false;
  }

  private static CompletableFuture<Long> deleteOldVectors(ModelVectors vectors, @Nullable MemoryId from, long before) {
    return vectors.deleteOtherVectors(from, DELETED_AT_ONCE).thenCompose(page -> page.count() < DELETED_AT_ONCE
        ? CompletableFuture.completedFuture(before + page.count())
        : deleteOldVectors(vectors, page.last(), before + page.count()));
  }

  private synchronized @Nullable Path directory() {
    return directory;
  }

  private synchronized void keep(OrchestratorBuilder wanted, @Nullable Path next) {
    settings = wanted;
    directory = next;
  }

  private static void delete(@Nullable Path index) {
    if (index != null) {
      IndexDirectories.delete(index);
    }
  }

  /** Makes the next index follow all that was acknowledged before writes began to wait for it. */
  private void bringUpToDate(Handover handover, Duration patience) {
    for (int attempt = 1; !closing.isDone(); attempt++) {
      try {
        handover.followNow().get(patience.toMillis(), TimeUnit.MILLISECONDS);
        return;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new CancellationException("interrupted while the model was being changed");
      } catch (ExecutionException | TimeoutException e) {
        if (attempt == MOST_TRIES) {
          throw new StoreException("the new index can't be brought up to date, so the old one stays: "
              + Futures.unwrap(e).getMessage(), e);
        }
      }
    }
    throw new CancellationException("the memory is being closed");
  }

  /** Ends a change that is under way, and waits until it has ended. */
  void close() {
    closing.complete(null);
    ModelChange last = last();
    if (last != null) {
      last.cancel();
      last.ended().join();
    }
  }

  /** The work of the present change in the background; none if there is none. */
  List<BackgroundWork> background() {
    ModelChange last = last();
    BackgroundWork work = last == null || last.isDone() ? null : last.work();
    return work == null ? List.of() : List.of(work);
  }
}
