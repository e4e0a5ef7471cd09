package dev.memlane.embedding;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.Embedding;
import dev.memlane.model.EmbeddingException;
import dev.memlane.model.TextForm;
import dev.memlane.model.listen.Activity;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The look-up of a text: in the cache, then among the texts that are being embedded. A text found in neither is queued.
 *
 * <p>
 * <b>Invariant.</b> A text is never embedded again because a caller missed it in both. Its vector is cached before the
 * text ends, and a look-up reads the cache only when it has found the text ended or absent, holding the lock that keeps
 * other callers from queueing the text. (If the cache was cleared in between, the text is embedded again on purpose.)
 *
 * <p>
 * Safe for use by several threads. Its lock may be held while the queue's is taken, and never the other way round.
 */
final class Coalescer implements PendingText.Owner {

  private final @Nullable VectorCache cache;
  private final TextQueue queue;
  private final ToIntFunction<String> tokens;
  private final EmbeddingFailures failures;
  private final EmbeddingCounters counters;
  /** The texts that have not ended. Only look-ups add, under the lock; a text that ends is removed without it. */
  private final ConcurrentMap<EmbedderInput, PendingText> pending = new ConcurrentHashMap<>();

  private final Object lock = new Object();

  @GuardedBy("lock")
  private boolean closed;

  /** @param tokens estimates how many tokens a text has; called without the lock */
  Coalescer(@Nullable VectorCache cache, TextQueue queue, ToIntFunction<String> tokens, EmbeddingFailures failures,
      EmbeddingCounters counters) {
    this.cache = cache;
    this.queue = queue;
    this.tokens = tokens;
    this.failures = failures;
    this.counters = counters;
  }

  /**
   * The result of a look-up.
   *
   * @param caller has the caller's own future
   * @param joined the text that the caller waits for; null if the future is completed
   */
  record Lookup(PendingText.Caller caller, @Nullable PendingText joined) {

    private static Lookup found(PendingText.Caller caller, Embedding embedding) {
      caller.future.complete(embedding);
      return new Lookup(caller, null);
    }

    private static Lookup failed(PendingText.Caller caller, EmbeddingException failure) {
      caller.future.completeExceptionally(failure);
      return new Lookup(caller, null);
    }
  }

  /**
   * Looks a text up, and queues it if it is not found. After that, a dispatch has to follow.
   *
   * @param activity the step that waits for the text; null if nobody listens
   */
  Lookup lookUp(EmbedderInput given, @Nullable String workClass, @Nullable Activity activity) {
    String form = TextForm.of(given.text());
    // A text of invisible characters only has an empty form, which an embedder may refuse.
    EmbedderInput input = form.isEmpty() ? given : new EmbedderInput(form, given.question());
    VectorCache.Key key = cache == null ? null : VectorCache.Key.of(input);
    int size = Math.max(0, tokens.applyAsInt(input.text()));
    PendingText.Caller caller = new PendingText.Caller(activity);
    synchronized (lock) {
      if (closed) {
        return Lookup.failed(caller, failures.closed());
      }
      PendingText known = pending.get(input);
      if (known != null && known.join(caller)) {
        counters.coalesced.increment();
        return new Lookup(caller, known);
      }
      Embedding cached = cache == null || key == null ? null : cache.get(key);
      if (cached != null) {
        counters.hits.increment();
        return Lookup.found(caller, cached);
      }
      PendingText fresh = new PendingText(input, key, workClass, size, cache == null ? 0 : cache.generation(), this);
      fresh.join(caller);
      // First, because a queued text may end at once.
      pending.put(input, fresh);
      if (!queue.offer(fresh)) {
        pending.remove(input, fresh);
        counters.refused.increment();
        return Lookup.failed(caller, failures.tooManyWaiting(queue.maxWaiting()));
      }
      counters.misses.increment();
      return new Lookup(caller, fresh);
    }
  }

  @Override
  public void embedded(PendingText text, Embedding embedding) {
    if (cache != null && text.key != null) {
      cache.put(text.key, embedding, text.cacheGeneration);
    }
  }

  @Override
  public void ended(PendingText text) {
    pending.remove(text.input, text);
  }

  void clearCache() {
    if (cache != null) {
      cache.clear();
    }
  }

  long cacheBytes() {
    return cache == null ? 0 : cache.bytes();
  }

  /** Fails all look-ups from now on. Returns false if it was closed already. */
  boolean close() {
    synchronized (lock) {
      boolean first = !closed;
      closed = true;
      return first;
    }
  }
}
