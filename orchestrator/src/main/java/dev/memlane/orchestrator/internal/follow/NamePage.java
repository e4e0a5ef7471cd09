package dev.memlane.orchestrator.internal.follow;

import dev.memlane.model.MemoryId;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.Head;
import dev.memlane.orchestrator.internal.Stores;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A page of a comparison: what core and the index hold of the memories up to a common last id.
 *
 * <p>
 * The order of reading matters: core first, then the set of locked memories, then the index. A memory that agrees and was
 * not locked agrees with core's state at the time of reading, because an operation that locks it later reads a row that is
 * no older. A memory that was locked is listed as busy: the lock's holder may be about to put what core held before,
 * however well the memory seems to agree.
 *
 * @param rows the heads of core's rows, in order of id
 * @param documents the names of the index's documents, in order of the memory's id
 * @param last the last id of the page; null if there are no more pages
 * @param busy the memories of the page that were locked
 */
public record NamePage(List<Head> rows, List<DocumentName> documents, @Nullable MemoryId last, Set<MemoryId> busy) {

  /**
   * Reads the next page of core and index. Both are complete up to the page's last id.
   *
   * @param locked supplies the memories that are locked now
   * @param after the last id of the page before; null for the first page
   * @param limit how many rows, and how many documents, at most
   */
  public static CompletableFuture<NamePage> read(
      Stores stores, Supplier<Set<MemoryId>> locked, @Nullable MemoryId after, int limit) {
    return stores.core().heads(after, limit).thenCompose(rows -> {
      Set<MemoryId> busy = locked.get();
      return stores.index().unguarded().names(after, limit)
          .thenApply(documents -> of(rows, documents, after, limit, busy));
    });
  }

  /** Reads what core and index hold of these memories. */
  static CompletableFuture<NamePage> read(
      Stores stores, Supplier<Set<MemoryId>> locked, Collection<MemoryId> memories) {
    return stores.core().heads(memories).thenCompose(rows -> {
      Set<MemoryId> busy = new HashSet<>(memories);
      busy.retainAll(locked.get());
      return stores.index().unguarded().names(memories)
          .thenApply(documents -> new NamePage(rows, documents, null, busy));
    });
  }

  private static NamePage of(
      List<Head> rows, List<DocumentName> documents, @Nullable MemoryId after, int limit, Set<MemoryId> busy) {
    MemoryId lastRow = rows.size() < limit ? null : rows.getLast().memory();
    MemoryId lastDocument = documents.size() < limit ? null : documents.getLast().memory();
    MemoryId last = lastRow == null
        ? lastDocument
        : lastDocument == null || lastRow.compareTo(lastDocument) < 0 ? lastRow : lastDocument;
    return new NamePage(rows.stream().filter(row -> isWithin(row.memory(), last)).toList(),
        documents.stream().filter(document -> isWithin(document.memory(), last)).toList(), last,
        busy.stream().filter(id -> (after == null || id.compareTo(after) > 0) && isWithin(id, last))
            .collect(Collectors.toSet()));
  }

  private static boolean isWithin(MemoryId id, @Nullable MemoryId last) {
    return last == null || id.compareTo(last) <= 0;
  }

  /** The number of live rows. */
  public long liveRows() {
    return rows.stream().filter(Head::live).count();
  }

  /** The memories whose documents are not exactly the one that core's row calls for, each with its documents. */
  public SortedMap<MemoryId, List<DocumentName>> differing() {
    SortedMap<MemoryId, List<DocumentName>> byMemory = new TreeMap<>();
    documents.forEach(document -> byMemory.computeIfAbsent(document.memory(), id -> new ArrayList<>()).add(document));
    for (Head row : rows) {
      if (row.live()) {
        List<DocumentName> there = byMemory.computeIfAbsent(row.memory(), id -> new ArrayList<>());
        if (there.size() == 1 && there.getFirst().op().equals(row.op())) {
          byMemory.remove(row.memory());
        }
      }
    }
    return byMemory;
  }
}
