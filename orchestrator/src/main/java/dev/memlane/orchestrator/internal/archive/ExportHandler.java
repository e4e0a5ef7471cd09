package dev.memlane.orchestrator.internal.archive;

import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.ArchivedRow;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.orchestrator.ArchivePage;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.internal.BoundedParallel;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.Stores;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The reader of memories with their histories, page by page, while other threads and processes write.
 *
 * <p>
 * Rows are read before entries, so the entries of a row are there unless its operation has been undone in between. Later
 * entries are left out. If the newest remaining entry is not of the row's operation, the memory is read again. Memory use is
 * bounded by a number of rows and of entries; only a single memory's history is always read whole. Safe for use by several
 * threads.
 */
public final class ExportHandler {

  private static final int MOST_ENTRIES = 10_000;
  private static final int READS = 5;
  private static final Duration BETWEEN_READS = Duration.ofMillis(200);

  private final Stores stores;
  private final Environment environment;
  private final int mostEntries;

  public ExportHandler(Stores stores, Environment environment) {
    this(stores, environment, MOST_ENTRIES);
  }

  /**
   * @param mostEntries how many entries are read at once at most
   */
  ExportHandler(Stores stores, Environment environment, int mostEntries) {
    this.stores = stores;
    this.environment = environment;
    this.mostEntries = mostEntries;
  }

  /**
   * Rows of core with all entries of their histories.
   *
   * @param next the id after which the next page begins; null if there are no more
   */
  record Histories(List<ArchivedRow> rows, Map<MemoryId, List<HistoryEntry>> entries, @Nullable MemoryId next) {

    /** The entries that led to the row. Later ones belong to operations that came after the row was read. */
    List<HistoryEntry> of(ArchivedRow row) {
      return entries.getOrDefault(row.id(), List.of()).stream().filter(entry -> entry.version() <= row.version())
          .toList();
    }
  }

  /** See {@link MemoryOrchestrator#exportPage}. */
  public CompletableFuture<ArchivePage> page(
      @Nullable Scope scope, @Nullable MemoryId after, int limit, boolean vectors) {
    return read(scope, after, limit, vectors).thenComposeAsync(histories -> fitting(histories, vectors, READS)
        .thenApply(memories -> new ArchivePage(memories, histories.next)), environment.executor());
  }

  /** Reads rows and their histories once, in order of id. Core and history may show different moments. */
  CompletableFuture<Histories> read(@Nullable Scope scope, @Nullable MemoryId after, int limit, boolean vectors) {
    return stores.core().archive(scope, after, limit, vectors).thenComposeAsync(rows -> rows.isEmpty()
        ? CompletableFuture.completedFuture(new Histories(List.of(), Map.of(), null))
        : histories(rows, limit), environment.executor());
  }

  /** Reads one memory and its history once. Without a row the result is empty. */
  CompletableFuture<Histories> read(MemoryId memory, boolean vectors) {
    return stores.core().archive(List.of(memory), vectors).thenComposeAsync(rows -> rows.isEmpty()
        ? CompletableFuture.completedFuture(new Histories(List.of(), Map.of(), null))
        : longHistory(rows.getFirst(), new ArrayList<>()), environment.executor());
  }

  /** Reads the histories of the first of these rows, as many as fit into one read. */
  private CompletableFuture<Histories> histories(List<ArchivedRow> rows, int limit) {
    return stores.history().entries(rows.stream().map(ArchivedRow::id).toList(), mostEntries)
        .thenComposeAsync(entries -> {
          if (entries.size() < mostEntries) {
            MemoryId next = rows.size() < limit ? null : rows.getLast().id();
            return CompletableFuture.completedFuture(new Histories(rows, byMemory(entries), next));
          }
          MemoryId cut = entries.getLast().memory();
          List<ArchivedRow> complete = rows.stream().filter(row -> row.id().compareTo(cut) < 0).toList();
          return complete.isEmpty()
              ? longHistory(rows.getFirst(), new ArrayList<>())
              : CompletableFuture.completedFuture(new Histories(complete, byMemory(entries), complete.getLast().id()));
        }, environment.executor());
  }

  private CompletableFuture<Histories> longHistory(ArchivedRow row, List<HistoryEntry> before) {
    int after = before.isEmpty() ? 0 : before.getLast().version();
    return stores.history().entries(row.id(), after, mostEntries).thenComposeAsync(entries -> {
      before.addAll(entries);
      return entries.size() < mostEntries
          ? CompletableFuture.completedFuture(new Histories(List.of(row), Map.of(row.id(), before), row.id()))
          : longHistory(row, before);
    }, environment.executor());
  }

  private static Map<MemoryId, List<HistoryEntry>> byMemory(List<HistoryEntry> entries) {
    return entries.stream().collect(Collectors.groupingBy(HistoryEntry::memory));
  }

  /** The memories whose entries fit their row. The others are read again; those that no longer exist are left out. */
  private CompletableFuture<List<ArchivedMemory>> fitting(Histories histories, boolean vectors, int readsLeft) {
    Map<MemoryId, ArchivedMemory> fitting = new TreeMap<>();
    List<ArchivedRow> others = new ArrayList<>();
    for (ArchivedRow row : histories.rows) {
      List<HistoryEntry> entries = histories.of(row);
      if (ArchivedMemory.isOf(row, entries)) {
        fitting.put(row.id(), new ArchivedMemory(row, entries));
      } else {
        others.add(row);
      }
    }
    if (others.isEmpty()) {
      return CompletableFuture.completedFuture(List.copyOf(fitting.values()));
    }
    if (readsLeft == 1) {
      return CompletableFuture.failedFuture(new StoreException("core and the history do not agree about memory "
          + others.getFirst().id() + "; run verify to see how", null));
    }
    return environment.after(BETWEEN_READS, () -> readAgain(others, vectors, readsLeft - 1)).thenApply(more -> {
      more.forEach(memory -> fitting.put(memory.id(), memory));
      return List.copyOf(fitting.values());
    });
  }

  private CompletableFuture<List<ArchivedMemory>> readAgain(List<ArchivedRow> others, boolean vectors, int readsLeft) {
    // One at a time: they are few, and each history is read whole.
    return BoundedParallel.run(others, 1, other -> read(other.id(), vectors)
        .thenComposeAsync(histories -> fitting(histories, vectors, readsLeft), environment.executor()), environment)
        .thenApply(found -> found.stream().flatMap(List::stream).toList());
  }
}
