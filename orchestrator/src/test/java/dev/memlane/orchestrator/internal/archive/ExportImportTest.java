package dev.memlane.orchestrator.internal.archive;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.ArchivedRow;
import dev.memlane.model.Embedding;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.IndexSummary;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.Metadata;
import dev.memlane.model.NewMemory;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.ArchivePage;
import dev.memlane.orchestrator.ImportOutcome;
import dev.memlane.orchestrator.SearchHit;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.orchestrator.Statistics;
import dev.memlane.orchestrator.TestMemory;
import dev.memlane.orchestrator.Until;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.Futures;
import dev.memlane.orchestrator.internal.Stores;
import dev.memlane.orchestrator.internal.TimeOrderedIds;
import dev.memlane.orchestrator.internal.follow.ReopeningIndex;
import dev.memlane.storage.postgres.Database;
import dev.memlane.testing.RandomFilters;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Memories exported from one database and imported into another are the same as before, whatever fails meanwhile. */
@Tag("programs")
class ExportImportTest {

  private static final Scope ADA = Scope.user("ada");
  private static final Scope ONCE = Scope.user("once");

  @TempDir
  private Path folder;

  private TestMemory from;
  private TestMemory to;

  @BeforeEach
  void open() {
    from = TestMemory.unique(TestMemory.freshDatabase(), folder.resolve("from"), ONCE::equals);
    to = TestMemory.open(folder.resolve("to"));
  }

