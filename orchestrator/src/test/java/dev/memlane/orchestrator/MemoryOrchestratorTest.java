package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.memlane.model.Embedding;
import dev.memlane.model.Filter;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.MemoryWriteException;
import dev.memlane.model.Metadata;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.WriteOutcome;
import dev.memlane.model.store.VectorIndex;
import dev.memlane.orchestrator.internal.Futures;
import dev.memlane.testing.RandomFilters;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the orchestrator does for its users, on real stores. */
@Tag("programs")
class MemoryOrchestratorTest {

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

  private void reopen() {
    test.close();
    test = TestMemory.open(jdbcUrl, directory);
    memory = test.blocking;
  }

  @Test
  void addMemory_isGotFoundListedAndLogged() {
    NewMemory oboe = NewMemory.builder("I play the oboe", ADA.withRun("7")).actor("Ada").key("k")
        .metadata("topic", "music").occurredAt(Instant.parse("2026-03-01T10:00:00Z")).build();

    Memory added = memory.addMemory(oboe);

    assertThat(added).satisfies(stored -> {
      assertThat(stored.content()).isEqualTo("I play the oboe");
      assertThat(stored.scope()).isEqualTo(ADA.withRun("7"));
      assertThat(stored.actor()).isEqualTo("Ada");
      assertThat(stored.key()).isEqualTo("k");
      assertThat(stored.metadata()).isEqualTo(Metadata.of("topic", "music"));
      assertThat(stored.occurredAt()).isEqualTo(Instant.parse("2026-03-01T10:00:00Z"));
      assertThat(stored.version()).isEqualTo(1);
    });
    assertThat(memory.get(added.id())).contains(added);
    assertThat(memory.search(SearchRequest.of("oboe", ADA))).extracting(SearchHit::memory).containsExactly(added);
    assertThat(memory.search(SearchRequest.of("Ada", ADA))).as("the actor is searched as well").hasSize(1);
    assertThat(memory.search(SearchRequest.of("oboe", Scope.user("bob")))).isEmpty();
    assertThat(memory.list(ADA, null, null, 10).memories()).containsExactly(added);
    assertThat(memory.history(added.id())).containsExactly(new HistoryEntry(added.id(), added.op(), 1,
        HistoryEntry.Kind.ADD, null, "I play the oboe", null, added.metadata(), "Ada", added.createdAt()));
    assertThat(memory.verify(false)).isEqualTo(new VerifyReport(1, 1, 1, List.of(), 0));
  }

  @Test
  void addMemory_withoutAKey_neverReadsFirst() {
    memory.addMemory(NewMemory.of("one", ADA));

    assertThat(test.core.calls("read")).isZero();
    assertThat(test.core.calls("write")).isEqualTo(1);
  }

  @Test
  void addMemory_underATakenKey_answersWithTheMemoryThereAndEmbedsNothing() {
    NewMemory first = NewMemory.builder("I live in Paris", ADA).key("home").build();
    Memory added = memory.addMemory(first);
    int embedded = test.embedder.texts.get();

    Memory again = memory.addMemory(NewMemory.builder("I live in Rome", ADA).key("home").build());

    assertThat(again).isEqualTo(added);
    assertThat(test.embedder.texts.get()).isEqualTo(embedded);
    assertThat(memory.addMemory(NewMemory.builder("I live in Rome", Scope.user("bob")).key("home").build()).id())
        .isNotEqualTo(added.id());
    assertThat(memory.verify(false).isClean()).isTrue();
  }

  @Test
  void addMemory_underTheKeyOfADeletedMemory_saysSo() {
    NewMemory first = NewMemory.builder("I live in Paris", ADA).key("home").build();
    Memory added = memory.addMemory(first);
    memory.deleteMemory(MemoryDeletion.of(added.id()));

    assertThat(failure(() -> memory.addMemory(first))).isInstanceOf(WriteOutcome.WasDeleted.class);
  }

