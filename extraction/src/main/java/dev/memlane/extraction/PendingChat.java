package dev.memlane.extraction;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.endpoints.Failure;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntToLongFunction;
import org.jspecify.annotations.Nullable;

/** A request to a {@link ChatModelPool} that has no answer yet, and what has been tried. Safe for use by several threads. */
final class PendingChat {

  final ChatRequest request;
  final CompletableFuture<ChatAnswer> caller = new CompletableFuture<>();

  @GuardedBy("this")
  private int attempts;
  @GuardedBy("this")
  private Map<String, Long> notBefore = Map.of();
  @GuardedBy("this")
  private @Nullable CompletableFuture<ChatAnswer> attempt;
  @GuardedBy("this")
  private @Nullable ChatException lastFailure;

  PendingChat(ChatRequest request) {
    this.request = request;
  }

  /** Per endpoint, from when it may have the request. */
  synchronized Map<String, Long> notBefore() {
    return notBefore;
  }

  synchronized @Nullable ChatException lastFailure() {
    return lastFailure;
  }

  /** Begins an attempt; false if the caller's future has ended. */
  synchronized boolean begin(CompletableFuture<ChatAnswer> next) {
    attempt = next;
    attempts++;
    return !caller.isDone();
  }

  void cancelAttempt() {
    CompletableFuture<ChatAnswer> last;
    synchronized (this) {
      last = attempt;
    }
    if (last != null) {
      last.cancel(true);
    }
  }

  /**
   * An attempt has failed.
   *
   * @param pausedUntil the time until which the endpoint does not get it again, by the number of failed attempts
   * @param nameEndpoint whether a message has to say which endpoint failed
   * @return whether another attempt may succeed
   */
  synchronized boolean failed(ChatFailure failure, String endpoint, int most, IntToLongFunction pausedUntil,
      boolean nameEndpoint) {
    attempt = null;
    lastFailure = new ChatException((nameEndpoint ? "endpoint " + endpoint + ": " : "") + failure.why()
        + (attempts == 1 ? "" : " (sent " + attempts + " times)"), failure.cause());
    Map<String, Long> paused = new HashMap<>(notBefore);
    paused.put(endpoint, pausedUntil.applyAsLong(Math.max(1, attempts)));
    notBefore = Map.copyOf(paused);
    if (failure.failure() == Failure.DENIED) {
      // It says nothing about the request, so it doesn't count. Each takes an endpoint out, so this ends.
      attempts--;
      return true;
    }
    return failure.failure().isRetryable() && attempts < most;
  }
}