  @AfterEach
  void close() {
    from.close();
    to.close();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void roundTrip_ofRandomHistories_bringsBackEverything(long seed) {
    List<NewMemory> added = fill(new Random(seed));
    List<ArchivedMemory> exported = export(from, 7, true);

    assertThat(exported).extracting(memory -> memory.row().getClass().getSimpleName()).as("seed " + seed)
        .contains("Live", "Tombstone");
    assertThat(to.blocking.importMemories(exported)).as("seed " + seed)
        .allMatch(outcome -> outcome instanceof ImportOutcome.Restored);

    assertThat(export(to, 11, true)).as("seed " + seed).isEqualTo(exported);
    assertThat(to.embedder.texts.get()).as("the vectors were imported too").isZero();
    assertThat(to.blocking.verify(false).inconsistencies()).isEmpty();
    for (Scope scope : List.of(ADA, ONCE)) {
      assertThat(to.blocking.list(scope, null, null, 1_000)).isEqualTo(from.blocking.list(scope, null, null, 1_000));
      SearchRequest search = SearchRequest.builder("number 3 changed").scope(scope).limit(20).build();
      assertThat(to.blocking.search(search)).extracting(hit -> hit.memory())
          .containsExactlyInAnyOrderElementsOf(
              from.blocking.search(search).stream().map(SearchHit::memory).toList());
    }
    exported.forEach(
        memory -> assertThat(to.blocking.history(memory.id())).isEqualTo(from.blocking.history(memory.id())));
    Statistics before = from.blocking.statistics();
    Statistics after = to.blocking.statistics();
    assertThat(after.memories()).isEqualTo(before.memories());
    assertThat(after.entries()).isEqualTo(before.entries());
    assertThat(after.index()).isNotNull().extracting(IndexSummary::documents)
        .isEqualTo(requireNonNull(before.index()).documents());
    assertThat(to.blocking.addMemories(added)).as("seed %d: the same keys again", seed)
        .usingRecursiveFieldByFieldElementComparator().isEqualTo(from.blocking.addMemories(added))
        .allMatch(outcome -> outcome instanceof WriteOutcome.DuplicateOf || outcome instanceof WriteOutcome.WasDeleted);
  }

  @Test
  void restored_canBeChangedAndDeleted_andStaysConsistent() {
    Memory memory = from.blocking.addMemory(NewMemory.of("Ada plays the oboe", ADA));
    to.blocking.importMemories(export(from, 100, true));

    Memory updated = to.blocking
        .updateMemory(MemoryUpdate.content(memory.id(), "Ada plays the flute").expecting(memory.op()));
    to.blocking.deleteMemory(MemoryDeletion.of(memory.id()));

    assertThat(updated.version()).isEqualTo(2);
    assertThat(to.blocking.history(memory.id())).hasSize(3);
    assertThat(to.blocking.verify(false).isClean()).isTrue();
  }

  @Test
  void import_again_isAlreadyThere() {
    fill(new Random(3));
    List<ArchivedMemory> exported = export(from, 100, true);
    to.blocking.importMemories(exported.subList(0, 5));

    List<ImportOutcome> outcomes = to.blocking.importMemories(exported);

    assertThat(outcomes.subList(0, 5)).allMatch(outcome -> outcome instanceof ImportOutcome.AlreadyThere);
    assertThat(outcomes.subList(5, outcomes.size())).allMatch(outcome -> outcome instanceof ImportOutcome.Restored);
    assertThat(export(to, 100, true)).isEqualTo(exported);
  }

  @Test
  void alreadyThere_isNotUndoneAnyMore() {
    CompletableFuture<Void> refused = new CompletableFuture<>();
    from.index.refusingNextAfter("put", refused);
    CompletableFuture<?> landed = from.history.nextAnswer("write");
    CompletableFuture<Memory> addHandler = from.memory.addMemory(NewMemory.of("Ada plays the oboe", ADA));
    landed.join();

    // Another process has exported it, and it is imported here while the add is still in progress.
    List<ArchivedMemory> exported = export(from, 100, true);
    CompletableFuture<?> confirmed = from.core.nextAnswer("confirm");
    CompletableFuture<List<ImportOutcome>> importHandler = from.memory.importMemories(exported);
    confirmed.join();
    refused.complete(null);

    assertThat(Futures.await(importHandler)).singleElement().isInstanceOf(ImportOutcome.AlreadyThere.class);
    assertThat(from.blocking.get(Futures.await(addHandler).id())).isPresent();
    assertThat(from.blocking.verify(false).isClean()).isTrue();
  }

  @Test
  void import_twiceInOneList_isThereOnce() {
    from.blocking.addMemory(NewMemory.of("Ada plays the oboe", ADA));
    ArchivedMemory archived = export(from, 100, true).getFirst();

    List<ImportOutcome> outcomes = to.blocking.importMemories(List.of(archived, archived));

    assertThat(outcomes).containsExactlyInAnyOrder(new ImportOutcome.Restored(archived.id()),
        new ImportOutcome.AlreadyThere(archived.id()));
    assertThat(to.blocking.history(archived.id())).hasSize(1);
  }

  @Test
  void import_whereAnotherStateIs_saysSoAndChangesNothing() {
    Memory memory = from.blocking.addMemory(NewMemory.builder("Ada plays the oboe", ADA).key("k").build());
    List<ArchivedMemory> exported = export(from, 100, true);
    Memory other = to.blocking.addMemory(NewMemory.builder("something else", ADA).key("k").build());

    ImportOutcome outcome = to.blocking.importMemories(exported).getFirst();

    assertThat(outcome).isEqualTo(new ImportOutcome.Different(memory.id(), memory.op(), other.op()));
    assertThat(outcome.describe()).contains("another state");
    assertThat(to.blocking.get(memory.id())).contains(other);
    assertThat(to.blocking.history(memory.id())).hasSize(1);
  }

  @Test
  void import_withoutVectorsOrWithThoseOfAnotherModel_embedsAgain() {
    Memory one = from.blocking.addMemory(NewMemory.of("Ada plays the oboe", ADA));
    List<ArchivedMemory> without = export(from, 100, false);
    from.blocking.addMemory(NewMemory.of("Ada plays the flute", ADA));
    List<ArchivedMemory> other = export(from, 100, true).stream().filter(memory -> !memory.id().equals(one.id()))
        .map(memory -> new ArchivedMemory(new ArchivedRow.Live(live(memory).memory(),
            new Embedding("another model", new float[]{1, 2}), false), memory.history()))
        .toList();

    assertThat(to.blocking.importMemories(without)).allMatch(ImportOutcome::succeeded);
    assertThat(to.blocking.importMemories(other)).allMatch(ImportOutcome::succeeded);

    assertThat(to.embedder.texts.get()).isEqualTo(2);
    assertThat(export(to, 100, true)).isEqualTo(export(from, 100, true));
    assertThat(to.blocking.verify(false).isClean()).isTrue();
  }

  @Test
  void import_ofATextThatCannotBeEmbedded_staysAndIsUnsettledUntilItCan() {
    Memory memory = from.blocking.addMemory(NewMemory.of("Ada plays the oboe", ADA));
    List<ArchivedMemory> without = export(from, 100, false);
    to.embedder.failing.set(true);

    assertThat(to.blocking.importMemories(without).getFirst()).isInstanceOf(ImportOutcome.Unsettled.class);
    assertThat(to.blocking.get(memory.id())).contains(memory);
    to.embedder.failing.set(false);

    assertThat(to.blocking.importMemories(without).getFirst()).isInstanceOf(ImportOutcome.AlreadyThere.class);
    assertThat(to.blocking.verify(false).isClean()).isTrue();
  }

  @Test
  void unitThatFails_leavesNothing_andTheOthersComeBack() {
    List<ArchivedMemory> exported = threeOf(from);
    to.core.concerning(arguments -> arguments.length == 3 && exported.get(1).row().equals(arguments[1]));
    to.core.refusing("restore");

    List<ImportOutcome> outcomes = to.blocking.importMemories(exported);

    assertThat(outcomes).map(ImportOutcome::succeeded).containsExactly(true, false, true);
    assertThat(outcomes.get(1)).isInstanceOf(ImportOutcome.Failed.class);
    assertThat(to.blocking.get(exported.get(1).id())).isEmpty();
    assertThat(to.blocking.history(exported.get(1).id())).isEmpty();
    to.heal();
    assertThat(to.blocking.importMemories(exported)).allMatch(ImportOutcome::succeeded);
    assertThat(export(to, 100, true)).isEqualTo(exported);
  }

  @Test
  void historyThatCannotBegin_takesCoreWithIt() {
    List<ArchivedMemory> exported = threeOf(from);
    to.history.throwing("restore");

    assertThat(to.blocking.importMemories(exported)).allMatch(outcome -> outcome instanceof ImportOutcome.Failed);

    assertThat(to.blocking.count(null, null)).isZero();
    assertThat(to.core.store().read(exported.stream().map(ArchivedMemory::id).toList(), false).join()).isEmpty();
  }

  @Test
  void operationThatWasUndoneHere_failsAlone() {
    NewMemory undone = NewMemory.builder("Ada plays the oboe", ADA).key("k").build();
    OperationId op = addAndUndo(undone);
    to.blocking.addMemory(undone);
    Memory there = to.blocking.get(MemoryId.derive(ADA, "k")).orElseThrow();
    Memory sameOp = new Memory(there.id(), ADA, "k", null, there.content(), Metadata.empty(), null, there.createdAt(),
        there.updatedAt(), null, 1, op);
    ArchivedMemory bad = new ArchivedMemory(new ArchivedRow.Live(sameOp, null, false),
        List.of(new HistoryEntry(there.id(), op, 1, HistoryEntry.Kind.ADD, null,
            there.content(), null, Metadata.empty(), null, there.createdAt())));
    List<ArchivedMemory> good = threeOf(to).stream().filter(memory -> !memory.id().equals(there.id())).toList();
    List<ArchivedMemory> all = new ArrayList<>(good);
    all.add(1, bad);

    List<ImportOutcome> outcomes = from.blocking.importMemories(all);

    assertThat(outcomes).map(ImportOutcome::succeeded).containsExactly(true, false, true, true);
    assertThat(outcomes.get(1)).isInstanceOf(ImportOutcome.Failed.class);
    assertThat(from.blocking.get(there.id())).as("core did not take it without history").isEmpty();
    assertThat(from.blocking.verify(false).isClean()).isTrue();
  }

  @Test
  void overAVoidRow_comesBack() {
    NewMemory memory = NewMemory.builder("Ada plays the oboe", ADA).key("k").build();
    addAndUndo(memory);
    Memory there = to.blocking.addMemory(memory);

    assertThat(from.blocking.importMemories(export(to, 100, true)).getFirst())
        .isEqualTo(new ImportOutcome.Restored(there.id()));

    assertThat(from.blocking.get(there.id())).contains(there);
    assertThat(from.blocking.verify(false).isClean()).isTrue();
  }

  @Test
  void contentThatTheScopeHoldsOnce_failsAndNamesTheHolder() {
    from.blocking.addMemory(NewMemory.of("the very same", ONCE));
    List<ArchivedMemory> exported = export(from, 100, true);
    Memory again = from.blocking.addMemory(NewMemory.of("another", ONCE));
    from.blocking.deleteMemory(MemoryDeletion.of(exported.getFirst().id()));
    Memory holder = from.blocking.updateMemory(MemoryUpdate.content(again.id(), "the very same"));
    to.blocking.importMemories(export(from, 100, true).stream().filter(m -> m.id().equals(holder.id())).toList());

    ImportOutcome outcome = to.blocking.importMemories(exported).getFirst();

    assertThat(outcome).isInstanceOf(ImportOutcome.Failed.class);
    assertThat(outcome.describe()).contains("holds each content once", holder.id().toString());
  }

  @Test
  void lostAnswer_isFoundOut() {
    List<ArchivedMemory> exported = threeOf(from);
    to.core.losingNextAnswer("restore");

    assertThat(to.blocking.importMemories(exported)).allMatch(outcome -> outcome instanceof ImportOutcome.Restored);

    assertThat(export(to, 100, true)).isEqualTo(exported);
    assertThat(to.blocking.verify(false).isClean()).isTrue();
  }

  @Test
  void doubtThatLasts_isTold_andImportingAgainGoesOn() {
    List<ArchivedMemory> exported = threeOf(from);
    try (TestMemory hasty = TestMemory.open(Database.builder(TestMemory.freshDatabase()), folder.resolve("hasty"),
        Duration.ofSeconds(1), Duration.ofSeconds(10))) {
      hasty.core.losingNextAnswer("restore");
      hasty.history.losingAnswers("look");

      List<ImportOutcome> outcomes = hasty.blocking.importMemories(exported);

      assertThat(outcomes).filteredOn(outcome -> outcome instanceof ImportOutcome.Unsettled).hasSize(1);
      assertThat(outcomes).filteredOn(ImportOutcome::succeeded).hasSize(2);
      hasty.heal();
      assertThat(hasty.blocking.importMemories(exported))
          .allMatch(outcome -> outcome instanceof ImportOutcome.AlreadyThere);
      assertThat(export(hasty, 100, true)).isEqualTo(exported);
      assertThat(hasty.blocking.verify(false).isClean()).isTrue();
    }
  }

  @Test
  void indexThatRefuses_isNotAcknowledged_andFollows() {
    List<ArchivedMemory> exported = threeOf(from);
    to.index.refusing("put");

    List<ImportOutcome> outcomes = to.blocking.importMemories(exported);

    assertThat(outcomes).allMatch(outcome -> outcome instanceof ImportOutcome.Unsettled);
    assertThat(to.blocking.count(null, null)).as("what has landed stays").isEqualTo(3);
    to.heal();
    Futures.await(to.memory.awaitSettled());
    assertThat(to.blocking.verify(false).isClean()).isTrue();
    assertThat(to.blocking.importMemories(exported)).allMatch(outcome -> outcome instanceof ImportOutcome.AlreadyThere);
  }

  @Test
  void indexThatTakesNoWrites_importsNothing() {
    List<ArchivedMemory> exported = threeOf(from);
    to.reopening = () -> false;
    to.index.breakDown();

    assertThat(to.blocking.importMemories(exported)).allMatch(outcome -> outcome instanceof ImportOutcome.Failed);

    assertThat(to.blocking.count(null, null)).isZero();
  }

  @Test
  void closed_importsNothing() {
    List<ArchivedMemory> exported = threeOf(from);
    to.close();

    assertThat(to.blocking.importMemories(exported)).hasSize(3)
        .allMatch(outcome -> outcome instanceof ImportOutcome.Failed);
    assertThatThrownBy(() -> to.blocking.exportPage(null, null, 10, true)).isInstanceOf(StoreException.class);
  }

  @Test
  void export_whileAMemoryIsChanged_hasItAsItWasWhenItsRowWasRead() {
    Memory memory = from.blocking.addMemory(NewMemory.of("Ada plays the oboe", ADA));
    List<ArchivedMemory> before = export(from, 100, true);
    CompletableFuture<Void> end = new CompletableFuture<>();
    from.history.holding("entries", end);
    CompletableFuture<?> read = from.core.nextAnswer("archive");
    CompletableFuture<ArchivePage> exportHandler = from.memory.exportPage(null, null, 100, true);
    read.join();
    from.blocking.updateMemory(MemoryUpdate.content(memory.id(), "Ada plays the flute"));

    end.complete(null);

    assertThat(Futures.await(exportHandler).memories()).isEqualTo(before);
  }

  @Test
  void export_ofAnOperationThatIsUndoneMeanwhile_readsAgain() {
    Memory memory = from.blocking.addMemory(NewMemory.of("Ada plays the oboe", ADA));
    List<ArchivedMemory> before = export(from, 100, true);
    CompletableFuture<Void> refused = new CompletableFuture<>();
    from.index.refusingNextAfter("put", refused);
    CompletableFuture<?> landed = from.history.nextAnswer("write");
    CompletableFuture<Memory> updating = from.memory
        .updateMemory(MemoryUpdate.content(memory.id(), "Ada plays the flute"));
    landed.join();
    CompletableFuture<Void> end = new CompletableFuture<>();
    from.history.holding("entries", end);
    CompletableFuture<?> read = from.core.nextAnswer("archive");
    CompletableFuture<ArchivePage> exportHandler = from.memory.exportPage(null, null, 100, true);
    read.join();
    refused.complete(null);
    assertThat(updating.handle((done, failure) -> failure).join()).isNotNull();

    end.complete(null);

    assertThat(Futures.await(exportHandler).memories()).isEqualTo(before);
    assertThat(from.core.calls("archive")).as("the row was read again").isGreaterThan(2);
  }

  @Test
  void export_ofHistoriesThatCannotBeReadAtOnce_isComplete() {
    fill(new Random(4));
    Memory long1 = from.blocking.addMemory(NewMemory.of("version 1", ADA));
    for (int i = 2; i <= 9; i++) {
      from.blocking.updateMemory(MemoryUpdate.content(long1.id(), "version " + i));
    }
    List<ArchivedMemory> wanted = export(from, 100, true);
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor()) {
      InstantSource clock = InstantSource.system();
      Environment environment = new Environment(executor, timer, clock, new TimeOrderedIds(clock));
      Stores stores = new Stores((kind, memory, op, deadline) -> {
        throw new AssertionError("an export writes nothing");
      }, from.core.store(), from.history.store(),
          new ReopeningIndex(from.index.store(), anew -> from.index.store(), environment));
      ExportHandler exportHandler = new ExportHandler(stores, environment, 4);
      List<ArchivedMemory> read = new ArrayList<>();
      int before = from.core.calls("archive");
      int pages = 0;
      MemoryId after = null;
      do {
        pages++;
        ArchivePage page = exportHandler.page(null, after, 10, true).join();
        read.addAll(page.memories());
        after = page.next();
      } while (after != null);

      assertThat(read).isEqualTo(wanted);
      assertThat(from.core.calls("archive") - before).as("nothing was read again").isEqualTo(pages);
    }
  }

