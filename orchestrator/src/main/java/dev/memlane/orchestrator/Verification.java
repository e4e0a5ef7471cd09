package dev.memlane.orchestrator;

import dev.memlane.model.DocumentName;
import dev.memlane.model.Head;
import dev.memlane.model.MemoryId;
import dev.memlane.orchestrator.IndexFollower.NamePage;
import dev.memlane.orchestrator.VerifyReport.Inconsistency;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Compares the three stores, in pages: core with the index by the documents' names, core with the history by the newest
 * entries.
 */
final class Verification {

  private static final int PAGE = 2_000;
  private static final int MOST_REPORTED = 1_000;

  private final Stores stores;
  private final Environment environment;
  private final IndexFollower follower;

  Verification(Stores stores, Environment environment, IndexFollower follower) {
    this.stores = stores;
    this.environment = environment;
    this.follower = follower;
  }

  /**
   * @param repair whether to make the index agree with core first; the history can't be repaired, it is the log
   */
  CompletableFuture<VerifyReport> verify(boolean repair) {
    CompletableFuture<Long> repaired = repair ? follower.compare(Progress.NONE) : CompletableFuture.completedFuture(0L);
    return repaired.thenComposeAsync(count -> {
      Tally tally = new Tally();
      return compareIndex(null, tally).thenComposeAsync(done -> compareHistory(null, tally), environment.executor())
          .thenCompose(done -> stores.history().count(null)).thenApply(entries -> new VerifyReport(tally.core, entries,
              tally.documents, tally.inconsistencies, count));
    }, environment.executor());
  }

  private static final class Tally {
    final List<Inconsistency> inconsistencies = new ArrayList<>();
    long core;
    long documents;

    void report(MemoryId memory, String problem) {
      if (inconsistencies.size() < MOST_REPORTED) {
        inconsistencies.add(new Inconsistency(memory, problem));
      }
    }
  }

  private CompletableFuture<@Nullable Void> compareIndex(@Nullable MemoryId after, Tally tally) {
    return NamePage.read(stores, Set::of, after, PAGE).thenComposeAsync(page -> {
      tally.core += page.liveRows();
      tally.documents += page.documents().size();
      Map<MemoryId, Head> rows = new HashMap<>();
      page.rows().stream().filter(Head::live).forEach(row -> rows.put(row.memory(), row));
      page.differing().forEach((memory, documents) -> tally.report(memory, describe(rows.get(memory), documents)));
      MemoryId last = page.last();
      return last == null ? CompletableFuture.completedFuture(null) : compareIndex(last, tally);
    }, environment.executor());
  }

  private static String describe(@Nullable Head row, List<DocumentName> documents) {
    if (row == null) {
      return "the index holds it and core does not: run verify --repair";
    }
    return documents.isEmpty()
        ? "core holds it and the index does not: run verify --repair"
        : "the index holds another state of it than core, " + row.op() + ": run verify --repair";
  }

  private CompletableFuture<@Nullable Void> compareHistory(@Nullable MemoryId after, Tally tally) {
    return stores.core().heads(after, PAGE).thenCombine(stores.history().heads(after, PAGE), (rows, entries) -> {
      MemoryId lastRow = rows.size() < PAGE ? null : rows.getLast().memory();
      MemoryId lastEntry = entries.size() < PAGE ? null : entries.getLast().memory();
      MemoryId last = lastRow == null
          ? lastEntry
          : lastEntry == null || lastRow.compareTo(lastEntry) < 0 ? lastRow : lastEntry;
      Map<MemoryId, Head> byMemory = new HashMap<>();
      entries.stream().filter(entry -> last == null || entry.memory().compareTo(last) <= 0)
          .forEach(entry -> byMemory.put(entry.memory(), entry));
      for (Head row : rows) {
        if (last == null || row.memory().compareTo(last) <= 0) {
          Head entry = byMemory.remove(row.memory());
          if (!row.equals(entry)) {
            tally.report(row.memory(), entry == null
                ? "core holds it and the history knows nothing of it"
                : "core is at operation " + row.op() + " and the history at " + entry.op());
          }
        }
      }
      byMemory.keySet().forEach(memory -> tally.report(memory, "the history knows it and core does not hold it"));
      return last == null ? null : new Next(last);
    }).thenComposeAsync(next -> next == null
        ? CompletableFuture.completedFuture(null)
        : compareHistory(next.after, tally), environment.executor());
  }

  private record Next(MemoryId after) {}
}
