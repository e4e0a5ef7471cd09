package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

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
import dev.memlane.model.StoreKind;
import dev.memlane.model.StoreResult;
import dev.memlane.model.StoreResults;
import dev.memlane.model.WriteOutcome;
import dev.memlane.model.store.Operation;
import dev.memlane.orchestrator.internal.Futures;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** One branch fails, and exactly what the others applied is undone: on real stores, for every branch and operation. */
@Tag("programs")
class TargetedRollbackTest {

  private static final Scope ADA = Scope.user("ada");

  @TempDir
  Path directory;

  /** How a branch fails. */
  enum Failure {
    THROWS, REFUSES, ANSWER_LOST, NEVER_DONE
  }

  static Stream<Arguments> everySingleFailure() {
    return Stream.of(StoreKind.values()).flatMap(store -> Stream.of(Operation.Kind.values())
        .flatMap(kind -> Stream.of(Failure.THROWS, Failure.REFUSES).map(how -> Arguments.of(store, kind, how))));
  }

  @ParameterizedTest
  @MethodSource("everySingleFailure")
  void singleFailingBranch_rollsBackToExactlyWhatWasThere(StoreKind store, Operation.Kind kind, Failure how) {
    try (TestMemory test = TestMemory.open(directory)) {
      Memory before = test.blocking.addMemory(NewMemory.builder("Ada plays the oboe", ADA).key("k")
          .metadata("topic", "music").build());
      inject(test, store, kind, how);

      MemoryWriteException failure = catchThrowableOfType(MemoryWriteException.class,
          () -> perform(test, kind, before.id()));

      assertThat(failure.outcome()).isInstanceOfSatisfying(WriteOutcome.RolledBack.class, outcome -> {
        assertThat(outcome.answers()).isNotNull().satisfies(
            answers -> assertThat(answerOf(answers, store)).isInstanceOf(StoreResult.NotApplied.class));
        assertThat(outcome.cause()).hasMessageContaining("injected fault");
      });
      assertOnlyIsThere(test, before);
      test.heal();
      assertOnlyIsThere(test, before);
      perform(test, kind, before.id());
      assertThat(test.blocking.verify(false).inconsistencies()).isEmpty();
    }
  }

  @ParameterizedTest
  @MethodSource("doubtfulUnits")
  void unitWhoseAnswerIsLost_isFoundToHaveLanded(Operation.Kind kind) {
    try (TestMemory test = TestMemory.open(directory)) {
      Memory before = test.blocking.addMemory(NewMemory.of("Ada plays the oboe", ADA));
      test.core.losingAnswers("write");
      test.history.losingAnswers("write");

      perform(test, kind, before.id());

      assertThat(test.core.calls("fence")).isPositive();
      assertThat(test.blocking.verify(false).inconsistencies()).isEmpty();
      assertThat(test.blocking.count(null, null)).isEqualTo(switch (kind) {
        case ADD -> 2;
        case UPDATE -> 1;
        case DELETE -> 0;
      });
    }
  }

  static Stream<Operation.Kind> doubtfulUnits() {
    return Stream.of(Operation.Kind.values());
  }

  @ParameterizedTest
  @MethodSource("doubtfulUnits")
  void unitThatIsNeverDone_isFencedAndRolledBack(Operation.Kind kind) {
    try (TestMemory test = TestMemory.open(directory)) {
      Memory before = test.blocking.addMemory(NewMemory.of("Ada plays the oboe", ADA));
      test.core.neverDoing("write");
      test.history.neverDoing("write");

      MemoryWriteException failure = catchThrowableOfType(MemoryWriteException.class,
          () -> perform(test, kind, before.id()));

      assertThat(failure.outcome()).isInstanceOf(WriteOutcome.RolledBack.class);
      test.heal();
      assertOnlyIsThere(test, before);
    }
  }

  static Stream<Operation.Kind> withDocument() {
    return Stream.of(Operation.Kind.ADD, Operation.Kind.UPDATE);
  }

