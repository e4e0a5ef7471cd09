package dev.memlane.perf.tests.kill;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.MemoryWriteException;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.orchestrator.VerifyReport;
import dev.memlane.storage.opensearch.OpenSearchIndex;
import dev.memlane.storage.opensearch.cluster.HttpFront;
import dev.memlane.storage.opensearch.cluster.TestCluster;
import dev.memlane.testing.Sample;
import dev.memlane.testing.TestServer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The rows of the fault matrix whose index is on OpenSearch: what goes wrong between a process and the cluster during every
 * operation, with a real cluster and database. Which outcome the caller gets, and what all stores hold when everything has
 * settled and after the next opening.
 *
 * <p>
 * The fault concerns all writes to the cluster until the operation has its outcome. A build plays a sample;
 * {@code -Dmemlane.sample=all} plays all.
 */
@Tag("slow")
class ClusterFaultMatrixTest {

  private static final Scope ADA = Scope.user("ada");
  private static final int STEP = 5;
  /** The time of a put, which a busy cluster uses up. */
  private static final Duration SHORT = Duration.ofSeconds(5);
  /** The time of a write that is not to use it up, so that its undo has time on a busy machine too. */
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int BUSY = 429;
  private static final int FORBIDDEN = 403;
  private static final int UNAVAILABLE = 503;

  /** What goes wrong with a write to the cluster. */
  enum Fault {
    /** It is refused by rule, so it is not applied. */
    REFUSED,
    /** The cluster has too much to do, until the write's time is over. */
    BUSY,
    /** A proxy answers that the cluster is not available; whether the write was applied is unknown. */
    UNAVAILABLE,
    /** The connection is lost before the write arrives. */
    CUT_BEFORE,
    /** The connection is lost after the write was applied. */
    CUT_AFTER,
    /** It arrives when the operation has had its outcome for long. */
    ARRIVES_LATE
  }

  /** The operation meanwhile. A put replaces a memory. A batch adds three memories. */
  enum Kind {
    ADD, PUT, UPDATE, DELETE, BATCH
  }

  record Cell(Fault fault, Kind kind) {
    @Override
    public String toString() {
      return (fault + " during " + kind).toLowerCase(Locale.ROOT).replace('_', ' ');
    }
  }

  /** The result of a cell: one of these outcomes, and whether the operation has landed. */
  record Expected(Set<Class<? extends WriteOutcome>> outcomes, boolean landed) {}

  static List<Cell> cells() {
    return Sample.oneIn(STEP, Arrays.stream(Kind.values())
        .flatMap(kind -> Arrays.stream(Fault.values()).map(fault -> new Cell(fault, kind))).toList());
  }

