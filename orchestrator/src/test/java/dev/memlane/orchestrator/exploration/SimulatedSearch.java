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
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/**
 * The real search over a simulated index and row, asked one question: whether it finds a memory that every query matches.
 *
 * <p>
 * A search looks at the index first and at core afterwards. So the index that it sees first may be older than the row. When
 * it looks at the index again, it sees the present one. Every operation gives the memory another content here.
 *
 * <p>
 * Answers are remembered, because a walk asks the same question again and again. Not safe for use by several threads.
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
   * @param now the documents there when it reads the row, and later
   */
  boolean finds(Set<DocumentName> first, Set<DocumentName> now, CoreRow row) {
    return answers.computeIfAbsent(new Question(first, now, row.op()), question -> search(first, now, List.of(row)));
  }

  /**
   * Whether a search finds a memory whose row is another one each time that it is read.
   *
   * @param documents the documents in the index, which does not change
   * @param rows the memory's rows, in the order of reading; it is not to be read more often
   */
  boolean findsChanging(Set<DocumentName> documents, List<CoreRow> rows) {
    return search(documents, documents, rows);
  }

  private boolean search(Set<DocumentName> first, Set<DocumentName> now, List<CoreRow> rows) {
    SimulatedTimer timer = new SimulatedTimer();
    SimulatedIndex index = new SimulatedIndex(without, first, (write, mayHang) -> SimulatedIndex.Fate.DONE);
    SimulatedDatabase database = new SimulatedDatabase(Set.of());
    Iterator<CoreRow> changes = rows.iterator();
    SimulatedStores stores = new SimulatedStores(database, without, new SimulatedStores.Network() {
      @Override
      public void send(SimulatedUnit unit) {
        throw new IllegalStateException("a search writes nothing");
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
        throw new IllegalStateException("a search follows nothing");
      }
    });
    SearchHandler searchHandler = new SearchHandler(new Stores(stores.units(), stores.core(), stores.history(), index),
        new Environment(Runnable::run, timer, timer, new TimeOrderedIds(timer)), embedder);
    SearchRequest request = SearchRequest.builder("whatever").everywhere().mode(SearchRequest.Mode.SEMANTIC)
        .embedding(Objects.requireNonNull(rows.getFirst().embedding())).limit(1).build();
    return searchHandler.search(request).resultNow().stream()
        .anyMatch(hit -> hit.memory().id().equals(rows.getFirst().id()));
  }

  private static void begin(SimulatedDatabase database, CoreRow row) {
    Memory memory = Objects.requireNonNull(row.memory());
    Memory told = new Memory(memory.id(), memory.scope(), memory.key(), null, contentOf(row.op()), memory.metadata(),
        null,
        memory.createdAt(), memory.updatedAt(), null, memory.version(), memory.op());
    database.begin(new CoreRow(row.id(), row.state(), row.version(), row.op(), row.stamp(), told, row.embedding()),
        new HistoryEntry(row.id(), row.op(), row.version(), HistoryEntry.Kind.ADD, null, told.content(), null,
            told.metadata(), null, told.createdAt()));
  }

  /** What a memory says after an operation. */
  static String contentOf(OperationId op) {
    return "as " + op + " left it";
  }
}