  @ParameterizedTest
  @MethodSource("withDocument")
  void unsettledOperation_askedFor_isToldAndStaysSo(Operation.Kind kind) {
    try (TestMemory test = TestMemory.open(directory)) {
      Memory before = test.blocking.addMemory(NewMemory.of("Ada plays the oboe", ADA));
      test.index.neverDoing("put");
      WriteOutcome.Unsettled landed = unsettled(test, kind, before.id());
      test.heal();
      assertThat(test.blocking.hasLanded(landed.id(), landed.op())).isTrue();
      Futures.await(test.memory.awaitSettled());

      test.index.neverDoing("put");
      test.core.neverDoing("write");
      test.history.neverDoing("write");
      WriteOutcome.Unsettled lost = unsettled(test, Operation.Kind.ADD, before.id());
      test.heal();
      assertThat(test.blocking.hasLanded(lost.id(), lost.op())).isFalse();
      Futures.await(test.memory.awaitSettled());

      assertThat(test.blocking.hasLanded(landed.id(), landed.op())).isTrue();
      assertThat(test.blocking.verify(false).inconsistencies()).isEmpty();
    }
  }

  private static WriteOutcome.Unsettled unsettled(TestMemory test, Operation.Kind kind, MemoryId memory) {
    MemoryWriteException failure = catchThrowableOfType(MemoryWriteException.class,
        () -> perform(test, kind, memory));
    assertThat(failure.outcome()).isInstanceOf(WriteOutcome.Unsettled.class);
    return (WriteOutcome.Unsettled) failure.outcome();
  }

  @ParameterizedTest
  @MethodSource("withDocument")
  void putThatHangs_isAnsweredAsUnsettledAndSettledBehind(Operation.Kind kind) {
    try (TestMemory test = TestMemory.open(directory)) {
      Memory before = test.blocking.addMemory(NewMemory.of("Ada plays the oboe", ADA));
      test.index.neverDoing("put");

      MemoryWriteException failure = catchThrowableOfType(MemoryWriteException.class,
          () -> perform(test, kind, before.id()));

      assertThat(failure.outcome()).isInstanceOf(WriteOutcome.Unsettled.class);
      test.heal();
      Futures.await(test.memory.awaitSettled());
      assertThat(test.blocking.verify(false).inconsistencies()).isEmpty();
      assertThat(test.blocking.statistics().unsettled()).isEmpty();
    }
  }

  @ParameterizedTest
  @MethodSource("withDocument")
  void undoWhoseAnswerIsLost_isRepeatedUntilItIsKnown(Operation.Kind kind) {
    try (TestMemory test = TestMemory.open(directory)) {
      Memory before = test.blocking.addMemory(NewMemory.of("Ada plays the oboe", ADA));
      test.index.refusingAfter("put", test.core.nextAnswer("write"));
      test.core.losingNextAnswer("undo");
      test.history.losingNextAnswer("undo");

      MemoryWriteException failure = catchThrowableOfType(MemoryWriteException.class,
          () -> perform(test, kind, before.id()));

      assertThat(failure.outcome()).isInstanceOf(WriteOutcome.RolledBack.class);
      assertThat(test.core.calls("undo")).isGreaterThan(1);
      test.heal();
      assertOnlyIsThere(test, before);
    }
  }

  @ParameterizedTest
  @MethodSource("withDocument")
  void indexThatRefusesWhenCoreHasLanded_undoesCoreAndVoidsTheEntry(Operation.Kind kind) {
    try (TestMemory test = TestMemory.open(directory)) {
      Memory before = test.blocking.addMemory(NewMemory.of("Ada plays the oboe", ADA));
      test.index.refusingAfter("put", test.core.nextAnswer("write"));

      MemoryWriteException failure = catchThrowableOfType(MemoryWriteException.class,
          () -> perform(test, kind, before.id()));

      assertThat(failure.outcome()).isInstanceOfSatisfying(WriteOutcome.RolledBack.class,
          outcome -> assertThat(Objects.requireNonNull(outcome.answers()).core())
              .isInstanceOf(StoreResult.Applied.class));
      assertThat(test.core.calls("undo")).isEqualTo(1);
      test.heal();
      assertOnlyIsThere(test, before);
      perform(test, kind, before.id());
      assertThat(test.blocking.verify(false).inconsistencies()).isEmpty();
    }
  }