  /** The result by the rules of the write protocol. */
  private static Expected expected(Cell cell) {
    Class<? extends WriteOutcome> done = switch (cell.kind) {
      case DELETE -> WriteOutcome.Deleted.class;
      case PUT -> WriteOutcome.Replaced.class;
      case ADD, UPDATE, BATCH -> WriteOutcome.Stored.class;
    };
    if (cell.kind == Kind.DELETE) {
      // The index agrees to a delete without a write; its document is removed in the background.
      return new Expected(Set.of(done), true);
    }
    return switch (cell.fault) {
      // The index has certainly not applied it, so what core and history did is undone.
      case REFUSED, BUSY -> new Expected(Set.of(WriteOutcome.RolledBack.class), false);
      // Core has it, and the index follows.
      case UNAVAILABLE, CUT_BEFORE, CUT_AFTER, ARRIVES_LATE ->
        new Expected(Set.of(WriteOutcome.Unsettled.class), true);
    };
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cells")
  void cell_endsAsTheProtocolSays(Cell cell) throws IOException {
    String index = "faults-" + UUID.randomUUID();
    try (HttpFront front = new HttpFront(TestCluster.shared().hosts().getFirst().toString());
        Stage stage = new Stage(cell, TestServer.freshDatabase(), front, index)) {
      stage.play(expected(cell));
    } catch (AssertionError e) {
      // Surefire names a parameterized case by its number alone.
      throw new AssertionError(cell + ": " + e.getMessage(), e);
    }
  }

  /** One cell, on a database and an index of its own, in which one memory is there from the start. */
  private static final class Stage implements AutoCloseable {

    private static final List<String> BATCH = List.of("Cleo plays the lute", "Bob is hit", "Dan plays the horn");

    /** One operation and its outcome. */
    private record Ended(MemoryId memory, WriteOutcome outcome) {}

    private final Cell cell;
    private final String database;
    private final HttpFront front;
    private final String index;
    private final Memory before;
    private final MemoryOrchestrator memory;

    Stage(Cell cell, String database, HttpFront front, String index) {
      this.cell = cell;
      this.database = database;
      this.front = front;
      this.index = index;
      this.memory = open();
      this.before = memory.blocking()
          .addMemory(NewMemory.builder("Ada plays the oboe", ADA).key("ada").build());
    }

    private MemoryOrchestrator open() {
      return MemoryOrchestrator.builder().postgres(database, null, null).embedder(new HashEmbedder())
          .writeDeadline(cell.fault == Fault.ARRIVES_LATE ? SHORT : LONG)
          .sharedIndex(OpenSearchIndex.builder(front.address()).index(index).replicas(0).writeTimeout(SHORT)).open();
    }

    void play(Expected expected) {
      arm();
      List<Ended> all = operation().orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
      assertThat(all).extracting(Ended::outcome).allSatisfy(outcome -> assertThat(outcome)
          .isInstanceOfAny(expected.outcomes.toArray(Class[]::new)));
      if (cell.fault != Fault.ARRIVES_LATE) {
        front.set(HttpFront.Fault.NONE);
      }

      // What core says is certain at once, whatever the index says.
      all.forEach(ended -> assertHistory(ended, expected.landed));
      front.set(HttpFront.Fault.NONE);
      memory.awaitSettled().orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
      assertStores(memory, all, expected.landed);
      memory.close();
      try (MemoryOrchestrator again = open()) {
        assertStores(again, all, expected.landed);
      }
    }

    private void arm() {
      switch (cell.fault) {
        case REFUSED -> front.answerWrites(FORBIDDEN, error("security_exception", FORBIDDEN));
        case BUSY -> front.answerWrites(BUSY, error("rejected_execution_exception", BUSY));
        case UNAVAILABLE -> front.answerWrites(UNAVAILABLE, "<html>a proxy's page</html>");
        case CUT_BEFORE -> front.set(HttpFront.Fault.CUT_BEFORE);
        case CUT_AFTER -> front.set(HttpFront.Fault.CUT_AFTER);
        case ARRIVES_LATE -> front.holdWrites();
      }
    }

    private static String error(String type, int status) {
      return "{\"error\": {\"type\": \"" + type + "\", \"reason\": \"no\"}, \"status\": " + status + "}";
    }

    private CompletableFuture<List<Ended>> operation() {
      return switch (cell.kind) {
        case ADD -> alone(memory.add(NewMemory.of("Bob is hit", ADA)));
        case PUT -> alone(memory.put(NewMemory.builder("Ada is hit", ADA).key("ada").build()));
        case UPDATE -> alone(
            memory.updateMemory(MemoryUpdate.content(before.id(), "Ada is hit")).thenApply(WriteOutcome.Stored::new));
        case DELETE -> alone(memory.deleteMemory(MemoryDeletion.of(before.id())).thenApply(deleted -> deleted));
        case BATCH -> memory.addMemories(BATCH.stream()
            .map(content -> NewMemory.builder(content, ADA).key(content).build()).toList())
            .thenApply(outcomes -> IntStream.range(0, BATCH.size())
                .mapToObj(i -> new Ended(MemoryId.derive(ADA, BATCH.get(i)), outcomes.get(i))).toList());
      };
    }

    private CompletableFuture<List<Ended>> alone(CompletableFuture<? extends WriteOutcome> operation) {
      return operation.handle((outcome, failure) -> {
        WriteOutcome reported = outcome == null ? outcomeOf(failure) : outcome;
        return List.of(new Ended(cell.kind == Kind.ADD ? idOf(reported) : before.id(), reported));
      });
    }

    private static WriteOutcome outcomeOf(Throwable failure) {
      Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
      if (cause instanceof MemoryWriteException write) {
        return write.outcome();
      }
      throw new AssertionError("the operation failed without an outcome", cause);
    }

    private static MemoryId idOf(WriteOutcome outcome) {
      return switch (outcome) {
        case WriteOutcome.Stored stored -> stored.memory().id();
        case WriteOutcome.RolledBack rolledBack -> rolledBack.id();
        case WriteOutcome.Unsettled unsettled -> unsettled.id();
        default -> throw new AssertionError(outcome.describe());
      };
    }

    private void assertHistory(Ended ended, boolean landed) {
      List<HistoryEntry.Kind> kinds = memory.blocking().history(ended.memory).stream().map(HistoryEntry::kind).toList();
      HistoryEntry.Kind kind = switch (cell.kind) {
        case ADD, BATCH -> HistoryEntry.Kind.ADD;
        case PUT, UPDATE -> HistoryEntry.Kind.UPDATE;
        case DELETE -> HistoryEntry.Kind.DELETE;
      };
      List<HistoryEntry.Kind> expected = new ArrayList<>();
      if (kind != HistoryEntry.Kind.ADD) {
        expected.add(HistoryEntry.Kind.ADD);
      }
      if (landed) {
        expected.add(kind);
      }
      assertThat(kinds).isEqualTo(expected);
    }

    /** All stores hold exactly what has landed; the index does as soon as its keeper has seen what arrived late. */
    private void assertStores(MemoryOrchestrator opened, List<Ended> all, boolean landed) {
      Map<MemoryId, String> live = new TreeMap<>();
      live.put(before.id(), before.content());
      if (landed) {
        all.forEach(ended -> {
          @Nullable
          String content = contentOf(all.indexOf(ended));
          if (content == null) {
            live.remove(ended.memory);
          } else {
            live.put(ended.memory, content);
          }
        });
      }
      Map<MemoryId, String> listed = new TreeMap<>();
      opened.blocking().list(null, null, null, 100).memories().forEach(each -> listed.put(each.id(), each.content()));
      assertThat(listed).isEqualTo(live);
      VerifyReport clean = new VerifyReport(live.size(), 1 + (landed ? all.size() : 0), live.size(), List.of(), 0);
      assertThat(SharedComparison.run(opened.blocking(), PATIENCE)).isEqualTo(clean);
      Map<MemoryId, String> found = new TreeMap<>();
      opened.blocking().search(SearchRequest.of("hit oboe lute horn", ADA))
          .forEach(hit -> found.put(hit.memory().id(), hit.memory().content()));
      assertThat(found).isEqualTo(live);
    }

    private @Nullable String contentOf(int item) {
      return switch (cell.kind) {
        case ADD -> "Bob is hit";
        case PUT, UPDATE -> "Ada is hit";
        case DELETE -> null;
        case BATCH -> BATCH.get(item);
      };
    }

    @Override
    public void close() {
      front.set(HttpFront.Fault.NONE);
      memory.close();
    }
  }
}
