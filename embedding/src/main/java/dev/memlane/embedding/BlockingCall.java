package dev.memlane.embedding;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;

/** A call of a client that blocks, such as a framework's model, made on a virtual thread. */
public final class BlockingCall {

  private BlockingCall() {}

  /**
   * Makes a call on a virtual thread of its own.
   *
   * @param thread the thread's name
   * @param translation makes the failure of the future from what the call has thrown, which may be an {@link Error}
   * @return the call's result. Cancelling it interrupts the thread
   */
  public static <T> CompletableFuture<T> start(String thread, Callable<T> call, UnaryOperator<Throwable> translation) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread caller = Thread.ofVirtual().name(thread).unstarted(() -> {
      try {
        result.complete(call.call());
      } catch (Throwable e) {
        // Errors too: whatever waits for the result must be notified.
        result.completeExceptionally(translation.apply(e));
      }
    });
    var unused = result.whenComplete((value, failure) -> {
      if (result.isCancelled()) {
        caller.interrupt();
      }
    });
    caller.start();
    return result;
  }
}
