package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.memlane.model.HistoryEntry;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.MemoryWriteException;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.internal.Futures;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Keys, contents that are held once, tombstones, reviving and sweeping. */
@Tag("programs")
class IdempotencyTest {

  private static final Scope ADA = Scope.user("ada");
  private static final Scope ONCE = Scope.user("once");
  private static final Duration DAY = Duration.ofDays(1);

  @TempDir
  private Path folder;

  private String jdbcUrl;
  private TestMemory test;
  private BlockingMemory memory;

  @BeforeEach
  void open() {
    jdbcUrl = TestMemory.freshDatabase();
    open(InstantSource.system());
  }

  private void open(InstantSource clock) {
    test = open(clock, Duration.ZERO);
    memory = test.blocking;
  }

  private TestMemory open(InstantSource clock, Duration expiredGrace) {
    return TestMemory.open(jdbcUrl, folder.resolve("index"), new Engine.Settings(Duration.ofSeconds(10),
        10_000, 1_000, Duration.ZERO, Duration.ofDays(30), expiredGrace, ONCE::equals), clock);
  }

  @AfterEach
  void close() {
    test.close();
  }

  @Test
  void content_inAnotherForm_isTheSame_andStaysAsItWasGiven() {
    Memory first = memory.addMemory(NewMemory.of("Ada\u2019s cafe\u0301", ONCE));

    for (String form : List.of("Ada's caf\u00E9", "\uFEFFA\u00ADda\u02BCs caf\u00E9\u200B")) {
      assertThat(memory.addMemories(List.of(NewMemory.of(form, ONCE)))).singleElement()
          .isInstanceOfSatisfying(WriteOutcome.DuplicateOf.class,
              duplicate -> assertThat(duplicate.memory()).isEqualTo(first));
    }
    assertThat(first.content()).isEqualTo("Ada\u2019s cafe\u0301");
    assertThat(memory.addMemory(NewMemory.of("Ada's cafe", ONCE)).id()).isNotEqualTo(first.id());
  }

  @Test
  void content_addedByManyAtOnce_isStoredOnceAndEverybodyIsTold() throws InterruptedException {
    List<WriteOutcome> outcomes = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch start = new CountDownLatch(1);
    List<Thread> callers = new ArrayList<>();
    for (int i = 0; i < 64; i++) {
      callers.add(Thread.ofVirtual().start(() -> {
        try {
          start.await();
        } catch (InterruptedException e) {
          throw new AssertionError(e);
        }
        outcomes.addAll(memory.addMemories(List.of(NewMemory.of("Ada plays the oboe", ONCE))));
      }));
    }
    start.countDown();
    for (Thread caller : callers) {
      caller.join();
    }

    assertThat(outcomes).hasSize(64);
    assertThat(outcomes.stream().filter(WriteOutcome.Stored.class::isInstance)).hasSize(1);
    Memory stored = ((WriteOutcome.Stored) outcomes.stream().filter(WriteOutcome.Stored.class::isInstance).findAny()
        .orElseThrow()).memory();
    assertThat(outcomes).filteredOn(outcome -> !(outcome instanceof WriteOutcome.Stored))
        .allSatisfy(outcome -> assertThat(outcome).isEqualTo(new WriteOutcome.DuplicateOf(stored)));
    assertThat(memory.verify(false)).isEqualTo(new VerifyReport(1, 1, 1, List.of(), 0));
  }

  @Test
  void content_thatIsThere_embedsNothing() {
    Memory stored = memory.addMemory(NewMemory.of("Ada plays the oboe", ONCE));
    int embedded = test.embedder.texts.get();

    assertThat(memory.addMemory(NewMemory.of("Ada plays the oboe", ONCE))).isEqualTo(stored);
    assertThat(memory.addMemory(NewMemory.builder("Ada plays the oboe", ONCE).key("other").build()))
        .isEqualTo(stored);
    assertThat(test.embedder.texts.get()).isEqualTo(embedded);
  }

  @Test
  void content_ofAnotherScope_isNoDuplicate() {
    Scope run = new Scope("once", null, "run");

    memory.addMemory(NewMemory.of("Ada plays the oboe", ONCE));
    memory.addMemory(NewMemory.of("Ada plays the oboe", run));
    memory.addMemory(NewMemory.of("Ada plays the oboe", ADA));
    memory.addMemory(NewMemory.of("Ada plays the oboe", ADA));

    assertThat(memory.count(ONCE, null)).as("the run's is one of the user's").isEqualTo(2);
    assertThat(memory.count(ADA, null)).isEqualTo(2);
  }

