package dev.memlane.embedding;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.Embedding;
import dev.memlane.model.EmbeddingException;
import dev.memlane.model.listen.Activity;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A text that is embedded once for all its callers.
 *
 * <p>
 * At any time it belongs to the {@link TextQueue} or to one {@link EmbeddingRequest}. Its holder ends it, once: with a
 * vector, with a failure, or because no caller is left. After that, no caller can join.
 *
 * <p>
 * Safe for use by several threads. Its monitor is the innermost lock: nothing is called while it is held.
 */
final class PendingText {

  final EmbedderInput input;
  final VectorCache.@Nullable Key key;
  final @Nullable String workClass;
  final int tokens;
  /** The cache's generation when the text was first asked for. */
  final long cacheGeneration;
  private final Owner owner;

  @GuardedBy("this")
  private final List<Caller> callers = new ArrayList<>(1);
  @GuardedBy("this")
  private @Nullable EmbeddingException lastFailure;
  @GuardedBy("this")
  private boolean ended;

  /** A caller that waits for the text. Callers are compared by identity. */
  static final class Caller {
    final CompletableFuture<Embedding> future = new CompletableFuture<>();
    /** The step that waits for the text; null if nobody listens. */
    final @Nullable Activity activity;

    Caller(@Nullable Activity activity) {
      this.activity = activity;
    }
  }

  /** The receiver of a text's end. */
  interface Owner {

    /** Keeps a vector. Called before the text ends. */
    void embedded(PendingText text, Embedding embedding);

    /** Removes a text, which has ended. */
    void ended(PendingText text);
  }

  PendingText(EmbedderInput input, VectorCache.@Nullable Key key, @Nullable String workClass, int tokens,
      long cacheGeneration, Owner owner) {
    this.input = input;
    this.key = key;
    this.workClass = workClass;
    this.tokens = tokens;
    this.cacheGeneration = cacheGeneration;
    this.owner = owner;
  }

  /** Adds a caller. Returns false if the text has ended. */
  synchronized boolean join(Caller caller) {
    if (ended) {
      return false;
    }
    callers.add(caller);
    return true;
  }

  /** Removes a caller. Returns whether it was the last one. */
  synchronized boolean leave(Caller caller) {
    return callers.remove(caller) && callers.isEmpty();
  }

  /**
   * Adds the activities of the callers to which somebody listens.
   *
   * @param before a list to add to; an empty one is replaced if there is anything to add
   */
  synchronized List<Activity> activities(List<Activity> before) {
    List<Activity> activities = before;
    for (Caller caller : callers) {
      if (caller.activity != null) {
        if (activities.isEmpty()) {
          activities = new ArrayList<>();
        }
        activities.add(caller.activity);
      }
    }
    return activities;
  }

  /** Why the last request with this text failed, or null. */
  synchronized @Nullable EmbeddingException lastFailure() {
    return lastFailure;
  }

  synchronized void lastFailure(EmbeddingException failure) {
    lastFailure = failure;
  }

  /** Ends the text if it has no caller. Returns whether it has ended now. */
  boolean endIfUnwanted() {
    synchronized (this) {
      if (ended || !callers.isEmpty()) {
        return false;
      }
      ended = true;
    }
    owner.ended(this);
    return true;
  }

  /** Ends the text with its vector. Returns the notification of its callers, to be run without a lock. */
  Runnable succeed(Embedding embedding) {
    owner.embedded(this, embedding);
    List<Caller> waiting = end();
    return () -> waiting.forEach(caller -> caller.future.complete(embedding));
  }

  /** Ends the text with a failure. Returns the notification of its callers, to be run without a lock. */
  Runnable fail(EmbeddingException failure) {
    List<Caller> waiting = end();
    // Each caller gets its own exception: other texts of the request, and later requests, may fail with the same one.
    return () -> waiting.forEach(caller -> caller.future.completeExceptionally(failure.copy()));
  }

  private List<Caller> end() {
    List<Caller> waiting;
    synchronized (this) {
      ended = true;
      waiting = List.copyOf(callers);
      callers.clear();
    }
    owner.ended(this);
    return waiting;
  }
}
