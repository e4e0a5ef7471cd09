package dev.memlane.orchestrator.internal.archive;

import dev.memlane.model.ArchivedRow;
import dev.memlane.model.Details;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.PastMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.PastState;
import dev.memlane.orchestrator.internal.BoundedParallel;
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
    return read(id, storable(at), READS)
        .thenApply(found -> found.filter(past -> !hasExpired(past.details(), unexpiredAt)));
  }

  /** The latest time that the stores can be asked for and that is not later than this one. */
  private static Instant storable(Instant at) {
    return (at.isAfter(LAST) ? LAST : at).truncatedTo(ChronoUnit.MICROS);
  }

  /**
   * A memory as it was, beside its present row.
   *
   * @param present live, or a tombstone
   */
  public record PastRow(PastMemory past, ArchivedRow present) {}

  /**
   * The memories of a page of rows that existed at a time.
   *
   * @param next the id after which the next page begins; null if there are no more
   */
  public record PastRows(List<PastRow> rows, @Nullable MemoryId next) {
    public PastRows {
      rows = List.copyOf(rows);
    }
  }

  /**
   * Lists memories as of a time, in order of id. Memories that were deleted since are listed until they are swept.
   *
   * @param scope null for all scopes
   * @param after the id after which the page begins; null for the first page
   * @param limit how many rows to read, which may have fewer memories
   * @param vectors whether to read the vectors of the present rows
   * @param unexpiredAt leaves out memories that had expired by then; null leaves out none
   */
  public CompletableFuture<PastRows> list(@Nullable Scope scope, Instant at, @Nullable MemoryId after, int limit,
      boolean vectors, @Nullable Instant unexpiredAt) {
    if (at.isBefore(FIRST)) {
      return CompletableFuture.completedFuture(new PastRows(List.of(), null));
    }
    Instant asked = storable(at);
    return stores.core().archive(scope, after, limit, vectors).thenComposeAsync(rows -> {
      MemoryId next = rows.size() < limit ? null : rows.getLast().id();
      return stores.history().asOf(rows.stream().map(ArchivedRow::id).toList(), asked)
          .thenComposeAsync(states -> BoundedParallel.run(rows, 1, row -> past(row, states.get(row.id()), asked),
              environment), environment.executor())
          .thenApply(found -> new PastRows(found.stream().flatMap(Optional::stream)
              .filter(row -> !hasExpired(row.past.details(), unexpiredAt)).toList(), next));
    }, environment.executor());
  }

  private CompletableFuture<Optional<PastRow>> past(ArchivedRow row, @Nullable PastState state, Instant at) {
    if (state == null || !state.entry().kind().leavesMemory()) {
      return CompletableFuture.completedFuture(Optional.empty());
    }
    Scope scope = row instanceof ArchivedRow.Live live
        ? live.memory().scope()
        : ((ArchivedRow.Tombstone) row).scope();
    if (state.details() != null || state.deletedSince()) {
      return CompletableFuture
          .completedFuture(Optional.of(new PastRow(past(state.entry(), scope, state.details()), row)));
    }
    return row instanceof ArchivedRow.Live live && live.op().equals(state.newest())
        ? CompletableFuture
            .completedFuture(Optional.of(new PastRow(past(state.entry(), scope, Details.of(live.memory())), row)))
        : read(row.id(), at, READS).thenApply(found -> found.map(past -> new PastRow(past, row)));
  }

  private static boolean hasExpired(@Nullable Details details, @Nullable Instant unexpiredAt) {
    Instant expiresAt = details == null ? null : details.expiresAt();
    return expiresAt != null && unexpiredAt != null && !expiresAt.isAfter(unexpiredAt);
  }

  private CompletableFuture<Optional<PastMemory>> read(MemoryId id, Instant at, int readsLeft) {
    return stores.history().asOf(List.of(id), at).thenComposeAsync(found -> {
      PastState state = found.get(id);
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
