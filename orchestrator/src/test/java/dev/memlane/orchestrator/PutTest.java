package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.Embedding;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.TimeOrder;
import dev.memlane.model.WriteOutcome;
import dev.memlane.model.store.CoreRow;
import dev.memlane.orchestrator.internal.Futures;
import dev.memlane.storage.postgres.Database;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Puts: memories that are stored under their keys, whatever is there. */
@Tag("programs")
class PutTest {

  private static final Scope ADA = Scope.user("ada");
  private static final Scope ONCE = Scope.user("once");
  /** How many puts under one key are under way at once. */
  private static final int PUTS = 16;
  private static final Instant MONDAY = Instant.parse("2026-03-02T09:00:00Z");
  private static final Instant FAR = Instant.parse("2126-03-02T09:00:00Z");

  @TempDir
  private Path folder;

  private String jdbcUrl;
  private TestMemory test;
  private BlockingMemory memory;

  @BeforeEach
  void open() {
    jdbcUrl = TestMemory.freshDatabase();
    test = TestMemory.unique(jdbcUrl, folder.resolve("index"), ONCE::equals);
    memory = test.blocking;
  }

  @AfterEach
  void close() {
    test.close();
  }

  private static NewMemory.Builder keyed(String content) {
    return NewMemory.builder(content, ADA).key("instrument");
  }

  private Memory stored(WriteOutcome outcome) {
    assertThat(outcome).isInstanceOf(WriteOutcome.Stored.class);
    return ((WriteOutcome.Stored) outcome).memory();
  }

  private Memory replaced(WriteOutcome outcome) {
    assertThat(outcome).isInstanceOf(WriteOutcome.Replaced.class);
    return ((WriteOutcome.Replaced) outcome).memory();
  }

  private Embedding vectorOf(MemoryId id) {
    CoreRow row = Objects.requireNonNull(Futures.await(test.core.store().read(List.of(id), true)).get(id));
    return Objects.requireNonNull(row.embedding());
  }

  private static Embedding vector(String text) {
    HashEmbedder embedder = new HashEmbedder();
    return new Embedding(embedder.model(), embedder.embed(List.of(text)).join().getFirst());
  }

  @Test
  void put_underANewKey_isStored() {
    Memory put = stored(memory.put(keyed("Ada plays the oboe").metadata("level", 3).build()));

    assertThat(put.id()).isEqualTo(MemoryId.derive(ADA, "instrument"));
    assertThat(put.version()).isEqualTo(1);
    assertThat(memory.get(put.id())).contains(put);
    assertThat(memory.search(SearchRequest.of("oboe", ADA))).extracting(SearchHit::memory).containsExactly(put);
    assertThat(memory.verify(false)).isEqualTo(new VerifyReport(1, 1, 1, List.of(), 0));
  }

  @Test
  void put_overAnotherState_replacesAllOfItButTheTimeOfItsCreation() {
    Memory first = stored(memory.put(keyed("Ada plays the oboe").actor("Ada").metadata("level", 3).occurredAt(MONDAY)
        .expiresAt(FAR).build()));

    Memory second = replaced(memory.put(keyed("She plays the lute").actor("Bob").metadata("teacher", "Eve").build()));

    assertThat(second).isEqualTo(new Memory(first.id(), ADA, "instrument", "Bob", "She plays the lute",
        keyed("x").metadata("teacher", "Eve").build().metadata(), null, first.createdAt(), second.updatedAt(), null, 2,
        second.op()));
    assertThat(second.updatedAt()).isAfter(first.updatedAt());
    assertThat(memory.get(first.id())).contains(second);
    assertThat(vectorOf(first.id())).isEqualTo(vector("Bob: She plays the lute"));
    assertThat(memory.search(SearchRequest.of("lute", ADA))).extracting(SearchHit::memory).containsExactly(second);
    assertThat(memory.history(first.id())).extracting(HistoryEntry::kind).containsExactly(HistoryEntry.Kind.ADD,
        HistoryEntry.Kind.UPDATE);
    assertThat(memory.history(first.id()).getLast().actor()).isEqualTo("Bob");
    assertThat(memory.verify(false)).isEqualTo(new VerifyReport(1, 2, 1, List.of(), 0));
  }

