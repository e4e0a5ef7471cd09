package dev.memlane.orchestrator.internal.archive;

import dev.memlane.model.ChangeCursor;
import dev.memlane.model.ExpiredCursorException;
import dev.memlane.model.MemoryChange;
import dev.memlane.model.store.LogPage;
import dev.memlane.orchestrator.ChangePage;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.Stores;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The handler of reads of changes: adds to the changes of the log the scopes of their memories, and to positions of the log
 * the time.
 *
 * <p>
 * A cursor expires after half the retention time. By then, no entry that was written after it can have been swept. The other
 * half is for operations that were undone, erased or found late, and for clocks that differ. Safe for use by several threads.
 */
public final class ChangesHandler {

  private final Stores stores;
  private final Environment environment;
  private final Duration life;

  /**
   * @param retention how long tombstones and void entries are kept
   */
  public ChangesHandler(Stores stores, Environment environment, Duration retention) {
    this.stores = stores;
    this.environment = environment;
    this.life = retention.dividedBy(2);
  }

  /**
   * Reads a page of changes.
   *
   * @param after null to begin now
   */
  public CompletableFuture<ChangePage> read(@Nullable ChangeCursor after, int limit) {
    // Before the log is read, so that the cursor is never younger than its position.
    Instant now = environment.now();
    if (after != null && !after.equals(ChangeCursor.beginning())
        && Duration.between(after.at(), now).abs().compareTo(life) > 0) {
      return CompletableFuture.failedFuture(new ExpiredCursorException("the cursor is of " + after.at()
          + ", and what has changed is remembered for " + life
          + " only; list everything again and begin a new cursor"));
    }
    return stores.history().changes(after == null ? null : after.position(), limit)
        .thenComposeAsync(page -> withScopes(page, new ChangeCursor(now, page.next())), environment.executor());
  }

  private CompletableFuture<ChangePage> withScopes(LogPage page, ChangeCursor next) {
    if (page.changes().isEmpty()) {
      return CompletableFuture.completedFuture(new ChangePage(List.of(), next, page.more()));
    }
    return stores.core().scopesOf(page.changes().stream().map(MemoryChange::memory).distinct().toList())
        .thenApply(scopes -> new ChangePage(
            page.changes().stream().map(change -> change.withScope(scopes.get(change.memory()))).toList(), next,
            page.more()));
  }
}