  @Test
  void memoriesThatOthersHaveLocked_holdUpNoOther() throws SQLException {
    List<Memory> locked = IntStream.range(0, 12)
        .mapToObj(i -> memory.addMemory(NewMemory.of("locked " + i, ADA))).toList();
    try (Connection other = DriverManager.getConnection(jdbcUrl); Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      statement.execute("select id from memlane.memory for update");
      List<CompletableFuture<Memory>> waiting = locked.stream()
          .map(each -> test.memory.updateMemory(MemoryUpdate.content(each.id(), "changed"))).toList();

      List<WriteOutcome> outcomes = memory
          .addMemories(IntStream.range(0, 200).mapToObj(i -> NewMemory.of("free " + i, ADA)).toList());

      assertThat(outcomes).allMatch(WriteOutcome.Stored.class::isInstance);
      assertThat(memory.search(SearchRequest.of("free", ADA))).isNotEmpty();
      other.commit();
      waiting.forEach(CompletableFuture::join);
    }
    assertThat(memory.verify(false).isClean()).isTrue();
  }

  @Test
  void addMemories_underOneKeyAtOnce_storeOneMemoryAndTellEveryone() {
    List<NewMemory> same = IntStream.range(0, 64)
        .mapToObj(i -> NewMemory.builder("attempt " + i, ADA).key("same").build()).toList();

    List<WriteOutcome> outcomes = memory.addMemories(same);

    Set<Memory> told = new HashSet<>();
    for (WriteOutcome outcome : outcomes) {
      told.add(switch (outcome) {
        case WriteOutcome.Stored stored -> stored.memory();
        case WriteOutcome.DuplicateOf duplicate -> duplicate.memory();
        default -> throw new AssertionError(outcome);
      });
    }
    assertThat(told).hasSize(1);
    assertThat(outcomes.stream().filter(WriteOutcome.Stored.class::isInstance)).hasSize(1);
    assertThat(memory.verify(false)).isEqualTo(new VerifyReport(1, 1, 1, List.of(), 0));
  }

  @Test
  void addMemories_withABadItem_failsItAloneAndKeepsTheOrder() {
    List<NewMemory> memories = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      // A vector of another dimension passes the builder, which knows no model.
      Embedding wrong = i % 100 == 50 ? new Embedding(test.embedder.model(), new float[]{1, 2, 3}) : null;
      memories.add(NewMemory.builder("number " + i, ADA).embedding(wrong).build());
    }

    List<WriteOutcome> outcomes = memory.addMemories(memories);

