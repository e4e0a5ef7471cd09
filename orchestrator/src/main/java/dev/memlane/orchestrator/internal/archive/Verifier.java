package dev.memlane.orchestrator.internal.archive;

import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.ArchivedRow;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemoryId;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.Head;
import dev.memlane.orchestrator.Progress;
import dev.memlane.orchestrator.VerifyReport;
import dev.memlane.orchestrator.VerifyReport.Inconsistency;
import dev.memlane.orchestrator.internal.BoundedParallel;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.Futures;
import dev.memlane.orchestrator.internal.MemoryLocks;
import dev.memlane.orchestrator.internal.Stores;
import dev.memlane.orchestrator.internal.follow.BackgroundFollower;
import dev.memlane.orchestrator.internal.follow.IndexComparison;
import dev.memlane.orchestrator.internal.follow.NamePage;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The verifier of the three stores. In pages, it compares core with the index by the names of documents, core with the
 * history by the newest entries, and the content of each memory with its history.
 *
 * <p>
 * The pages are read one store after the other while other threads write, so a difference is only a suspicion. Each suspect
 * is checked again by itself, under the memory's lock, and several times, because another process may have just written it.
 * A difference that remains is reported. Safe for use by several threads.
 */
public final class Verifier {

  private static final int PAGE = 2_000;
  /** How many memories are read at once with their contents and histories. */
  private static final int CONTENTS_PAGE = 500;
  private static final int MOST_REPORTED = 1_000;
  private static final int CHECKS_AT_ONCE = 50;
  private static final int CHECKS = 5;
  private static final Duration BETWEEN_CHECKS = Duration.ofMillis(400);
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final Stores stores;
  private final Environment environment;
  private final MemoryLocks locks;
  private final IndexComparison comparison;
  private final BackgroundFollower background;
  private final ExportHandler exportHandler;

  public Verifier(Stores stores, Environment environment, MemoryLocks locks, IndexComparison comparison,
      BackgroundFollower background, ExportHandler exportHandler) {
    this.stores = stores;
    this.environment = environment;
    this.locks = locks;
    this.comparison = comparison;
    this.background = background;
    this.exportHandler = exportHandler;
  }

  /**
   * Compares the stores.
   *
   * @param repair whether to make the index agree with core first; the history can't be repaired, because it is the log
   */
  public CompletableFuture<VerifyReport> verify(boolean repair) {
    CompletableFuture<Long> repaired = repair
        ? comparison.run(Progress.NONE, IndexComparison.Pace.FULL)
        : CompletableFuture.completedFuture(0L);
    return repaired.thenComposeAsync(count -> {
      Tally tally = new Tally();
      return compareIndex(null, tally).thenComposeAsync(done -> compareHistory(null, tally), environment.executor())
          .thenComposeAsync(done -> compareContents(null, tally), environment.executor())
          .thenComposeAsync(done -> BoundedParallel.run(List.copyOf(tally.suspects), CHECKS_AT_ONCE,
              memory -> check(memory, CHECKS), environment), environment.executor())
          .thenCombine(stores.history().count(null), (found, entries) -> new VerifyReport(tally.core, entries,
              tally.documents, found.stream().flatMap(Optional::stream).toList(), count));
    }, environment.executor());
  }

  private static final class Tally {
    final Set<MemoryId> suspects = new TreeSet<>();
    long core;
    long documents;

    void suspect(MemoryId memory) {
      if (suspects.size() < MOST_REPORTED) {
        suspects.add(memory);
      }
    }
  }

