package dev.memlane.orchestrator;

import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.ArchivedRow;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemoryId;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.Head;
import dev.memlane.orchestrator.IndexFollower.NamePage;
import dev.memlane.orchestrator.VerifyReport.Inconsistency;
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
 * Compares the three stores, in pages: core with the index by the documents' names, core with the history by the newest
 * entries, and what each memory and its history say with one another.
 *
 * <p>
 * The pages are read one store after the other while other threads write, so what differs there is only suspect. Each suspect
 * is read again by itself, under its turn, and a few times over, because another process may have written it a moment ago;
 * what differs then is reported.
 */
final class Verifier {

  private static final int PAGE = 2_000;
  /** Memories with their contents and histories, which are read at once. */
  private static final int CONTENTS_PAGE = 500;
  private static final int MOST_REPORTED = 1_000;
  private static final int LOOKS_AT_ONCE = 50;
  private static final int LOOKS = 5;
  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(400);
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final Stores stores;
  private final Environment environment;
  private final MemoryLocks locks;
  private final IndexFollower follower;
  private final BackgroundFollower backgroundFollower;
  private final ExportHandler exportHandler;

  Verifier(Stores stores, Environment environment, MemoryLocks locks, IndexFollower follower,
      BackgroundFollower backgroundFollower, ExportHandler exportHandler) {
    this.stores = stores;
    this.environment = environment;
    this.locks = locks;
    this.follower = follower;
    this.backgroundFollower = backgroundFollower;
    this.exportHandler = exportHandler;
  }

  /**
   * @param repair whether to make the index agree with core first; the history can't be repaired, it is the log
   */
  CompletableFuture<VerifyReport> verify(boolean repair) {
    CompletableFuture<Long> repaired = repair ? follower.compare(Progress.NONE) : CompletableFuture.completedFuture(0L);
    return repaired.thenComposeAsync(count -> {
      Tally tally = new Tally();
      return compareIndex(null, tally).thenComposeAsync(done -> compareHistory(null, tally), environment.executor())
          .thenComposeAsync(done -> compareContents(null, tally), environment.executor())
          .thenComposeAsync(done -> BoundedParallel.run(List.copyOf(tally.suspects), LOOKS_AT_ONCE,
              memory -> checkLocked(memory, LOOKS), environment), environment.executor())
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

  /** What a memory and its history contradict each other in, or null. Rows that are ahead of the history are another matter. */
  private static @Nullable String contradiction(ArchivedRow row, ExportHandler.Histories histories) {
    List<HistoryEntry> entries = histories.of(row);
    if (!ArchivedMemory.isOf(row, entries)) {
      return null;
    }
    try {
      return new ArchivedMemory(row, entries).contradiction();
    } catch (InvalidInputException e) {
      return e.getMessage();
    }
  }

  private CompletableFuture<Optional<Inconsistency>> checkLocked(MemoryId memory, int looksLeft) {
    return locks.runLocked(memory, environment.now().plus(PATIENCE), () -> look(memory)).exceptionallyCompose(
        failure -> Futures.unwrap(failure) instanceof MemoryLocks.LockTimeoutException
            ? CompletableFuture.completedFuture(Optional.of(new Inconsistency(memory,
                "it could not be compared, because it was being written all the time: verify again")))
            : CompletableFuture.failedFuture(failure))
        .thenComposeAsync(found -> found.isPresent() && looksLeft > 1
            ? environment.after(BETWEEN_LOOKS, () -> checkLocked(memory, looksLeft - 1))
            : CompletableFuture.completedFuture(found), environment.executor());
  }

  private CompletableFuture<Optional<Inconsistency>> look(MemoryId memory) {
    return stores.core().heads(List.of(memory)).thenCompose(rows -> {
      Head row = rows.isEmpty() ? null : rows.getFirst();
      return stores.history().newest(memory, null, 1)
          .thenCombine(stores.index().names(List.of(memory)), (entries, documents) -> Optional
              .ofNullable(problem(row, entries.isEmpty() ? null : entries.getFirst(), documents,
                  backgroundFollower.problem(memory))));
    }).thenComposeAsync(problem -> problem.isPresent()
        ? CompletableFuture.completedFuture(problem)
        : exportHandler.read(memory, false).thenApply(histories -> histories.rows().stream()
            .map(row -> contradiction(row, histories)).filter(Objects::nonNull).findFirst()
            .map(contradiction -> "core and the history contradict each other: " + contradiction)),
        environment.executor()).thenApply(problem -> problem.map(text -> new Inconsistency(memory, text)));
  }

  /**
   * What is wrong with a memory, or null if nothing is.
   *
   * @param unindexed why the index could not be made to agree, if that is known
   */
  private static @Nullable String problem(@Nullable Head row, @Nullable HistoryEntry entry,
      List<DocumentName> documents, @Nullable String unindexed) {
    String advice = unindexed == null ? "run verify --repair" : "it can't be mended yet, because " + unindexed;
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