  @Test
  void put_ofTheSameState_isADuplicateThatEmbedsAndWritesNothing() {
    NewMemory same = keyed("Ada plays the oboe").actor("Ada").metadata("level", 3).occurredAt(MONDAY).expiresAt(FAR)
        .build();
    Memory first = stored(memory.put(same));
    int texts = test.embedder.texts.get();
    int writes = test.core.calls("write");

    assertThat(memory.put(same)).isEqualTo(new WriteOutcome.DuplicateOf(first));
    assertThat(memory.put(withVector(same, vector("Ada: Ada plays the oboe"))))
        .isEqualTo(new WriteOutcome.DuplicateOf(first));

    assertThat(test.embedder.texts.get()).isEqualTo(texts);
    assertThat(test.core.calls("write")).isEqualTo(writes);
    assertThat(test.core.calls("confirm")).isEqualTo(2);
    assertThat(memory.history(first.id())).hasSize(1);
  }

  @Test
  void putAndAdd_ofWhatCannotBeConfirmed_pauseBetweenTheirAttempts() {
    Duration deadline = Duration.ofSeconds(1);
    // As many as fit with the pauses of 50 ms; the first two may come at once, and the last one at the deadline.
    int most = 23;
    try (TestMemory hurried = TestMemory.open(Database.builder(TestMemory.freshDatabase()), folder.resolve("hurried"),
        deadline, Duration.ofSeconds(60))) {
      NewMemory same = keyed("Ada plays the oboe").build();
      stored(hurried.blocking.put(same));
      hurried.core.neverDoing("confirm");

      assertThat(hurried.blocking.put(same)).isInstanceOf(WriteOutcome.Refused.class).asString()
          .contains("could not be confirmed");
      int confirmed = hurried.core.calls("confirm");
      assertThat(confirmed).isBetween(2, most);

      assertThat(hurried.blocking.add(same)).isInstanceOf(WriteOutcome.Refused.class);
      assertThat(hurried.core.calls("confirm") - confirmed).isBetween(2, most);

      hurried.heal();
      assertThat(hurried.blocking.put(same)).isInstanceOf(WriteOutcome.DuplicateOf.class);
    }
  }

  private static NewMemory withVector(NewMemory memory, Embedding vector) {
    return new NewMemory(memory.content(), memory.scope(), memory.key(), memory.actor(), memory.metadata(),
        memory.occurredAt(), memory.expiresAt(), vector, memory.revive());
  }

  @Test
  void put_thatDiffersInOneValue_replaces() {
    NewMemory first = keyed("Ada plays the oboe").actor("Ada").metadata("level", 3).occurredAt(MONDAY).expiresAt(FAR)
        .build();
    List<NewMemory> others = List.of(keyed("Ada plays the lute").actor("Ada").metadata("level", 3).occurredAt(MONDAY)
        .expiresAt(FAR).build(),
        keyed("Ada plays the oboe").actor("Bob").metadata("level", 3).occurredAt(MONDAY).expiresAt(FAR).build(),
        keyed("Ada plays the oboe").actor("Ada").metadata("level", "3").occurredAt(MONDAY).expiresAt(FAR).build(),
        keyed("Ada plays the oboe").actor("Ada").metadata("level", 3).occurredAt(MONDAY.plusNanos(1_000)).expiresAt(FAR)
            .build(),
        keyed("Ada plays the oboe").actor("Ada").metadata("level", 3).occurredAt(MONDAY).build(),
        withVector(first, vector("another text")));
    stored(memory.put(first));

    for (NewMemory other : others) {
      replaced(memory.put(other));
      assertThat(memory.put(other)).isInstanceOf(WriteOutcome.DuplicateOf.class);
      replaced(memory.put(withVector(first, vector("Ada: Ada plays the oboe"))));
    }
    assertThat(memory.verify(false)).isEqualTo(new VerifyReport(1, 1 + 2 * others.size(), 1, List.of(), 0));
  }

  @Test
  void put_ofTheSameText_keepsItsVectorUnlessOneIsGiven() {
    Embedding own = vector("another text");
    Memory first = stored(memory.put(keyed("Ada plays the oboe").embedding(own).build()));

    replaced(memory.put(keyed("Ada plays the oboe").metadata("level", 4).build()));
    assertThat(vectorOf(first.id())).isEqualTo(own);
    assertThat(test.embedder.texts.get()).as("nothing had to be embedded").isZero();

    Embedding other = vector("a third text");
    replaced(memory.put(keyed("Ada plays the oboe").metadata("level", 4).embedding(other).build()));
    assertThat(vectorOf(first.id())).isEqualTo(other);
    assertThat(memory.verify(false).isClean()).isTrue();
  }

