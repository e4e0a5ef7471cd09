package dev.memlane.perf.tests.scenario;

import dev.memlane.model.Memory;
import dev.memlane.model.MemoryWriteException;
import dev.memlane.model.NewMemory;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreResult;
import dev.memlane.model.store.CoreStore;
import dev.memlane.model.store.HistoryStore;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.model.store.Operation;
import dev.memlane.model.store.VectorIndex;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.perf.tests.Bench;
import dev.memlane.perf.tests.Contestant;
import dev.memlane.perf.tests.FindingCollector;
import dev.memlane.perf.tests.Load;
import dev.memlane.perf.tests.Sample;
import dev.memlane.perf.tests.Scenario;
import dev.memlane.perf.tests.Verdict.Bar;
import dev.memlane.storage.core.PostgresCoreStore;
import dev.memlane.storage.history.PostgresHistoryStore;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.vector.LuceneVectorIndex;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The cost of failing operations for those that succeed. Each failure is rolled back, and the throughput counts both.
 *
 * <p>
 * A word in an operation's content makes it fail. Either the index refuses its document, so that core and history are
 * undone; or the history's branch throws before the unit is sent, so that the document is removed again; or a check in
 * the database refuses its statement, so that its batch is halved until the operation is alone.
 */
public final class FailuresScenario implements Scenario {

  private static final int CALLERS = 64;
  private static final List<Integer> PERCENT = List.of(1, 10);
  private static final String NONE = "none fail";
  private static final String PARAMETER = CALLERS + " callers";

  /** Where an operation fails, by a word in its content. */
  private enum Place {
    INDEX("in the index", "failsintheindex"), BRANCH("in a branch", "failsinitsbranch"), SQL("in SQL", "failsinsql");

    private final String title;
    private final String word;

    Place(String title, String word) {
      this.title = title;
      this.word = word;
    }
  }

  private final AtomicLong rolledBack = new AtomicLong();

  @Override
  public String name() {
    return "failures";
  }

  @Override
  public String title() {
    return "durable adds of " + PARAMETER
        + " of which 1 % and 10 % fail, in the index, in a branch before the unit is sent,"
        + " and in SQL: against none failing";
  }

  @Override
  public void run(Bench bench) throws Exception {
    GeneratedMemories generated = new GeneratedMemories();
    try (Server server = Server.start(bench.directory("data"));
        Database database = Database.builder(server.jdbcUrl()).schema("failures").open();
        MemoryOrchestrator memory = open(server, database)) {
      refuse(server, Place.SQL.word);
      BlockingMemory blocking = memory.blocking();
      List<Contestant> contestants = new ArrayList<>();
      contestants.add(contestant(bench, NONE, number -> blocking.addMemory(generated.memory(number))));
      for (Place place : Place.values()) {
        for (int percent : PERCENT) {
          contestants.add(contestant(bench, name(place, percent),
              number -> add(blocking, generated, number, number % 100 < percent ? place : null)));
        }
      }
      bench.race(contestants);
      long inconsistent = blocking.verify(false).inconsistencies().size();
      if (inconsistent > 0 || rolledBack.get() == 0) {
        throw new IllegalStateException(inconsistent + " memories are inconsistent, " + rolledBack + " rolled back");
      }
      bench.findings().note(rolledBack + " adds were rolled back; afterwards all stores agree");
    }
    judge(bench.findings(), !bench.quick());
  }

  private static String name(Place place, int percent) {
    return percent + " % " + place.title;
  }

  private static MemoryOrchestrator open(Server server, Database database) {
    CoreStore core = PostgresCoreStore.open(database, GeneratedMemories.MODEL, GeneratedMemories.DIMENSION);
    HistoryStore history = OverriddenStore.of(HistoryStore.class, new PostgresHistoryStore(database),
        Map.of("write", arguments -> throwFor((Operation) arguments[1])));
    VectorIndex index = OverriddenStore.of(VectorIndex.class,
        LuceneVectorIndex.builder(server.folder("index-failures")).model(GeneratedMemories.MODEL)
            .dimension(GeneratedMemories.DIMENSION).open(),
        Map.of("put", arguments -> refuse((IndexDocument) arguments[0])));
    return MemoryOrchestrator.builder().stores(database.units(), core, history, index)
        .embedder(new GivenVectorEmbedder())
        .followEvery(Duration.ZERO).open();
  }

  /** Throws for some contents, and has no answer for the others. */
  private static @Nullable Object throwFor(Operation operation) {
    Memory after = operation.after();
    if (after != null && after.content().startsWith(Place.BRANCH.word)) {
      throw new StoreException("thrown by the scenario", null);
    }
    return null;
  }

  /** Refuses some contents, and has no answer for the others. */
  private static @Nullable Object refuse(IndexDocument document) {
    // Asynchronously, as an index does. If it refused at once, the operation would never be fanned out.
    return document.memory().content().startsWith(Place.INDEX.word)
        ? CompletableFuture
            .supplyAsync(() -> new StoreResult.NotApplied(new StoreException("refused by the scenario", null)))
        : null;
  }

  private static void refuse(Server server, String word) throws SQLException {
    try (Connection connection = DriverManager.getConnection(server.jdbcUrl() + "&currentSchema=failures");
        Statement statement = connection.createStatement()) {
      statement.execute("alter table memory add check (content not like '" + word + "%')");
    }
  }

  private void add(BlockingMemory memory, GeneratedMemories generated, long number, @Nullable Place place) {
    if (place == null) {
      memory.addMemory(generated.memory(number));
      return;
    }
    try {
      memory.addMemory(NewMemory.builder(place.word + " " + generated.content(number), generated.scope(number))
          .embedding(generated.vector(number)).build());
    } catch (MemoryWriteException e) {
      rolledBack.incrementAndGet();
      return;
    }
    throw new IllegalStateException("an add that was to fail " + place.title + " was stored");
  }

  private static Contestant contestant(Bench bench, String name, Load.Call call) {
    return new Contestant(name, PARAMETER, () -> Load.closed(CALLERS, bench.slice(2), call).sample());
  }

  private static void judge(FindingCollector findings, boolean fullSize) {
    for (Place place : Place.values()) {
      for (int percent : PERCENT) {
        double kept = findings.ratio(Sample.PER_SECOND, PARAMETER, name(place, percent), NONE);
        if (place != Place.SQL && percent == 10) {
          findings.judge("throughput kept with " + name(place, percent), kept, Bar.atLeast(0.8), fullSize);
        } else {
          findings.note(String.format(Locale.ROOT, "throughput kept with %s: %.2f", name(place, percent), kept));
        }
      }
    }
  }
}