  @Test
  void content_afterAnUpdateOrDelete_isFreeAgainAndTheNewOneIsTaken() {
    Memory oboe = memory.addMemory(NewMemory.of("Ada plays the oboe", ONCE));
    Memory lute = memory.updateMemory(MemoryUpdate.content(oboe.id(), "Ada plays the lute"));

    Memory again = memory.addMemory(NewMemory.of("Ada plays the oboe", ONCE));
    assertThat(again.id()).isNotEqualTo(oboe.id());
    assertThat(memory.addMemory(NewMemory.of("Ada plays the lute", ONCE))).isEqualTo(lute);
    memory.deleteMemory(MemoryDeletion.of(oboe.id()));
    assertThat(memory.addMemory(NewMemory.of("Ada plays the lute", ONCE)).id()).isNotEqualTo(oboe.id());
    assertThat(memory.verify(false).isClean()).isTrue();
  }

  @Test
  void update_toAContentThatIsTaken_isRolledBackAndSaysWhy() {
    memory.addMemory(NewMemory.of("Ada plays the oboe", ONCE));
    Memory lute = memory.addMemory(NewMemory.of("Ada plays the lute", ONCE));

    MemoryWriteException failure = catchThrowableOfType(MemoryWriteException.class,
        () -> memory.updateMemory(MemoryUpdate.content(lute.id(), "Ada plays the oboe")));

    assertThat(failure.outcome()).isInstanceOf(WriteOutcome.RolledBack.class);
    assertThat(failure).hasMessageContaining("holds each content once");
    assertThat(memory.get(lute.id())).contains(lute);
    assertThat(memory.verify(false)).isEqualTo(new VerifyReport(2, 2, 2, List.of(), 0));
  }

  @Test
  void undo_ofAnUpdateWhoseOldContentWasTakenMeanwhile_completesForward() {
    Memory oboe = memory.addMemory(NewMemory.of("Ada plays the oboe", ONCE));
    CompletableFuture<Void> taken = new CompletableFuture<>();
    CompletableFuture<?> landed = test.core.nextAnswer("write");
    test.index.refusingNextAfter("put", taken);
    CompletableFuture<Memory> answer = test.memory
        .updateMemory(MemoryUpdate.content(oboe.id(), "Ada plays the lute"));
    Futures.await(landed);
    Memory successor = memory.addMemory(NewMemory.of("Ada plays the oboe", ONCE));

    taken.complete(null);

    Memory lute = Futures.await(answer);
    assertThat(lute.content()).isEqualTo("Ada plays the lute");
    test.heal();
    assertThat(memory.list(ONCE, null, null, 10).memories()).containsExactlyInAnyOrder(lute, successor);
    assertThat(memory.verify(false)).isEqualTo(new VerifyReport(2, 3, 2, List.of(), 0));
  }

  @Test
  void coreThatThrows_failsTheAddsThatAsk_andNoneAfterwards() {
    NewMemory keyed = NewMemory.builder("Ada plays the oboe", ADA).key("oboe").build();
    test.core.throwing("read");
    assertThat(test.memory.addMemory(keyed)).failsWithin(Duration.ofSeconds(30));

    test.heal();
    assertThat(test.memory.addMemory(keyed)).succeedsWithin(Duration.ofSeconds(30));
  }

  @Test
  void tombstone_revivedOnRequest_comesBackAsTheNextVersion() {
    NewMemory before = NewMemory.builder("Ada plays the oboe", ADA).key("instrument").build();
    NewMemory after = NewMemory.builder("Ada plays the lute", ADA).key("instrument").build();
    NewMemory reviving = NewMemory.builder("Ada plays the lute", ADA).key("instrument").revive(true).build();
    Memory first = memory.addMemory(before);
    memory.deleteMemory(MemoryDeletion.of(first.id()));

    assertThat(memory.addMemories(List.of(after)).getFirst()).isInstanceOf(WriteOutcome.WasDeleted.class);
    Memory revived = memory.addMemory(reviving);

    assertThat(revived.id()).isEqualTo(first.id());
    assertThat(revived.version()).isEqualTo(3);
    assertThat(memory.history(first.id())).extracting(HistoryEntry::kind).containsExactly(HistoryEntry.Kind.ADD,
        HistoryEntry.Kind.DELETE, HistoryEntry.Kind.UPDATE);
    assertThat(memory.search(SearchRequest.of("lute", ADA))).extracting(SearchHit::memory).containsExactly(revived);
    assertThat(memory.addMemory(reviving)).as("it is there now").isEqualTo(revived);
    assertThat(memory.verify(false)).isEqualTo(new VerifyReport(1, 3, 1, List.of(), 0));
  }

  @Test
  void tombstone_whoseRevivingFailsInTheIndex_staysATombstone() {
    Memory first = memory.addMemory(NewMemory.builder("Ada plays the oboe", ADA).key("instrument").build());
    memory.deleteMemory(MemoryDeletion.of(first.id()));
    test.index.refusingAfter("put", test.core.nextAnswer("write"));

    WriteOutcome outcome = memory.addMemories(
        List.of(NewMemory.builder("Ada plays the lute", ADA).key("instrument").revive(true).build())).getFirst();

    assertThat(outcome).isInstanceOf(WriteOutcome.RolledBack.class);
    test.heal();
    assertThat(memory.get(first.id())).isEmpty();
    assertThat(memory.history(first.id())).hasSize(2);
    assertThat(memory.verify(false)).isEqualTo(new VerifyReport(0, 2, 0, List.of(), 0));
  }