  @Test
  void put_afterADeletion_isStoredAgain() {
    Memory first = stored(memory.put(keyed("Ada plays the oboe").build()));
    memory.deleteMemory(MemoryDeletion.of(first.id()));

    Memory again = stored(memory.put(keyed("Ada plays the oboe").build()));

    assertThat(again.version()).isEqualTo(3);
    assertThat(again.createdAt()).as("the time of its revival").isAfter(first.createdAt());
    assertThat(memory.search(SearchRequest.of("oboe", ADA))).extracting(SearchHit::memory).containsExactly(again);
    assertThat(memory.verify(false)).isEqualTo(new VerifyReport(1, 3, 1, List.of(), 0));
  }

  @Test
  void put_afterAnErasure_isStoredAgain() {
    Memory first = stored(memory.put(keyed("Ada plays the oboe").build()));
    memory.deleteMemory(MemoryDeletion.of(first.id()).purgingHistory());

    Memory again = stored(memory.put(keyed("Ada plays the lute").build()));

    assertThat(memory.get(first.id())).contains(again);
    assertThat(memory.verify(false).isClean()).isTrue();
  }

  @Test
  void put_whoseAnswerIsLost_isToldTheTruth_andItsRetryIsADuplicate() {
    Memory first = stored(memory.put(keyed("Ada plays the oboe").build()));
    test.core.losingAnswers("write");
    test.history.losingAnswers("write");
    NewMemory lute = keyed("Ada plays the lute").build();

    Memory second = replaced(memory.put(lute));
    assertThat(test.core.calls("fence")).isPositive();

    assertThat(memory.put(lute)).isEqualTo(new WriteOutcome.DuplicateOf(second));
    assertThat(memory.history(first.id())).hasSize(2);
  }

  @Test
  void put_whenTheIndexFails_isRolledBackToTheOldState() {
    Memory first = stored(memory.put(keyed("Ada plays the oboe").metadata("level", 3).build()));
    test.index.refusingAfter("put", test.core.nextAnswer("write"));

    WriteOutcome outcome = memory.put(keyed("Ada plays the lute").build());

    assertThat(outcome).isInstanceOf(WriteOutcome.RolledBack.class);
    assertThat(test.core.calls("undo")).isEqualTo(1);
    test.heal();
    assertThat(memory.get(first.id())).contains(first);
    assertThat(vectorOf(first.id())).isEqualTo(vector("Ada plays the oboe"));
    assertThat(memory.search(SearchRequest.of("oboe lute", ADA))).extracting(SearchHit::memory).containsExactly(first);
    assertThat(memory.verify(false)).isEqualTo(new VerifyReport(1, 1, 1, List.of(), 0));
    replaced(memory.put(keyed("Ada plays the lute").build()));
  }

  @Test
  void put_whoseIndexHangs_isUnsettledAndCanBeAskedFor() {
    stored(memory.put(keyed("Ada plays the oboe").build()));
    test.index.neverDoing("put");

    WriteOutcome outcome = memory.put(keyed("Ada plays the lute").build());

    assertThat(outcome).isInstanceOfSatisfying(WriteOutcome.Unsettled.class, unsettled -> {
      test.heal();
      assertThat(memory.hasLanded(unsettled.id(), unsettled.op())).isTrue();
    });
    Futures.await(test.memory.awaitSettled());
    assertThat(memory.search(SearchRequest.of("lute", ADA))).extracting(hit -> hit.memory().content())
        .containsExactly("Ada plays the lute");
    assertThat(memory.verify(false)).isEqualTo(new VerifyReport(1, 2, 1, List.of(), 0));
  }

  @Test
  void put_withAVectorOfAnotherModel_isRefused() {
    Memory first = stored(memory.put(keyed("Ada plays the oboe").build()));

    WriteOutcome outcome = memory.put(keyed("Ada plays the oboe").embedding(new Embedding("other", new float[]{1}))
        .build());

    assertThat(outcome).isInstanceOf(WriteOutcome.Refused.class);
    assertThat(outcome.describe()).contains("nothing was written", "leave the vector out");
    assertThat(memory.get(first.id())).contains(first);
  }

  @Test
  void put_ofATextThatCannotBeEmbedded_isRefusedAndTheOldStateStays() {
    Memory first = stored(memory.put(keyed("Ada plays the oboe").build()));
    test.embedder.failingOn = text -> text.contains("lute");

    assertThat(memory.put(keyed("Ada plays the lute").build())).isInstanceOf(WriteOutcome.Refused.class);

    assertThat(memory.get(first.id())).contains(first);
  }