    for (int i = 0; i < 500; i++) {
      if (i % 100 == 50) {
        assertThat(outcomes.get(i)).isInstanceOf(WriteOutcome.Refused.class);
        assertThat(outcomes.get(i).describe()).contains("3 dimensions").contains("384");
      } else {
        String content = "number " + i;
        assertThat(outcomes.get(i)).isInstanceOfSatisfying(WriteOutcome.Stored.class,
            stored -> assertThat(stored.memory().content()).isEqualTo(content));
      }
    }
    assertThat(memory.verify(false)).isEqualTo(new VerifyReport(495, 495, 495, List.of(), 0));
  }

  @Test
  void updateMemory_changesContentInAllStores() {
    Memory added = memory.addMemory(NewMemory.builder("I live in Paris", ADA).metadata("a", 1).build());

    Memory updated = memory.updateMemory(MemoryUpdate.content(added.id(), "I live in Lisbon").by("Ada"));

    assertThat(updated.version()).isEqualTo(2);
    assertThat(updated.metadata()).isEqualTo(added.metadata());
    assertThat(updated.createdAt()).isEqualTo(added.createdAt());
    assertThat(memory.get(added.id())).contains(updated);
    assertThat(memory.search(SearchRequest.builder("Lisbon").scope(ADA).mode(SearchRequest.Mode.LEXICAL).build()))
        .extracting(SearchHit::memory).containsExactly(updated);
    assertThat(memory.search(SearchRequest.builder("Paris").scope(ADA).mode(SearchRequest.Mode.LEXICAL).build()))
        .isEmpty();
    assertThat(memory.history(added.id()).get(1)).satisfies(entry -> {
      assertThat(entry.oldContent()).isEqualTo("I live in Paris");
      assertThat(entry.newContent()).isEqualTo("I live in Lisbon");
      assertThat(entry.actor()).isEqualTo("Ada");
    });
    assertThat(memory.verify(false)).isEqualTo(new VerifyReport(1, 2, 1, List.of(), 0));
  }

  @Test
  void updateMemory_ofMetadataAlone_embedsNothingAndIsFiltered() {
    Memory added = memory.addMemory(NewMemory.builder("I live in Paris", ADA).metadata("a", 1).build());
    int embedded = test.embedder.texts.get();

    Memory updated = memory.updateMemory(MemoryUpdate.metadata(added.id(), Metadata.of("a", 2)));

    assertThat(test.embedder.texts.get()).isEqualTo(embedded);
    assertThat(memory.search(filtered("Paris", Filter.equal("a", 2)))).extracting(SearchHit::memory)
        .containsExactly(updated);
    assertThat(memory.search(filtered("Paris", Filter.equal("a", 1)))).isEmpty();
    assertThat(memory.verify(false).isClean()).isTrue();
  }

  @Test
  void updateMemory_expectingAnOlderState_isAConflictAndChangesNothing() {
    Memory added = memory.addMemory(NewMemory.of("one", ADA));
    Memory second = memory.updateMemory(MemoryUpdate.content(added.id(), "two").expecting(added.op()));

    assertThat(failure(() -> memory.updateMemory(MemoryUpdate.content(added.id(), "three").expecting(added.op()))))
        .isEqualTo(new WriteOutcome.Conflict(added.id(), added.op(), second.op()));
    assertThat(failure(() -> memory.deleteMemory(MemoryDeletion.of(added.id()).expecting(added.op()))))
        .isInstanceOf(WriteOutcome.Conflict.class);

    assertThat(memory.get(added.id())).contains(second);
  }

  @Test
  void updateMemory_afterADuplicateHasConfirmedIt_stillFitsTheExpectedOperation() {
    NewMemory keyed = NewMemory.builder("one", ADA).key("k").build();
    Memory added = memory.addMemory(keyed);
    memory.addMemory(keyed);

    assertThat(memory.updateMemory(MemoryUpdate.content(added.id(), "two").expecting(added.op())).content())
        .isEqualTo("two");
  }

  @Test
  void updatesOfOneMemoryAtOnce_allLandOneAfterTheOther() {
    Memory added = memory.addMemory(NewMemory.of("start", ADA));
    List<CompletableFuture<Memory>> updates = IntStream.range(0, 50)
        .mapToObj(i -> test.memory.updateMemory(MemoryUpdate.content(added.id(), "update " + i))).toList();

    updates.forEach(Futures::await);

    assertThat(memory.get(added.id()).orElseThrow().version()).isEqualTo(51);
    List<HistoryEntry> entries = memory.history(added.id());
    for (int i = 1; i < entries.size(); i++) {
      assertThat(entries.get(i).oldContent()).isEqualTo(entries.get(i - 1).newContent());
    }
    assertThat(memory.verify(false)).isEqualTo(new VerifyReport(1, 51, 1, List.of(), 0));
  }

  @Test
  void deleteMemory_isGoneAndItsHistoryStays() {
    Memory added = memory.addMemory(NewMemory.of("I live in Paris", ADA));

    memory.deleteMemory(MemoryDeletion.of(added.id()).by("Ada"));

    assertThat(memory.get(added.id())).isEmpty();
    assertThat(memory.search(SearchRequest.of("Paris", ADA))).isEmpty();
    assertThat(memory.history(added.id())).extracting(HistoryEntry::kind)
        .containsExactly(HistoryEntry.Kind.ADD, HistoryEntry.Kind.DELETE);
    assertThat(failure(() -> memory.deleteMemory(MemoryDeletion.of(added.id()))))
        .isInstanceOf(WriteOutcome.WasDeleted.class);
    assertThat(failure(() -> memory.updateMemory(MemoryUpdate.content(added.id(), "x"))))
        .isInstanceOf(WriteOutcome.WasDeleted.class);
    MemoryId unknown = new MemoryId(UUID.randomUUID());
    assertThat(failure(() -> memory.deleteMemory(MemoryDeletion.of(unknown))))
        .isEqualTo(new WriteOutcome.NotFound(unknown));
    assertThat(failure(() -> memory.updateMemory(MemoryUpdate.content(unknown, "x"))))
        .isEqualTo(new WriteOutcome.NotFound(unknown));
  }

  @Test
  void deleteAll_inScopeAndFilter_deletesJustThose(@TempDir Path other) {
    List<NewMemory> memories = IntStream.range(0, 2_300).mapToObj(
        i -> NewMemory.builder("number " + i, i % 23 == 0 ? Scope.user("bob") : ADA).metadata("even", i % 2 == 0)
            .build())
        .toList();
    try (TestMemory patient = TestMemory.patient(other)) {
      BlockingMemory many = patient.blocking;
      many.addMemories(memories);

      DeleteReport report = many.deleteAll(ADA, Filter.equal("even", true));

      assertThat(report).isEqualTo(new DeleteReport(1_100, 0, 0, List.of(), 0));
      assertThat(many.count(ADA, null)).isEqualTo(1_100);
      assertThat(many.count(Scope.user("bob"), null)).isEqualTo(100);
      assertThat(many.deleteAll(ADA, Filter.equal("even", true)).deleted()).isZero();
      assertThat(many.verify(false)).isEqualTo(new VerifyReport(1_200, 3_400, 1_200, List.of(), 0));
    }
  }

  @Test
  void list_whileOthersWrite_neverSkipsOrRepeatsWhatIsThereAllTheTime() {
    Set<MemoryId> there = new HashSet<>();
    memory.addMemories(IntStream.range(0, 200).mapToObj(i -> NewMemory.builder("kept " + i, ADA).key("k" + i).build())
        .toList()).forEach(outcome -> there.add(((WriteOutcome.Stored) outcome).memory().id()));
    List<MemoryId> listed = new ArrayList<>();
    List<CompletableFuture<Memory>> adds = new ArrayList<>();

    MemoryId next = null;
    int round = 0;
    do {
      for (int i = 0; i < 3; i++) {
        adds.add(test.memory.addMemory(NewMemory.builder("new " + round, ADA).key("new" + round++).build()));
      }
      Page page = memory.list(ADA, null, next, 7);
      page.memories().stream().map(Memory::id).filter(there::contains).forEach(listed::add);
      next = page.next();
    } while (next != null);

    adds.forEach(CompletableFuture::join);
    assertThat(listed).doesNotHaveDuplicates().hasSameElementsAs(there);
  }

  @ParameterizedTest
  @ValueSource(longs = {5, 6})
  void search_withAFilter_returnsAllThatPassHoweverFew(long seed) {
    Random random = new Random(seed);
    List<Memory> all = memory
        .addMemories(IntStream.range(0, 400).mapToObj(
            i -> NewMemory.builder("note " + i, ADA).metadata(RandomFilters.metadata(random))
                .occurredAt(RandomFilters.time(random)).build())
            .toList())
        .stream().map(outcome -> ((WriteOutcome.Stored) outcome).memory()).toList();

    for (int i = 0; i < 40; i++) {
      Filter filter = RandomFilters.filter(random, 2);
      for (SearchRequest.Mode mode : SearchRequest.Mode.values()) {
        List<SearchHit> hits = memory.search(
            SearchRequest.builder("note").scope(ADA).filter(filter).mode(mode).limit(400).build());
        assertThat(hits).as("seed %d, %s, %s", seed, mode, filter).extracting(SearchHit::memory)
            .containsExactlyInAnyOrderElementsOf(
                all.stream().filter(filter::matches).toList());
        assertThat(hits).allSatisfy(hit -> assertThat(hit.score()).isBetween(0.0, 1.0));
      }
    }
  }

  @Test
  void search_whereTheBestCandidatesAreGone_goesOnToTheNext() {
    memory.addMemories(IntStream.range(0, 60).mapToObj(i -> NewMemory.of("note " + i, ADA)).toList());
    List<SearchHit> ranked = memory.search(SearchRequest.builder("note").scope(ADA).limit(60).build());
    test.index.throwing("removeAll");
    ranked.subList(0, 40).forEach(hit -> memory.deleteMemory(MemoryDeletion.of(hit.memory().id())));

    List<SearchHit> hits = memory.search(SearchRequest.builder("note").scope(ADA).limit(5).build());

    assertThat(hits).isEqualTo(ranked.subList(40, 45));
  }

  @Test
  void search_readsFewMoreRowsThanItReturns() {
    memory.addMemories(IntStream.range(0, 60).mapToObj(i -> NewMemory.of("note " + i, ADA)).toList());
    List<Integer> read = new ArrayList<>();
    test.core.concerning(arguments -> {
      if (arguments[0] instanceof Collection<?> ids) {
        read.add(ids.size());
      }
      return false;
    });

    assertThat(memory.search(SearchRequest.builder("note").scope(ADA).limit(5).build())).hasSize(5);

    assertThat(read).containsExactly(10);
  }

  @Test
  void search_everywhere_hasToBeSaid() {
    memory.addMemory(NewMemory.of("I live in Paris", ADA));

    assertThatThrownBy(() -> SearchRequest.builder("Paris").build()).hasMessageContaining("everywhere");
    assertThat(memory.search(SearchRequest.builder("Paris").everywhere().build())).hasSize(1);
  }

  @Test
  void hostileTexts_areStoredAndFoundLiterally() {
    List<String> texts = List.of("\"quoted\" AND NOT (x OR y) +must -not field:value wild*card fuzzy~2 \\ /regex/",
        "'; drop table memory; --", "100% _under_ $1 ${x} {{y}} :name ?", "tab\there\u0001\u001f",
        "\uD83D\uDE80 \u4F60\u597D \u4E16\u754C and more",
        "a".repeat(Memory.LONGEST_CONTENT));
    for (String text : texts) {
      Memory added = memory.addMemory(NewMemory.builder(text, ADA).metadata(Metadata.of("text", text.substring(0, 10)))
          .build());
      assertThat(memory.get(added.id()).map(Memory::content)).contains(text);
      assertThat(memory.search(SearchRequest.of(text, ADA)).getFirst().memory()).isEqualTo(added);
      assertThat(memory.list(ADA, Filter.equal("text", text.substring(0, 10)), null, 10).memories())
          .containsExactly(added);
    }
  }

  @Test
  void expiredMemory_isFoundByNothing() {
    Memory added = memory.addMemory(
        NewMemory.builder("short-lived", ADA).expiresAt(Instant.parse("2020-01-01T00:00:00Z")).build());

    assertThat(memory.get(added.id())).isEmpty();
    assertThat(memory.search(SearchRequest.of("short-lived", ADA))).isEmpty();
    assertThat(memory.count(ADA, null)).isZero();
    assertThat(memory.verify(false).isClean()).isTrue();
  }

  @Test
  void expiredMemory_isFoundWhereAskedFor() {
    Memory expired = memory.addMemory(
        NewMemory.builder("short-lived", ADA).expiresAt(Instant.parse("0001-01-01T00:00:00Z")).build());
    Memory other = memory.addMemory(NewMemory.of("without expiry", ADA));

    assertThat(memory.get(expired.id(), Expired.INCLUDED)).contains(expired);
    assertThat(memory.count(ADA, null, Expired.INCLUDED)).isEqualTo(2);
    assertThat(memory.list(ADA, null, null, 10, Expired.INCLUDED).memories())
        .containsExactlyInAnyOrder(expired, other);
    assertThat(memory.list(ADA, null, null, 10, Expired.LEFT_OUT).memories()).containsExactly(other);
  }

  @Test
  void reopening_findsEverything() {
    Memory kept = memory.addMemory(NewMemory.of("I live in Paris", ADA));
    Memory changed = memory.addMemory(NewMemory.of("I play the oboe", ADA));
    changed = memory.updateMemory(MemoryUpdate.content(changed.id(), "I play the lute"));
    Memory gone = memory.addMemory(NewMemory.of("I have a cat", ADA));
    memory.deleteMemory(MemoryDeletion.of(gone.id()));

    reopen();

    assertThat(memory.list(ADA, null, null, 10).memories()).containsExactlyInAnyOrder(kept, changed);
    assertThat(memory.search(SearchRequest.of("lute", ADA)).getFirst().memory()).isEqualTo(changed);
    assertThat(memory.verify(false)).isEqualTo(new VerifyReport(2, 5, 2, List.of(), 0));
  }

  @Test
  void opening_withoutTheIndex_bringsItBackWithoutEmbedding(@TempDir Path other) {
    memory.addMemories(IntStream.range(0, 3_000).mapToObj(i -> NewMemory.of("number " + i, ADA)).toList());
    test.close();
    List<Long> progress = new ArrayList<>();

    test = TestMemory.open(jdbcUrl, other);
    memory = test.blocking;

    assertThat(test.embedder.texts.get()).isZero();
    assertThat(memory.verify(false)).isEqualTo(new VerifyReport(3_000, 3_000, 3_000, List.of(), 0));
    Futures.await(test.engine.start((done, total) -> progress.add(done)));
    assertThat(progress).last().isEqualTo(3_000L);
  }

  @Test
  void opening_withAnIndexThatDiffers_makesItAgree() {
    Memory missing = memory.addMemory(NewMemory.of("missing in the index", ADA));
    Memory stale = memory.addMemory(NewMemory.of("stale in the index", ADA));
    Memory unknown = memory.addMemory(NewMemory.of("unknown to core", ADA));
    test.index.throwing("remove");
    test.index.throwing("retain");
    stale = memory.updateMemory(MemoryUpdate.content(stale.id(), "changed in core"));
    test.heal();
    test.index.throwing("removeAll");
    test.index.throwing("put");
    memory.deleteMemory(MemoryDeletion.of(unknown.id()));
    assertThat(memory.verify(false).isClean()).isFalse();
    test.heal();
    test.close();
    // A commit by anybody but an orchestrator has no checkpoint, so the opening compares everything.
    try (VectorIndex index = test.openIndex(directory)) {
      Futures.await(index.removeAll(missing.id()));
    }

    test = TestMemory.open(jdbcUrl, directory);
    memory = test.blocking;

    assertThat(memory.verify(false)).isEqualTo(new VerifyReport(2, 5, 2, List.of(), 0));
    assertThat(memory.search(SearchRequest.of("missing", ADA))).extracting(SearchHit::memory)
        .contains(missing, stale);
  }

  @Test
  void embedderThatFails_refusesTheWriteAndNothingIsWritten() {
    test.embedder.failing.set(true);

    assertThat(failure(() -> memory.addMemory(NewMemory.of("one", ADA)))).isInstanceOfSatisfying(
        WriteOutcome.Refused.class, refused -> assertThat(refused.reason()).contains("no power"));

    assertThat(memory.verify(false)).isEqualTo(new VerifyReport(0, 0, 0, List.of(), 0));
    test.embedder.failing.set(false);
    assertThat(memory.addMemory(NewMemory.of("one", ADA)).version()).isEqualTo(1);
  }

  @Test
  @Timeout(120)
  void closed_refusesClearly() {
    test.memory.close();

    List<NewMemory> many = Collections.nCopies(20_000, NewMemory.of("one of many", ADA));
    assertThat(memory.addMemories(many)).hasSize(20_000).allSatisfy(outcome -> assertThat(outcome)
        .isInstanceOfSatisfying(WriteOutcome.Refused.class,
            refused -> assertThat(refused.reason()).contains("closed")));

    assertThat(failure(() -> memory.addMemory(NewMemory.of("one", ADA)))).isInstanceOfSatisfying(
        WriteOutcome.Refused.class, refused -> assertThat(refused.reason()).contains("closed"));
    assertThatThrownBy(() -> memory.count(null, null)).isInstanceOf(StoreException.class)
        .hasMessageContaining("closed");
  }

  @Test
  @Timeout(120)
  void cancellingAFuture_leavesTheWriteWhole() {
    CompletableFuture<Memory> future = test.memory.addMemory(NewMemory.builder("one", ADA).key("k").build());
    future.cancel(true);

    Memory there = memory.addMemory(NewMemory.builder("one", ADA).key("k").build());

    assertThat(memory.get(there.id())).isEqualTo(Optional.of(there));
    while (memory.statistics().writesInFlight() > 0) {
      // The write whose future was cancelled goes on, and may still be removing its document.
      Thread.onSpinWait();
    }
    assertThat(memory.verify(false)).isEqualTo(new VerifyReport(1, 1, 1, List.of(), 0));
  }

  @Test
  void callbacks_thatBlock_holdUpNobody() {
    List<CompletableFuture<Memory>> chained = IntStream.range(0, 20)
        .mapToObj(i -> test.memory.addMemory(NewMemory.of("number " + i, ADA)).thenApply(added -> {
          memory.search(SearchRequest.of("number", ADA));
          return memory.updateMemory(MemoryUpdate.content(added.id(), "changed " + i));
        })).toList();

    assertThat(chained).allSatisfy(future -> assertThat(future).succeedsWithin(Duration.ofSeconds(60)));
    assertThat(memory.verify(false)).isEqualTo(new VerifyReport(20, 40, 20, List.of(), 0));
  }

  @Test
  void getAndHistory_ofAnUnknownMemory_areEmpty() {
    MemoryId unknown = new MemoryId(UUID.randomUUID());

    assertThat(memory.get(unknown)).isEmpty();
    assertThat(memory.history(unknown)).isEmpty();
  }

  private static SearchRequest filtered(String query, Filter filter) {
    return SearchRequest.builder(query).scope(ADA).filter(filter).build();
  }

  private static WriteOutcome failure(ThrowingCallable call) {
    return catchThrowableOfType(MemoryWriteException.class, call).outcome();
  }
}
