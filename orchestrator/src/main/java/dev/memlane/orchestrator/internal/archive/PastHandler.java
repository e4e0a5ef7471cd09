package dev.memlane.orchestrator.internal.archive;

import dev.memlane.model.Details;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.PastMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.PastState;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.Stores;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The handler of reads as of a time: rebuilds a state from the log.
 *
 * <p>
 * The log has details only where an update changed them. Where it has none, they are still those of core's row, if the row
 * is of the same moment as the log: its operation must be that of the newest entry, or both are read again. Safe for use by
 * several threads.
 */
public final class PastHandler {

  private static final int READS = 10;
  /** Beyond these times the stores hold nothing, and can be asked nothing. */
  private static final Instant FIRST = Instant.parse("0001-01-01T00:00:00Z");
  private static final Instant LAST = Instant.parse("9999-12-31T23:59:59.999999Z");

  private final Stores stores;
  private final Environment environment;

  public PastHandler(Stores stores, Environment environment) {
    this.stores = stores;
    this.environment = environment;
  }

  /**
   * Reads a memory as of a time.
   *
   * @param unexpiredAt leaves out a memory that had expired by then; null leaves out none
   */
  public CompletableFuture<Optional<PastMemory>> read(MemoryId id, Instant at, @Nullable Instant unexpiredAt) {
    if (at.isBefore(FIRST)) {
      return CompletableFuture.completedFuture(Optional.empty());
    }
    Instant asked = (at.isAfter(LAST) ? LAST : at).truncatedTo(ChronoUnit.MICROS);
    return read(id, asked, READS).thenApply(found -> found.filter(past -> !hasExpired(past.details(), unexpiredAt)));
  }

  private static boolean hasExpired(@Nullable Details details, @Nullable Instant unexpiredAt) {
    Instant expiresAt = details == null ? null : details.expiresAt();
    return expiresAt != null && unexpiredAt != null && !expiresAt.isAfter(unexpiredAt);
  }

  private CompletableFuture<Optional<PastMemory>> read(MemoryId id, Instant at, int readsLeft) {
    return stores.history().asOf(id, at).thenComposeAsync(found -> {
      PastState state = found.orElse(null);
      if (state == null || !state.entry().kind().leavesMemory()) {
        return CompletableFuture.completedFuture(Optional.empty());
      }
      return state.details() == null && !state.deletedSince()
          ? withDetailsOfRow(state, at, readsLeft)
          : stores.core().scopesOf(List.of(id))
              .thenApply(scopes -> Optional.of(past(state.entry(), scopes.get(id), state.details())));
    }, environment.executor());
  }

  private CompletableFuture<Optional<PastMemory>> withDetailsOfRow(PastState state, Instant at, int readsLeft) {
    MemoryId id = state.entry().memory();
    return stores.core().read(List.of(id), false).thenComposeAsync(rows -> {
      CoreRow row = rows.get(id);
      Memory memory = row == null || !row.op().equals(state.newest()) ? null : row.memory();
      if (memory != null) {
        return CompletableFuture
            .completedFuture(Optional.of(past(state.entry(), memory.scope(), Details.of(memory))));
      }
      return readsLeft > 1
          ? read(id, at, readsLeft - 1)
          : CompletableFuture.failedFuture(new StoreException("memory " + id
              + " changes faster than its past can be read; ask again", null));
    }, environment.executor());
  }

  private static PastMemory past(HistoryEntry entry, @Nullable Scope scope, @Nullable Details details) {
    return new PastMemory(entry.memory(), scope,
        Objects.requireNonNull(entry.newContent(), "an entry that leaves a memory has its content"),
        Objects.requireNonNull(entry.newMetadata(), "an entry that leaves a memory has its metadata"), details,
        entry.version(), entry.op(), entry.at());
  }
}