  @Test
  void export_inAScope_hasNoOthers() {
    from.blocking.addMemory(NewMemory.of("Ada plays the oboe", ADA));
    Memory bob = from.blocking.addMemory(NewMemory.of("Bob plays the flute", Scope.user("bob")));

    assertThat(from.blocking.exportPage(Scope.user("bob"), null, 100, false).memories())
        .extracting(ArchivedMemory::id).containsExactly(bob.id());
    assertThatThrownBy(() -> from.blocking.exportPage(null, null, 0, false)).isInstanceOf(InvalidInputException.class);
  }

  @Test
  void import_elsewhere_isFoundHere() {
    List<ArchivedMemory> exported = threeOf(from);
    String shared = TestMemory.freshDatabase();
    try (TestMemory one = TestMemory.following(shared, folder.resolve("one"));
        TestMemory other = TestMemory.following(shared, folder.resolve("other"))) {
      assertThat(one.blocking.importMemories(exported)).allMatch(ImportOutcome::succeeded);

      Until.isTrue("the other's index has followed",
          () -> requireNonNull(other.blocking.statistics().index()).documents() == exported.size());
      Until.isTrue("and agrees", () -> other.blocking.verify(false).isClean());
    }
  }

  /** Adds a memory, which lands and is undone because the index refuses it: a void row and a void entry stay. */
  private OperationId addAndUndo(NewMemory memory) {
    CompletableFuture<Void> refused = new CompletableFuture<>();
    from.index.refusingNextAfter("put", refused);
    CompletableFuture<?> landed = from.history.nextAnswer("write");
    CompletableFuture<List<WriteOutcome>> addHandler = from.memory.addMemories(List.of(memory));
    landed.join();
    refused.complete(null);
    WriteOutcome outcome = addHandler.join().getFirst();
    assertThat(outcome).isInstanceOf(WriteOutcome.RolledBack.class);
    return ((WriteOutcome.RolledBack) outcome).op();
  }