  @Test
  void delete_thatTheIndexRefusesOnceCoreHasIt_neverReachesCore() {
    try (TestMemory test = TestMemory.open(directory)) {
      Memory before = test.blocking.addMemory(NewMemory.of("Ada plays the oboe", ADA));
      int writes = test.core.calls("write");
      test.index.refusingAfter("check", test.core.nextAnswer("write"));

      MemoryWriteException failure = catchThrowableOfType(MemoryWriteException.class,
          () -> perform(test, Operation.Kind.DELETE, before.id()));

      assertThat(failure.outcome()).isInstanceOf(WriteOutcome.RolledBack.class);
      assertThat(test.core.calls("write")).isEqualTo(writes);
      test.heal();
      assertOnlyIsThere(test, before);
    }
  }

  @Test
  void index_failingToRemoveTheOlderDocument_isRepairedInTheBackgroundAndNeverShowsIt() {
    try (TestMemory test = TestMemory.open(directory)) {
      Memory before = test.blocking.addMemory(NewMemory.of("Ada plays the oboe", ADA));
      test.index.throwing("remove");

      assertThat(catchThrowableOfType(MemoryWriteException.class,
          () -> test.blocking.updateMemory(MemoryUpdate.content(before.id(), "Ada plays the lute")))).isNull();

      assertThat(test.blocking.search(SearchRequest.of("Ada plays the oboe", ADA)))
          .extracting(hit -> hit.memory().content()).containsExactly("Ada plays the lute");
      test.heal();
      Futures.await(test.memory.awaitSettled());
      assertThat(test.blocking.verify(false).inconsistencies()).isEmpty();
    }
  }

  private static void inject(TestMemory test, StoreKind store, Operation.Kind kind, Failure how) {
    var injector = switch (store) {
      case CORE -> test.core;
      case HISTORY -> test.history;
      case VECTOR -> test.index;
    };
    String method = store != StoreKind.VECTOR ? "write" : kind == Operation.Kind.DELETE ? "check" : "put";
    if (how == Failure.THROWS) {
      injector.throwing(method);
    } else {
      injector.refusing(method);
    }
  }

  private static StoreResult answerOf(StoreResults answers, StoreKind store) {
    return switch (store) {
      case CORE -> answers.core();
      case HISTORY -> answers.history();
      case VECTOR -> answers.vector();
    };
  }

  private static void perform(TestMemory test, Operation.Kind kind, MemoryId there) {
    switch (kind) {
      case ADD -> test.blocking.addMemory(NewMemory.of("Bob plays the horn", ADA));
      case UPDATE -> test.blocking.updateMemory(
          MemoryUpdate.content(there, "Ada plays the lute").withMetadata(Metadata.of("topic", "changed")));
      case DELETE -> test.blocking.deleteMemory(MemoryDeletion.of(there));
    }
  }

  private static void assertOnlyIsThere(TestMemory test, Memory memory) {
    assertThat(test.blocking.list(null, null, null, 10).memories()).containsExactly(memory);
    assertThat(test.blocking.history(memory.id())).extracting(HistoryEntry::op).containsExactly(memory.op());
    assertThat(test.blocking.search(SearchRequest.of("Ada Bob oboe lute horn", ADA)))
        .extracting(SearchHit::memory).isEqualTo(List.of(memory));
    assertThat(test.blocking.search(
        SearchRequest.builder("oboe").scope(ADA).filter(Filter.equal("topic", "changed")).build())).isEmpty();
    assertThat(test.blocking.verify(false)).satisfies(report -> {
      assertThat(report.inconsistencies()).isEmpty();
      assertThat(report.vector()).isEqualTo(1);
      assertThat(report.history()).isEqualTo(1);
    });
  }
}
