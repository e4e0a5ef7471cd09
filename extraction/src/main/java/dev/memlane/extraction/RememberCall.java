package dev.memlane.extraction;

import dev.memlane.model.Scope;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A call that an extractor has admitted: what is new in a conversation is to be remembered.
 *
 * @param report what it ends with
 * @param before the call that it has to wait for; null for none
 */
record RememberCall(Scope conversation, RememberMode mode, Guidance guidance, CompletableFuture<RememberReport> report,
    @Nullable CompletableFuture<?> before) {

  /** This call, which waits for that one unless it waits for another. */
  RememberCall after(@Nullable CompletableFuture<?> earlier) {
    return before != null ? this : new RememberCall(conversation, mode, guidance, report, earlier);
  }
}