  /** Adds, changes, deletes and brings back; what was added under keys, to be added again. */
  private List<NewMemory> fill(Random random) {
    List<NewMemory> keyed = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      Scope scope = random.nextInt(3) == 0 ? ONCE : ADA.withRun("run " + random.nextInt(3));
      String key = random.nextBoolean() ? "key " + i : null;
      NewMemory memory = NewMemory.builder("number " + i + " \u4F60\u597D \uD83D\uDE00 \"\\\n\u2028", scope).key(key)
          .actor(random.nextInt(3) == 0 ? "Ad\u00E0" : null).metadata(RandomFilters.metadata(random))
          .occurredAt(random.nextBoolean() ? Instant.ofEpochSecond(random.nextInt(), 123_456_000) : null)
          .expiresAt(random.nextInt(5) == 0 ? Instant.now().plusSeconds(random.nextInt(200_000) - 100_000L) : null)
          .build();
      MemoryId id = from.blocking.addMemory(memory).id();
      if (key != null) {
        keyed.add(memory);
      }
      if (memory.expiresAt() != null) {
        continue;
      }
      for (int more = random.nextInt(3); more > 0; more--) {
        from.blocking.updateMemory(random.nextBoolean()
            ? MemoryUpdate.content(id, "number " + i + " changed " + more)
            : MemoryUpdate.metadata(id, RandomFilters.metadata(random)));
      }
      if (random.nextInt(4) == 0) {
        from.blocking.deleteMemory(MemoryDeletion.of(id));
        if (key != null && random.nextBoolean()) {
          from.blocking.addMemory(NewMemory.builder("number " + i + " revived", scope).key(key).revive(true).build());
        }
      }
    }
    return keyed;
  }

  /** The memory with three more, exported. */
  private static List<ArchivedMemory> threeOf(TestMemory memory) {
    for (String instrument : List.of("oboe", "flute", "bassoon")) {
      memory.blocking.addMemory(NewMemory.of("Ada plays the " + instrument, ADA));
    }
    return export(memory, 100, true);
  }

  private static List<ArchivedMemory> export(TestMemory memory, int limit, boolean vectors) {
    List<ArchivedMemory> exported = new ArrayList<>();
    @Nullable
    MemoryId after = null;
    do {
      ArchivePage page = memory.blocking.exportPage(null, after, limit, vectors);
      exported.addAll(page.memories());
      after = page.next();
    } while (after != null);
    return exported;
  }

  private static ArchivedRow.Live live(ArchivedMemory memory) {
    return (ArchivedRow.Live) memory.row();
  }
}