  private CompletableFuture<@Nullable Void> compareIndex(@Nullable MemoryId after, Tally tally) {
    return NamePage.read(stores, Set::of, after, PAGE).thenComposeAsync(page -> {
      tally.core += page.liveRows();
      tally.documents += page.documents().size();
      page.differing().keySet().forEach(tally::suspect);
      MemoryId last = page.last();
      return last == null ? CompletableFuture.completedFuture(null) : compareIndex(last, tally);
    }, environment.executor());
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
        if ((last == null || row.memory().compareTo(last) <= 0) && !row.equals(byMemory.remove(row.memory()))) {
          tally.suspect(row.memory());
        }
      }
      byMemory.keySet().forEach(tally::suspect);
      return Optional.ofNullable(last);
    }).thenComposeAsync(last -> last.isEmpty()
        ? CompletableFuture.completedFuture(null)
        : compareHistory(last.get(), tally), environment.executor());
  }

  private CompletableFuture<@Nullable Void> compareContents(@Nullable MemoryId after, Tally tally) {
    return exportHandler.read(null, after, CONTENTS_PAGE, false).thenComposeAsync(page -> {
      page.rows().stream().filter(row -> contradiction(row, page) != null).forEach(row -> tally.suspect(row.id()));
      return page.next() == null ? CompletableFuture.completedFuture(null) : compareContents(page.next(), tally);
    }, environment.executor());
  }

  /** How a memory contradicts its history; null if it does not. Rows that are ahead of the history are checked elsewhere. */
  private static @Nullable String contradiction(ArchivedRow row, ExportHandler.Histories histories) {
    List<HistoryEntry> entries = histories.of(row);
    if (!ArchivedMemory.isOf(row, entries)) {
      return null;
    }
    try {
      return new ArchivedMemory(row, entries).stateContradiction();
    } catch (InvalidInputException e) {
      return e.getMessage();
    }
  }

  private CompletableFuture<Optional<Inconsistency>> check(MemoryId memory, int checksLeft) {
    return locks.runLocked(memory, environment.now().plus(PATIENCE), () -> checkLocked(memory)).exceptionallyCompose(
        failure -> Futures.unwrap(failure) instanceof MemoryLocks.LockTimeoutException
            ? CompletableFuture.completedFuture(Optional.of(new Inconsistency(memory,
                "it could not be compared, because it was being written all the time; verify again")))
            : CompletableFuture.failedFuture(failure))
        .thenComposeAsync(found -> found.isPresent() && checksLeft > 1
            ? environment.after(BETWEEN_CHECKS, () -> check(memory, checksLeft - 1))
            : CompletableFuture.completedFuture(found), environment.executor());
  }

  /** Checks a memory once. Needs its lock. */
  private CompletableFuture<Optional<Inconsistency>> checkLocked(MemoryId memory) {
    return stores.core().heads(List.of(memory)).thenCompose(rows -> {
      Head row = rows.isEmpty() ? null : rows.getFirst();
      return stores.history().newest(memory, null, 1)
          .thenCombine(stores.index().names(List.of(memory)), (entries, documents) -> Optional
              .ofNullable(problem(row, entries.isEmpty() ? null : entries.getFirst(), documents,
                  background.problem(memory))));
    }).thenComposeAsync(problem -> problem.isPresent()
        ? CompletableFuture.completedFuture(problem)
        : exportHandler.read(memory, false).thenApply(histories -> histories.rows().stream()
            .map(row -> contradiction(row, histories)).filter(Objects::nonNull).findFirst()
            .map(contradiction -> "core and the history contradict each other: " + contradiction)),
        environment.executor()).thenApply(problem -> problem.map(text -> new Inconsistency(memory, text)));
  }

  /**
   * Describes what is wrong with a memory; null if nothing is.
   *
   * @param unindexed why the index could not follow the memory; null if that is not known
   */
  private static @Nullable String problem(@Nullable Head row, @Nullable HistoryEntry entry,
      List<DocumentName> documents, @Nullable String unindexed) {
    String advice = unindexed == null ? "run verify --repair" : "it cannot be repaired yet, because " + unindexed;
    if (row == null) {
      return entry != null
          ? "the history knows it and core does not hold it"
          : documents.isEmpty() ? null : "the index holds it and core does not: " + advice;
    }
    if (entry == null) {
      return "core holds it and the history knows nothing of it";
    }
    if (!entry.op().equals(row.op()) || entry.version() != row.version()) {
      return "core is at operation " + row.op() + " and the history at " + entry.op();
    }
    if (row.live() && documents.isEmpty()) {
      return "core holds it and the index does not: " + advice;
    }
    return documents.equals(row.live() ? List.of(row.name()) : List.of())
        ? null
        : "the index holds another state of it than core, " + row.op() + ": " + advice;
  }
}
