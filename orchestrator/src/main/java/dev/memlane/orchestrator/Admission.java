package dev.memlane.orchestrator;

import dev.memlane.model.WriteOutcome;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether a write may begin, and knows how many have.
 *
 * <p>
 * Refuses when it is closed, when as many writes are under way as may be, and when too many are unsettled: beyond that
 * nobody could tell what is true. Safe for use by several threads.
 */
final class Admission {

  private final int mostInFlight;
  private final int mostUnsettled;
  private final Settler settler;

  // Guarded by this.
  private final CompletableFuture<Void> drained = new CompletableFuture<>();
  private int inFlight;
  private boolean closed;

  Admission(int mostInFlight, int mostUnsettled, Settler settler) {
    this.mostInFlight = mostInFlight;
    this.mostUnsettled = mostUnsettled;
    this.settler = settler;
  }

  /** Runs a write if it is admitted; otherwise it is refused. */
  CompletableFuture<WriteOutcome> admit(Supplier<CompletableFuture<WriteOutcome>> write) {
    String refusal = enter();
    if (refusal != null) {
      return CompletableFuture.completedFuture(new WriteOutcome.Refused(refusal, null));
    }
    CompletableFuture<WriteOutcome> outcome;
    try {
      outcome = write.get();
    } catch (RuntimeException e) {
      leave();
      throw e;
    }
    return outcome.whenComplete((done, failure) -> leave());
  }

  private synchronized @Nullable String enter() {
    if (closed) {
      return "the memory is closed; open it again";
    }
    if (inFlight >= mostInFlight) {
      return mostInFlight
          + " writes are under way, which is the limit: wait for some of them, or hand over many at once "
          + "by addMemories, which paces itself";
    }
    if (settler.unsettled() >= mostUnsettled) {
      return mostUnsettled
          + " writes are unsettled, which is the limit: the database cannot be reached to find out what "
          + "became of them; check it, they settle by themselves when it answers";
    }
    inFlight++;
    return null;
  }

  private void leave() {
    boolean last;
    synchronized (this) {
      inFlight--;
      last = closed && inFlight == 0;
    }
    if (last) {
      drained.complete(null);
    }
  }

  synchronized int inFlight() {
    return inFlight;
  }

  /** Refuses from now on; the future completes when what is under way has ended. */
  CompletableFuture<Void> close() {
    boolean idle;
    synchronized (this) {
      closed = true;
      idle = inFlight == 0;
    }
    if (idle) {
      drained.complete(null);
    }
    return drained;
  }
}
