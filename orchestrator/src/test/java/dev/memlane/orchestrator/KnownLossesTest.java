package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.MemoryWriteException;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import dev.memlane.model.store.Operation;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What other memory layers were seen to lose, each as a test that nothing is lost here. */
@Tag("programs")
class KnownLossesTest {

  private static final Scope ADA = Scope.user("ada");

  @TempDir
  Path directory;

  private String jdbcUrl;
  private TestMemory test;
  private BlockingMemory memory;

  @BeforeEach
  void open() {
    jdbcUrl = TestMemory.freshDatabase();
    test = TestMemory.open(jdbcUrl, directory);
    memory = test.blocking;
  }

  @AfterEach
  void close() {
    test.close();
  }

  /**
   * mem0 writes the vector first and the history last and takes nothing back: when the history fails, the call fails, and
   * the change is there all the same, without an entry.
   */
  @ParameterizedTest
  @EnumSource(Operation.Kind.class)
  void historyThatFails_leavesNothingHalfDone(Operation.Kind kind) throws SQLException {
    Memory before = memory.addMemory(NewMemory.of("Ada plays the oboe", ADA));
    execute("alter table memlane.history add constraint broken check (op = '" + before.op().value() + "')");

    MemoryWriteException failure = Objects.requireNonNull(catchThrowableOfType(MemoryWriteException.class, () -> {
      switch (kind) {
        case ADD -> memory.addMemory(NewMemory.of("Ada plays the lute", ADA));
        case UPDATE -> memory.updateMemory(MemoryUpdate.content(before.id(), "Ada plays the lute"));
        case DELETE -> memory.deleteMemory(MemoryDeletion.of(before.id()));
      }
    }));

    assertThat(failure.outcome()).isInstanceOf(WriteOutcome.RolledBack.class);
    assertThat(memory.list(null, null, null, 10).memories()).containsExactly(before);
    assertThat(memory.search(SearchRequest.of("lute oboe", ADA))).extracting(SearchHit::memory).containsExactly(before);
    assertThat(memory.verify(false)).isEqualTo(new VerifyReport(1, 1, 1, List.of(), 0));
  }

  /** mem0 reports three adds for a batch of three of which one could not be embedded, and stores two. */
  @Test
  void itemThatCannotBeEmbedded_failsAlone_andTheOutcomesSayWhich() {
    test.embedder.failingOn = text -> text.contains("poison");

    assertOnlyTheSecondFails(WriteOutcome.Refused.class);
  }

  /** The same, with an item that the database does not take. */
  @Test
  void itemThatTheDatabaseRefuses_failsAlone_andTheOutcomesSayWhich() throws SQLException {
    execute("alter table memlane.memory add constraint broken check (content not like '%poison%')");

    assertOnlyTheSecondFails(WriteOutcome.RolledBack.class);
  }

  private void assertOnlyTheSecondFails(Class<? extends WriteOutcome> how) {
    List<WriteOutcome> outcomes = memory.addMemories(List.of(NewMemory.of("Ada plays the oboe", ADA),
        NewMemory.of("poison", ADA), NewMemory.of("Ada plays the lute", ADA)));

    assertThat(outcomes).hasSize(3);
    assertThat(outcomes.get(0)).isInstanceOf(WriteOutcome.Stored.class);
    assertThat(outcomes.get(1)).isInstanceOf(how);
    assertThat(outcomes.get(2)).isInstanceOf(WriteOutcome.Stored.class);
    assertThat(memory.list(null, null, null, 10).memories()).extracting(Memory::content)
        .containsExactlyInAnyOrder("Ada plays the oboe", "Ada plays the lute");
    assertThat(memory.verify(false)).isEqualTo(new VerifyReport(2, 2, 2, List.of(), 0));
  }

  /** mem0 stores nine memories where three calls at once add the same three. */
  @ParameterizedTest
  @ValueSource(ints = {3, 64})
  void identicalAddsAtOnce_storeOneMemory_andEveryCallerIsToldWhich(int callers) throws Exception {
    List<Memory> told = atOnce(callers,
        caller -> List
            .of(memory.addMemory(NewMemory.builder("as caller " + caller + " says", ADA).key("same").build())));

    Memory stored = memory.get(MemoryId.derive(ADA, "same")).orElseThrow();
    assertThat(told).hasSize(callers).containsOnly(stored);
    assertThat(memory.verify(false)).isEqualTo(new VerifyReport(1, 1, 1, List.of(), 0));
  }

  /** LangChain4j's Lucene store grows by one document where eight threads add 500 each, and throws nothing. */
  @Test
  void addsFromEightThreads_areAllInTheIndex_alsoAfterOpeningAgain() throws Exception {
    List<Memory> told = atOnce(8, caller -> {
      List<Memory> own = new ArrayList<>();
      for (int i = 0; i < 500; i++) {
        own.add(memory.addMemory(NewMemory.of("note " + i + " of thread " + caller, ADA)));
      }
      return own;
    });

    Set<MemoryId> ids = new HashSet<>();
    told.forEach(each -> ids.add(each.id()));
    assertThat(ids).hasSize(4_000);
    VerifyReport all = new VerifyReport(4_000, 4_000, 4_000, List.of(), 0);
    assertThat(memory.verify(false)).isEqualTo(all);

    test.close();
    test = TestMemory.open(jdbcUrl, directory);
    memory = test.blocking;

    assertThat(test.index.calls("put")).as("the index had kept them itself").isZero();
    assertThat(memory.verify(false)).isEqualTo(all);
    assertThat(memory.search(SearchRequest.of("note 77 of thread 3", ADA)).getFirst().memory().content())
        .isEqualTo("note 77 of thread 3");
  }

  private interface Caller {
    List<Memory> call(int number) throws Exception;
  }

  /** The outcomes of calls that begin at the same time. */
  private static List<Memory> atOnce(int callers, Caller caller) throws Exception {
    CountDownLatch ready = new CountDownLatch(callers);
    try (ExecutorService threads = Executors.newFixedThreadPool(callers)) {
      List<Callable<List<Memory>>> calls = new ArrayList<>();
      for (int i = 0; i < callers; i++) {
        int number = i;
        calls.add(() -> {
          ready.countDown();
          ready.await();
          return caller.call(number);
        });
      }
      List<Memory> told = new ArrayList<>();
      for (Future<List<Memory>> each : threads.invokeAll(calls, 60, TimeUnit.SECONDS)) {
        told.addAll(each.get());
      }
      return told;
    }
  }

  private void execute(String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(jdbcUrl);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
