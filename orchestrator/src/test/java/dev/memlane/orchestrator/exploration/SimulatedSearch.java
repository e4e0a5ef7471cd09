package dev.memlane.orchestrator.exploration;

import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.Memory;
import dev.memlane.model.OperationId;
import dev.memlane.model.store.ChangeFeed;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.DocumentName;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.Stores;
import dev.memlane.orchestrator.internal.TimeOrderedIds;
import dev.memlane.orchestrator.internal.search.SearchHandler;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/**
 * The real search over a simulated index and row. It answers one question: whether a search finds a memory that every
 * query matches.
 *
 * <p>
 * A search reads the index first and core afterwards, so its first view of the index may be older than the row. When it
 * reads the index again, it sees the present documents. Every operation gives the memory a different content here.
 *
 * <p>
 * Answers are cached, because a walk asks the same question many times. Not safe for use by several threads.
 */
final class SimulatedSearch {

  private final Set<Rule> without;
  private final BatchingEmbedder embedder;
  private final Map<Question, Boolean> answers = new HashMap<>();

  private record Question(Set<DocumentName> first, Set<DocumentName> now, OperationId op) {}

  SimulatedSearch(Set<Rule> without, BatchingEmbedder embedder) {
    this.without = without;
    this.embedder = embedder;
  }

  /**
   * Whether a search finds the memory of a live row.
   *
   * @param first the documents in the index when the search begins
   * @param now the documents from the time when it reads the row
   */
  boolean finds(Set<DocumentName> first, Set<DocumentName> now, CoreRow row) {
    return answers.computeIfAbsent(new Question(first, now, row.op()), question -> search(first, now, List.of(row)));
  }

  /**
   * Whether a search finds a memory whose row changes each time that it is read.
   *
   * @param documents the documents in the index, which do not change
   * @param rows the memory's rows, in the order of reading; at least as many as there are reads
   */
  boolean findsChanging(Set<DocumentName> documents, List<CoreRow> rows) {
    return search(documents, documents, rows);
  }

  private boolean search(Set<DocumentName> first, Set<DocumentName> now, List<CoreRow> rows) {
    SimulatedTimer timer = new SimulatedTimer();
    SimulatedIndex index = new SimulatedIndex(without, new SimulatedIndex.Saved(first, null),
        (write, mayHang) -> SimulatedIndex.Fate.DONE);
    SimulatedDatabase database = new SimulatedDatabase(Set.of());
    Iterator<CoreRow> changes = rows.iterator();
    SimulatedStores stores = new SimulatedStores(database, without, new SimulatedStores.Network() {
      @Override
      public void send(SimulatedUnit unit) {
        throw new IllegalStateException("a search must not write");
      }

      @Override
      public <T> CompletableFuture<T> read(String name, Supplier<T> query, ToLongFunction<? super T> digest) {
        if (changes.hasNext()) {
          begin(database, changes.next());
        }
        index.documents().clear();
        index.documents().addAll(now);
        return CompletableFuture.completedFuture(query.get());
      }

      @Override
      public ChangeFeed follow(int from) {
        throw new IllegalStateException("a search must not follow the log");
      }
    });
    SearchHandler searchHandler = new SearchHandler(new Stores(stores.units(), stores.core(), stores.history(), index),
        new Environment(Runnable::run, timer, timer, new TimeOrderedIds(timer)), embedder, Locale.ENGLISH);
    SearchRequest request = SearchRequest.builder("whatever").everywhere().mode(SearchRequest.Mode.SEMANTIC)
        .embedding(Objects.requireNonNull(rows.getFirst().embedding())).limit(1).build();
    return searchHandler.search(request, null).resultNow().stream()
        .anyMatch(hit -> hit.memory().id().equals(rows.getFirst().id()));
  }

  private static void begin(SimulatedDatabase database, CoreRow row) {
    Memory memory = Objects.requireNonNull(row.memory());
    Memory memoryWithContent = new Memory(memory.id(), memory.scope(), memory.key(), null, contentOf(row.op()),
        memory.metadata(),
        null,
        memory.createdAt(), memory.updatedAt(), null, memory.version(), memory.op());
    database.begin(
        new CoreRow(row.id(), row.state(), row.version(), row.op(), row.stamp(), memoryWithContent, row.embedding()),
        new HistoryEntry(row.id(), row.op(), row.version(), HistoryEntry.Kind.ADD, null, memoryWithContent.content(),
            null,
            memoryWithContent.metadata(), null, memoryWithContent.createdAt()));
  }

  /** The content of a memory after an operation. */
  static String contentOf(OperationId op) {
    return "as " + op + " left it";
  }
}
