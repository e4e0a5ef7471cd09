package dev.memlane.orchestrator.internal.follow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.Memory;
import dev.memlane.model.MemoryWriteException;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreResult;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.SearchHit;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.orchestrator.Statistics;
import dev.memlane.orchestrator.TestMemory;
import dev.memlane.orchestrator.Until;
import dev.memlane.orchestrator.VerifyReport;
import dev.memlane.orchestrator.internal.Futures;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An index that fails while it is in use, and is empty when it is open again. */
@Tag("programs")
class ReopeningIndexTest {

  private static final Scope ADA = Scope.user("ada");

  @TempDir
  private Path folder;

  private TestMemory test;

  @BeforeEach
  void open() {
    test = TestMemory.open(folder.resolve("index"));
  }

  @AfterEach
  void close() {
    test.close();
  }

  @Test
  void breakdown_whileOpeningFails_refusesWritesAndSearchesClearly() {
    Memory memory = test.blocking.addMemory(NewMemory.of("Ada plays the oboe", ADA));
    AtomicBoolean repaired = new AtomicBoolean();
    test.reopening = repaired::get;
    test.index.breakDown();

    assertThatThrownBy(() -> test.blocking.search(SearchRequest.of("oboe", ADA))).isInstanceOf(StoreException.class)
        .hasMessageContaining("being opened again");
    assertThatThrownBy(() -> test.blocking.addMemory(NewMemory.of("Ada plays the lute", ADA)))
        .isInstanceOfSatisfying(MemoryWriteException.class, failure -> assertThat(failure.outcome())
            .isInstanceOf(WriteOutcome.RolledBack.class).extracting(WriteOutcome::describe).asString()
            .contains("being opened again"));
    assertThat(test.blocking.get(memory.id())).contains(memory);

    repaired.set(true);
    Until.isTrue("it is whole again", () -> test.memory.search(SearchRequest.of("oboe", ADA))
        .handle((hits, failure) -> failure == null && hits.size() == 1 && hits.getFirst().memory().equals(memory))
        .join());
    assertThat(test.blocking.verify(false)).isEqualTo(new VerifyReport(1, 1, 1, List.of(), 0));
  }

  @Test
  void statistics_whileTheIndexIsShut_tellTheRestAndWhyItIs() {
    test.blocking.addMemory(NewMemory.of("Ada plays the oboe", ADA));
    AtomicBoolean repaired = new AtomicBoolean();
    test.reopening = repaired::get;
    test.index.breakDown();

    Statistics shut = test.blocking.statistics();

    assertThat(shut.memories()).isEqualTo(1);
    assertThat(shut.entries()).isEqualTo(1);
    assertThat(shut.index()).isNull();
    assertThat(shut.indexProblem()).contains("being opened again");
    repaired.set(true);
    Until.isTrue("it is whole again", () -> test.blocking.statistics().index() != null);
    assertThat(test.blocking.statistics().indexProblem()).isNull();
  }

  @Test
  void breakdown_afterThePutAndBeforeTheLanding_isPutAgain() {
    CompletableFuture<StoreResult> landing = new CompletableFuture<>();
    test.core.holding("write", landing);
    CompletableFuture<?> put = test.index.nextAnswer("put");
    CompletableFuture<Memory> answer = test.memory.addMemory(NewMemory.of("Ada plays the oboe", ADA));
    put.join();
    test.index.breakDown();
    // The failure is noticed at the next call; the comparison finds nothing, because nothing has landed.
    Until.isTrue("the index is whole again, and empty", () -> test.memory.search(SearchRequest.of("oboe", ADA))
        .handle((hits, failure) -> failure == null).join());

    landing.complete(null);

    Memory memory = Futures.await(answer);
    assertThat(test.blocking.search(SearchRequest.of("oboe", ADA))).extracting(SearchHit::memory)
        .containsExactly(memory);
    assertThat(test.blocking.verify(false)).isEqualTo(new VerifyReport(1, 1, 1, List.of(), 0));
  }

  @Test
  void breakdowns_whileManyWrite_loseNothingThatWasAcknowledged() {
    List<CompletableFuture<List<WriteOutcome>>> answers = new ArrayList<>();
    for (int batch = 0; batch < 12; batch++) {
      List<NewMemory> memories = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        memories.add(NewMemory.of("number " + batch + " " + i, ADA));
      }
      answers.add(test.memory.addMemories(memories));
      if (batch % 4 == 3) {
        test.index.breakDown();
      }
    }
    List<Memory> stored = answers.stream().flatMap(answer -> Futures.await(answer).stream())
        .filter(WriteOutcome.Stored.class::isInstance).map(outcome -> ((WriteOutcome.Stored) outcome).memory())
        .toList();
    Futures.await(test.memory.awaitSettled());
    Until.isTrue("the index is whole again", () -> test.memory.search(SearchRequest.of("number", ADA))
        .handle((hits, failure) -> failure == null).join());

    assertThat(test.blocking.verify(false).inconsistencies()).isEmpty();
    assertThat(test.blocking.count(ADA, null)).isGreaterThanOrEqualTo(stored.size());
    for (Memory memory : stored) {
      assertThat(test.blocking.get(memory.id())).contains(memory);
    }
  }
}
