package dev.memlane.orchestrator;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.StoreException;
import dev.memlane.model.store.ModelVectors;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A change of a memory's embedding model, which goes on in the background while the memory serves calls; see
 * {@link MemoryOrchestrator#changeModel}. Safe for use by several threads.
 */
public final class ModelChange {

  /** How far a change is. */
  public enum Stage {
    /** Stored texts are embedded by the new model. This takes the most time, and costs what the provider asks. */
    @JsonProperty("embedding")
    EMBEDDING,
    /** The new index is built from the new vectors, and compared with the database. */
    @JsonProperty("indexing")
    INDEXING,
    /**
     * The new index is complete and follows what is written. Calls go over when the switch is announced; see
     * {@link ModelChangeRequest#together}.
     */
    @JsonProperty("waiting")
    WAITING,
    /** Calls go over to the new model and index. */
    @JsonProperty("switching")
    SWITCHING,
    /** Calls are served by the new model alone. */
    @JsonProperty("complete")
    COMPLETE,
    /** Calls are served by the old model. The new vectors that were made are kept, so another change needs fewer. */
    @JsonProperty("ended")
    ENDED
  }

  /**
   * The state of a change.
   *
   * @param embedded how many stored texts this change has embedded
   * @param toEmbed how many there were; 0 before they are counted
   * @param problem why the last step failed, which is tried again, or why the change has ended; null if neither
   */
  public record Status(Stage stage, String model, long embedded, long toEmbed, @Nullable String problem) {}

  private final String model;
  private final Progress listener;
  private final CompletableFuture<Void> completion = new CompletableFuture<>();

  @GuardedBy("this")
  private Stage stage = Stage.EMBEDDING;
  @GuardedBy("this")
  private long embedded;
  @GuardedBy("this")
  private long toEmbed;
  /** Stops the present stage, and may be called again; null if the stage can't be stopped, or has not begun. */
  @GuardedBy("this")
  private @Nullable Runnable stop;
  @GuardedBy("this")
  private boolean cancelled;
  /** Why the present stage does not get on, or why the change has ended; null if neither. */
  @GuardedBy("this")
  private @Nullable String problem;

  /** Of the embedding; null before it. */
  private volatile @Nullable Supplier<BackgroundWork> work;
  /** Where the switch is announced; null before the database is open. */
  private volatile @Nullable ModelVectors announcements;

  ModelChange(String model, Progress listener) {
    this.model = model;
    this.listener = listener;
  }

  /** How far the change is. */
  public synchronized Status status() {
    BackgroundWork last = stage == Stage.EMBEDDING ? work() : null;
    return new Status(stage, model, embedded, toEmbed,
        last != null && last.isFailing() ? last.lastProblem() : problem);
  }

  /**
   * The end of this change.
   *
   * @return completes when calls are served by the new model and the old index is gone. Fails with a {@link MemlaneException}
   * that says why the change has failed, or with a {@link CancellationException} if it was cancelled or the memory was closed;
   * the old model serves calls then. The change goes on if the future is cancelled
   */
  public CompletableFuture<Void> completion() {
    return completion.copy();
  }

  /**
   * Cancels the change, unless calls are going over to the new model already. {@link #completion} says when it has ended.
   */
  public void cancel() {
    Runnable stopped;
    synchronized (this) {
      cancelled = true;
      stopped = stop;
    }
    if (stopped != null) {
      stopped.run();
    }
  }

  /**
   * Announces the switch: all processes of the database that change to this model {@linkplain ModelChangeRequest#together together}
   * let calls go over, each within about a second after its new index is complete. That includes processes that begin the
   * change later. The announcement holds until the switch to another model is announced.
   *
   * @return fails with a {@link StoreException} if the database can't be written, or is not open yet
   */
  public CompletableFuture<Void> announceSwitch() {
    ModelVectors vectors = announcements;
    return vectors == null
        ? CompletableFuture.failedFuture(new StoreException("the change has not begun yet; try again", null))
        : vectors.announceSwitch();
  }

  /** Sets where the switch is announced. */
  void announcedBy(ModelVectors vectors) {
    announcements = vectors;
  }

  /** Whether the switch is announced. */
  CompletableFuture<Boolean> isSwitchAnnounced() {
    return Objects.requireNonNull(announcements).isSwitchAnnounced();
  }

  /** Notes why the present stage does not get on; null if it does. */
  synchronized void problem(@Nullable String reason) {
    problem = reason;
  }

  /**
   * Begins a stage.
   *
   * @param stopped how it is stopped, or null if it can only be waited for
   * @throws CancellationException if the change was cancelled
   */
  void begin(Stage next, @Nullable Runnable stopped) {
    synchronized (this) {
      if (!cancelled) {
        stage = next;
        stop = stopped;
        problem = null;
        return;
      }
    }
    throw cancellation();
  }

  CancellationException cancellation() {
    return new CancellationException("the change to the model " + model + " was cancelled");
  }

  synchronized boolean isCancelled() {
    return cancelled;
  }

  /** Sets what tells the state of the embedding. */
  void watch(Supplier<BackgroundWork> embedding) {
    work = embedding;
  }

  /** The state of the embedding; null before it. */
  @Nullable
  BackgroundWork work() {
    Supplier<BackgroundWork> embedding = work;
    return embedding == null ? null : embedding.get();
  }

  /** Receives progress of the embedding. */
  void embedded(long done, long total) {
    synchronized (this) {
      embedded = done;
      toEmbed = total;
    }
    listener.at(done, total);
  }

  void complete() {
    synchronized (this) {
      stage = Stage.COMPLETE;
      stop = null;
    }
    completion.complete(null);
  }

  void fail(Throwable failure) {
    synchronized (this) {
      stage = Stage.ENDED;
      stop = null;
      problem = failure.getMessage();
    }
    completion.completeExceptionally(failure);
  }

  boolean isDone() {
    return completion.isDone();
  }

  /** Waits until it has ended, in whatever way. */
  CompletableFuture<Void> ended() {
    return completion.handle((done, failure) -> null);
  }

  @Override
  public String toString() {
    Status now = status();
    return "ModelChange[" + model + ", " + now.stage() + ", " + now.embedded() + " of " + now.toEmbed() + "]";
  }
}