  @Test
  void put_withoutAKey_saysWhatToDo() {
    assertThatThrownBy(() -> memory.put(NewMemory.of("Ada plays the oboe", ADA)))
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("the memory has no key")
        .hasMessageContaining("give it one, or add it instead");
    assertThatThrownBy(() -> memory.putMemories(
        List.of(keyed("Ada plays the oboe").build(), NewMemory.of("Ada plays the lute", ADA))))
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("memory 2 of the list has no key");
    assertThat(memory.count(null, null)).as("nothing is stored").isZero();
  }

  @Test
  void putMemories_storesEachAndTheLastOfEqualKeysStays() {
    stored(memory.put(keyed("Ada plays the oboe").build()));
    List<NewMemory> batch = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      batch.add(keyed("Ada plays instrument " + i).build());
      batch.add(NewMemory.builder("note " + i, ADA).key("note " + i).build());
    }
    batch.add(keyed("Ada plays instrument 29").build());

    List<WriteOutcome> outcomes = memory.putMemories(batch);

    assertThat(outcomes).hasSize(61);
    for (int i = 0; i < 30; i++) {
      assertThat(replaced(outcomes.get(2 * i)).version()).as("in their order").isEqualTo(i + 2);
      assertThat(stored(outcomes.get(2 * i + 1)).content()).isEqualTo("note " + i);
    }
    assertThat(outcomes.getLast()).isInstanceOf(WriteOutcome.DuplicateOf.class);
    assertThat(memory.get(MemoryId.derive(ADA, "instrument"))).map(Memory::content).contains("Ada plays instrument 29");
    assertThat(memory.listByTime(ADA, null, TimeOrder.OLDEST_FIRST, null, 100).memories())
        .filteredOn(each -> each.content().startsWith("note")).extracting(Memory::content)
        .isEqualTo(IntStream.range(0, 30).mapToObj(i -> "note " + i).toList());
    assertThat(memory.verify(false)).isEqualTo(new VerifyReport(31, 61, 31, List.of(), 0));
    assertThat(memory.putMemories(List.of())).isEmpty();
  }

  @Test
  void putMemories_ofOneKeyOfWhichTheFirstIsEmbeddedLast_areStoredInTurn() {
    test.embedder.hangingOn = "first"::equals;
    NewMemory other = withVector(NewMemory.builder("another key", ADA).key("another").build(), vector("another key"));
    CompletableFuture<List<WriteOutcome>> puts = test.memory.putMemories(
        List.of(keyed("first").build(), withVector(keyed("second").build(), vector("second")), other));
    Until.isTrue("what waits for nothing is stored",
        () -> memory.get(MemoryId.derive(ADA, "another")).isPresent());
    test.embedder.release.complete(null);

    assertThat(puts.join()).extracting(WriteOutcome::name).containsExactly("stored", "replaced", "stored");
    assertThat(memory.get(MemoryId.derive(ADA, "instrument"))).map(Memory::content).contains("second");
  }

  @Test
  void putMemories_withOneThatFails_storesTheOthers() {
    test.embedder.failingOn = text -> text.contains("lute");

    List<WriteOutcome> outcomes = memory.putMemories(List.of(keyed("Ada plays the oboe").build(),
        NewMemory.builder("Bob plays the lute", ADA).key("bob").build(),
        NewMemory.builder("Eve plays the horn", ADA).key("eve").build()));

    assertThat(outcomes).extracting(WriteOutcome::name).containsExactly("stored", "refused", "stored");
  }

  @Test
  void puts_ofTwoProcessesAtOnce_areEachToldTheTruth() {
    // All of them wait for one another, which takes long on a busy machine.
    Engine.Settings patient = new Engine.Settings(Duration.ofMinutes(5), 10_000, 1_000, Duration.ofMillis(20),
        Duration.ofDays(30), Duration.ZERO, scope -> false);
    try (TestMemory one = TestMemory.open(jdbcUrl, folder.resolve("one"), patient, InstantSource.system());
        TestMemory other = TestMemory.open(jdbcUrl, folder.resolve("other"), patient, InstantSource.system())) {
      List<CompletableFuture<WriteOutcome>> puts = new ArrayList<>();
      for (int i = 0; i < PUTS; i++) {
        puts.add((i % 2 == 0 ? one : other).memory.put(keyed("state " + i).build()));
      }
      Map<Integer, Memory> byVersion = new HashMap<>();
      for (CompletableFuture<WriteOutcome> put : puts) {
        WriteOutcome outcome = Futures.await(put);
        Memory state = outcome instanceof WriteOutcome.Stored ? stored(outcome) : replaced(outcome);
        assertThat(outcome instanceof WriteOutcome.Stored).isEqualTo(state.version() == 1);
        assertThat(byVersion.put(state.version(), state)).as("each made a state of its own").isNull();
      }

      MemoryId id = MemoryId.derive(ADA, "instrument");
      assertThat(byVersion).hasSize(PUTS);
      assertThat(memory.get(id)).contains(Objects.requireNonNull(byVersion.get(PUTS)));
      assertThat(memory.history(id)).extracting(HistoryEntry::newContent).isEqualTo(IntStream.rangeClosed(1, PUTS)
          .mapToObj(version -> Objects.requireNonNull(byVersion.get(version)).content()).toList());
      assertThat(byVersion.values()).extracting(Memory::createdAt)
          .containsOnly(Objects.requireNonNull(byVersion.get(1)).createdAt());
      Until.isTrue("both indexes hold the last state",
          () -> one.blocking.verify(false).isClean() && other.blocking.verify(false).isClean());
    }
  }

  @Test
  void puts_ofTheSameStateAtOnce_areStoredOnce() {
    List<CompletableFuture<WriteOutcome>> puts = new ArrayList<>();
    for (int i = 0; i < 32; i++) {
      puts.add(test.memory.put(keyed("Ada plays the oboe").build()));
    }
    List<WriteOutcome> outcomes = puts.stream().map(Futures::await).toList();

    assertThat(outcomes).filteredOn(WriteOutcome.Stored.class::isInstance).hasSize(1);
    assertThat(outcomes).filteredOn(WriteOutcome.DuplicateOf.class::isInstance).hasSize(31);
    assertThat(memory.verify(false)).isEqualTo(new VerifyReport(1, 1, 1, List.of(), 0));
  }

  @Test
  void put_ofAContentThatIsHeldOnce_neverStoresItTwiceAndNeverStandsForAnotherMemory() {
    Memory oboe = stored(memory.put(NewMemory.builder("Ada plays the oboe", ONCE).key("oboe").build()));
    Memory lute = stored(memory.put(NewMemory.builder("Ada plays the lute", ONCE).key("lute").build()));

    WriteOutcome fresh = memory.put(NewMemory.builder("Ada plays the oboe", ONCE).key("new").build());
    WriteOutcome over = memory.put(NewMemory.builder("Ada plays the oboe", ONCE).key("lute").build());

    for (WriteOutcome outcome : List.of(fresh, over)) {
      assertThat(outcome).isInstanceOf(WriteOutcome.RolledBack.class);
      assertThat(outcome.describe()).contains("holds each content once").doesNotContain("oboe");
    }
    assertThat(memory.list(ONCE, null, null, 10).memories()).containsExactlyInAnyOrder(oboe, lute);
    replaced(memory.put(NewMemory.builder("Ada plays the oboe", ONCE).key("oboe").metadata("level", 2).build()));
    replaced(memory.put(NewMemory.builder("Ada plays the horn", ONCE).key("oboe").build()));
    replaced(memory.put(NewMemory.builder("Ada plays the oboe", ONCE).key("lute").build()));
    assertThat(memory.add(NewMemory.of("Ada plays the horn", ONCE))).isInstanceOf(WriteOutcome.DuplicateOf.class);
    assertThat(memory.verify(false).isClean()).isTrue();
  }

  @Test
  void deleteMemories_tellsEachOutcome_andPurgesTheFilesOnce() {
    List<Memory> memories = IntStream.range(0, 4)
        .mapToObj(i -> stored(memory.put(NewMemory.builder("note " + i, ADA).key("note " + i).build()))).toList();
    memory.deleteMemory(MemoryDeletion.of(memories.get(3).id()));
    int expunges = test.index.calls("expunge");

    List<WriteOutcome> outcomes = memory.deleteMemories(List.of(MemoryDeletion.of(memories.get(0).id()),
        MemoryDeletion.of(memories.get(1).id()).purgingHistory(), MemoryDeletion.of(memories.get(3).id()),
        MemoryDeletion.of(MemoryId.derive(ADA, "nothing")),
        MemoryDeletion.of(memories.get(2).id()).purgingHistory()));

    assertThat(outcomes).extracting(WriteOutcome::name).containsExactly("deleted", "deleted", "wasDeleted", "notFound",
        "deleted");
    assertThat(test.index.calls("expunge")).isEqualTo(expunges + 1);
    assertThat(memory.history(memories.get(0).id())).hasSize(2);
    assertThat(memory.history(memories.get(1).id())).extracting(HistoryEntry::kind)
        .containsExactly(HistoryEntry.Kind.ERASE);
    assertThat(memory.deleteMemories(List.of())).isEmpty();
    assertThat(memory.verify(false).isClean()).isTrue();
  }
}