  @Test
  void reviving_byManyAtOnce_isOneVersion() {
    Memory first = memory.addMemory(NewMemory.builder("Ada plays the oboe", ADA).key("instrument").build());
    memory.deleteMemory(MemoryDeletion.of(first.id()));
    NewMemory reviving = NewMemory.builder("Ada plays the lute", ADA).key("instrument").revive(true).build();

    List<WriteOutcome> outcomes = memory.addMemories(Collections.nCopies(32, reviving));

    assertThat(outcomes.stream().filter(WriteOutcome.Stored.class::isInstance)).hasSize(1);
    assertThat(outcomes.stream().filter(WriteOutcome.DuplicateOf.class::isInstance)).hasSize(31);
    assertThat(memory.history(first.id())).hasSize(3);
  }

  @Test
  void sweep_ofExpiredMemories_deletesThemAndTheHistorySaysWhy() {
    Instant expiry = InstantSource.system().instant().plus(DAY);
    Memory expiring = memory.addMemory(NewMemory.builder("Ada is away", ADA).expiresAt(expiry).build());
    Memory kept = memory.addMemory(NewMemory.builder("Ada is back", ADA).expiresAt(expiry.plus(DAY)).build());
    assertThat(memory.sweep()).as("before it has expired").isZero();
    test.close();

    open(() -> expiry.plusSeconds(1));
    assertThat(memory.sweep()).isEqualTo(1);

    assertThat(memory.get(expiring.id(), Expired.INCLUDED)).isEmpty();
    assertThat(memory.get(kept.id())).contains(kept);
    HistoryEntry last = memory.history(expiring.id()).getLast();
    assertThat(last.kind()).isEqualTo(HistoryEntry.Kind.DELETE);
    assertThat(last.actor()).isEqualTo("memlane: expired");
    assertThat(memory.sweep()).isZero();
    assertThat(memory.verify(false).isClean()).isTrue();
  }

  @Test
  void sweep_withinTheGrace_keepsWhatHasExpired() {
    Memory expired = memory.addMemory(
        NewMemory.builder("Ada is away", ADA).expiresAt(InstantSource.system().instant()).build());
    test.close();

    test = open(() -> InstantSource.system().instant().plus(DAY.dividedBy(2)), DAY);
    assertThat(test.blocking.sweep()).isZero();
    test.close();
    test = open(() -> InstantSource.system().instant().plus(DAY.multipliedBy(2)), DAY);
    assertThat(test.blocking.sweep()).isEqualTo(1);
    assertThat(test.blocking.get(expired.id(), Expired.INCLUDED)).isEmpty();
  }

  @Test
  void sweep_afterTheRetention_letsGoOfTombstonesVoidRowsAndEntriesAndNothingElse() {
    Memory kept = memory.addMemory(NewMemory.of("Ada plays the oboe", ADA));
    Memory deleted = memory.addMemory(NewMemory.builder("Ada plays the lute", ADA).key("instrument").build());
    memory.deleteMemory(MemoryDeletion.of(deleted.id()));
    test.index.refusingAfter("put", test.core.nextAnswer("write"));
    MemoryId undone = MemoryId.derive(ADA, "undone");
    assertThat(memory.addMemories(List.of(NewMemory.builder("undone", ADA).key("undone").build())).getFirst())
        .isInstanceOf(WriteOutcome.RolledBack.class);
    test.index.refusingAfter("put", test.core.nextAnswer("write"));
    MemoryWriteException failure = catchThrowableOfType(MemoryWriteException.class,
        () -> memory.updateMemory(MemoryUpdate.content(kept.id(), "undone too")));
    assertThat(failure.outcome()).isInstanceOf(WriteOutcome.RolledBack.class);
    test.heal();
    test.close();

    open(() -> InstantSource.system().instant().plus(DAY.multipliedBy(29)));
    assertThat(memory.sweep()).as("before the retention time").isZero();
    test.close();
    open(() -> InstantSource.system().instant().plus(DAY.multipliedBy(31)));
    assertThat(memory.sweep()).as("a tombstone, a void row, a void entry").isEqualTo(3);

    assertThat(memory.sweep()).isZero();
    assertThat(Futures.await(test.core.store().read(List.of(deleted.id(), undone, kept.id()), false)).keySet())
        .containsExactly(kept.id());
    assertThat(memory.history(deleted.id())).isEmpty();
    assertThat(memory.get(kept.id())).contains(kept);
    assertThat(memory.addMemory(NewMemory.builder("Ada plays the lute", ADA).key("instrument").build()).version())
        .isEqualTo(1);
    assertThat(memory.verify(false)).isEqualTo(new VerifyReport(2, 2, 2, List.of(), 0));
  }
}
