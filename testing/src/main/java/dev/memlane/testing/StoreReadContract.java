package dev.memlane.testing;

import static dev.memlane.testing.TestOperations.add;
import static dev.memlane.testing.TestOperations.delete;
import static dev.memlane.testing.TestOperations.memory;
import static dev.memlane.testing.TestOperations.newId;
import static dev.memlane.testing.TestOperations.newOp;
import static dev.memlane.testing.TestOperations.update;
import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.Details;
import dev.memlane.model.Filter;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Metadata;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.ScopeCount;
import dev.memlane.model.StoreResult;
import dev.memlane.model.TimeOrder;
import dev.memlane.model.TimePosition;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.Head;
import dev.memlane.model.store.Operation;
import dev.memlane.model.store.PastState;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Reading pages, filters, expiry, heads and vectors. */
abstract class StoreReadContract extends StoresTestCase {

  StoreReadContract(Supplier<StoresContract.Opened> open) {
    super(open);
  }

  @Test
  void heads_ofSomeMemories_leaveOutVoidRows() {
    Operation live = add("live");
    Operation deleted = add("deleted");
    Operation undone = add("undone");
    Operation other = add("not asked for");
    List.of(live, deleted, undone, other).forEach(add -> assertApplied(write(add)));
    Operation delete = delete(row(deleted.memory()));
    assertApplied(write(delete));
    assertApplied(undo(undone));

    assertThat(core.heads(List.of(live.memory(), deleted.memory(), undone.memory(), MemoryId.derive(Scope.user("x"),
        "y"))).join()).containsExactlyInAnyOrder(new Head(live.memory(), live.op(), 1, true),
            new Head(deleted.memory(), delete.op(), 2, false));
  }

  @Test
  void list_inPages_isCompleteAndInOrderOfId() {
    List<MemoryId> wanted = new ArrayList<>();
    for (int i = 0; i < 25; i++) {
      Scope scope = Scope.user(i % 5 == 0 ? "bob" : "ada").withRun("run " + i % 3);
      Operation add = add(newId(), "number " + i, scope, Metadata.of("number", i));
      assertApplied(write(add));
      if (i % 5 != 0 && i >= 10) {
        wanted.add(add.memory());
      }
    }
    wanted.sort(Comparator.naturalOrder());
    Filter filter = Filter.atLeast("number", 10);

    List<MemoryId> listed = new ArrayList<>();
    MemoryId after = null;
    List<Memory> page;
    do {
      page = core.list(Scope.user("ada"), filter, after, 4, NOW).join();
      page.forEach(memory -> listed.add(memory.id()));
      after = page.isEmpty() ? null : page.getLast().id();
    } while (!page.isEmpty());

    assertThat(listed).isEqualTo(wanted);
    assertThat(core.count(Scope.user("ada"), filter, NOW).join()).isEqualTo(wanted.size());
    assertThat(core.count(Scope.user("ada").withRun("run 1"), null, NOW).join()).isLessThan(wanted.size());
    assertThat(core.find(wanted, List.of(Scope.user("ada")), filter, NOW).join()).hasSize(wanted.size());
    assertThat(core.find(wanted, List.of(Scope.user("bob")), filter, NOW).join()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(TimeOrder.class)
  void listByTime_inPages_isCompleteAndInOrderOfTimeAndAcceptance(TimeOrder order) {
    Random random = new Random(7);
    List<TimePosition> all = new ArrayList<>();
    List<TimePosition> wanted = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      // Few times, so that many are equal; some memories have only the time of acceptance, and some share that too.
      Instant accepted = NOW.plusNanos(1_000L * (i / 2));
      Instant occurred = i % 4 == 0 ? null : NOW.minus(Duration.ofDays(random.nextInt(3))).plusNanos(1_000);
      Memory made = memory(newId(), "number " + i, Scope.user(i % 5 == 0 ? "bob" : "ada"), Metadata.of("number", i));
      Memory memory = new Memory(made.id(), made.scope(), null, null, made.content(), made.metadata(), occurred,
          accepted, accepted, null, 1, made.op());
      assertApplied(write(add(memory)));
      all.add(TimePosition.of(memory));
      if (i % 5 != 0 && i >= 10) {
        wanted.add(TimePosition.of(memory));
      }
    }

    assertThat(positions(null, null, order)).isEqualTo(sorted(all, order));
    assertThat(positions(Scope.user("ada"), Filter.atLeast("number", 10), order)).isEqualTo(sorted(wanted, order));
  }

  private static List<TimePosition> sorted(List<TimePosition> positions, TimeOrder order) {
    List<TimePosition> sorted = positions.stream().sorted().toList();
    return order == TimeOrder.OLDEST_FIRST ? sorted : sorted.reversed();
  }

  /** The positions on all pages. */
  private List<TimePosition> positions(@Nullable Scope scope, @Nullable Filter filter, TimeOrder order) {
    List<TimePosition> listed = new ArrayList<>();
    List<TimePosition> page;
    do {
      page = core.listByTime(scope, filter, order, listed.isEmpty() ? null : listed.getLast(), 3, NOW).join().stream()
          .map(TimePosition::of).toList();
      listed.addAll(page);
    } while (!page.isEmpty());
    return listed;
  }

  @Test
  void expiredMemory_isNotListedFoundOrCounted_butHasAHead() {
    MemoryId id = newId();
    OperationId op = newOp();
    Memory memory = new Memory(id, Scope.user("ada"), null, null, "short-lived", Metadata.empty(), null, NOW, NOW,
        NOW.plus(Duration.ofDays(1)), 1, op);
    assertApplied(write(add(memory)));

    assertThat(core.count(null, null, NOW).join()).isEqualTo(1);
    Instant later = NOW.plus(Duration.ofDays(1));
    assertThat(core.count(null, null, later).join()).isZero();
    assertThat(core.list(null, null, null, 10, later).join()).isEmpty();
    assertThat(core.listByTime(null, null, TimeOrder.OLDEST_FIRST, null, 10, later).join()).isEmpty();
    assertThat(core.find(List.of(id), List.of(), null, later).join()).isEmpty();
    assertThat(core.find(List.of(id), List.of(), null, null).join()).containsKey(id);
    assertThat(core.heads(null, 10).join()).containsExactly(new Head(id, op, 1, true));
  }

  @Test
  void find_inSeveralScopes_findsMemoriesInAnyOfThem() {
    List<Operation> adds = Stream.of(Scope.user("ada").withRun("7"), Scope.user("bob"), Scope.agent("cook"))
        .map(scope -> add(newId(), "tea", scope, Metadata.empty())).toList();
    adds.forEach(add -> assertApplied(write(add)));
    List<MemoryId> ids = adds.stream().map(Operation::memory).toList();

    assertThat(core.find(ids, List.of(Scope.user("ada"), Scope.agent("cook")), null, NOW).join())
        .containsOnlyKeys(ids.getFirst(), ids.getLast());
    assertThat(core.find(ids, List.of(), null, NOW).join()).containsOnlyKeys(ids);
  }

  @Test
  void expired_areLiveMemoriesOnly_earliestFirst() {
    Operation late = add(expiring("late", Duration.ofDays(2)));
    Operation early = add(expiring("early", Duration.ofDays(1)));
    Operation gone = add(expiring("gone", Duration.ofDays(1)));
    List.of(late, early, gone, add(expiring("later", Duration.ofDays(9))), add("for ever"))
        .forEach(add -> assertApplied(write(add)));
    assertApplied(write(delete(row(gone.memory()))));

    Instant before = NOW.plus(Duration.ofDays(3));
    assertThat(core.expired(before, 10).join()).extracting(CoreRow::memory).containsExactly(early.after(),
        late.after());
    assertThat(core.expired(before, 1).join()).hasSize(1);
    assertThat(core.expired(NOW.plus(Duration.ofDays(1)), 10).join()).as("at that very time").isEmpty();
  }

  private static Memory expiring(String content, Duration after) {
    return new Memory(newId(), Scope.user("ada"), null, null, content, Metadata.empty(), null, NOW, NOW,
        NOW.plus(after), 1, newOp());
  }

  @Test
  void heads_ofCoreAndHistory_agreeAndAreInOrderOfId() {
    List<Head> wanted = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      Operation add = add("number " + i);
      assertApplied(write(add));
      Head head = new Head(add.memory(), add.op(), 1, true);
      switch (i % 4) {
        case 0 -> {
          Operation delete = delete(row(add.memory()));
          assertApplied(write(delete));
          head = new Head(add.memory(), delete.op(), 2, false);
        }
        case 1 -> {
          Operation update = update(row(add.memory()), "changed");
          assertApplied(write(update));
          head = new Head(add.memory(), update.op(), 2, true);
        }
        case 2 -> {
          assertApplied(undo(add));
          continue;
        }
        default -> {
          // It stays unchanged.
        }
      }
      wanted.add(head);
    }
    wanted.sort(Comparator.comparing(Head::memory));

    assertThat(core.heads(null, 100).join()).isEqualTo(wanted);
    assertThat(history.heads(null, 100).join()).isEqualTo(wanted);
    assertThat(core.heads(wanted.get(4).memory(), 3).join()).isEqualTo(wanted.subList(5, 8));
    assertThat(history.heads(wanted.get(4).memory(), 3).join()).isEqualTo(wanted.subList(5, 8));
  }

  @Test
  void saveVector_ofThePresentStateOnly_isSaved() {
    Operation add = add("with a vector");
    assertApplied(write(add));
    Operation update = update(row(add.memory()), "changed");
    assertApplied(write(update));

    core.saveVector(new DocumentName(add.memory(), add.op()), TestOperations.embedding("stale")).join();

    assertThat(row(add.memory()).embedding()).isEqualTo(update.embedding());
  }

  @Test
  void asOf_findsTheNewestEntryNotLaterThanTheTime() {
    Operation add = add("first");
    assertApplied(write(add));
    Operation update = update(row(add.memory()), "second");
    assertApplied(write(update));
    Operation undone = update(row(add.memory()), "undone");
    assertApplied(write(undone));
    assertApplied(undo(undone));
    Operation delete = delete(row(add.memory()));
    assertApplied(write(delete));
    assertApplied(write(add("another")));
    List<HistoryEntry> entries = entries(add.memory());

    assertThat(asOf(add.memory(), add.at().minusNanos(1_000))).isEmpty();
    assertThat(asOf(newId(), NOW)).isEmpty();
    assertThat(asOf(add.memory(), add.at()))
        .contains(new PastState(entries.get(0), null, true, delete.op()));
    assertThat(asOf(add.memory(), update.at().minusNanos(1_000))).map(PastState::entry)
        .contains(entries.get(0));
    assertThat(asOf(add.memory(), update.at())).map(PastState::entry).contains(entries.get(1));
    assertThat(asOf(add.memory(), delete.at().plusSeconds(1)))
        .contains(new PastState(entries.get(2), null, false, delete.op()));
  }

  @Test
  void asOf_knowsTheDetailsThatAnUpdateOfTheSameLifeChanged() {
    Instant soon = NOW.plus(Duration.ofDays(1));
    List<@Nullable Details> details = new ArrayList<>();
    Operation add = add("added");
    assertApplied(write(add));
    details.add(new Details(null, null, null));
    for (Details next : List.of(new Details(null, null, null), new Details("Ada", null, soon),
        new Details("Ada", null, soon), new Details(null, NOW, null))) {
      assertApplied(write(updateTo(row(add.memory()), next)));
      details.add(next);
    }
    assertApplied(write(delete(row(add.memory()))));
    // The second life knows nothing of the first one's details, and has none that an update changed.
    assertApplied(write(revival(row(add.memory()))));
    details.add(null);
    details.add(null);

    List<HistoryEntry> entries = entries(add.memory());
    assertThat(entries).hasSize(7);
    for (int i = 0; i < entries.size(); i++) {
      PastState state = asOf(add.memory(), entries.get(i).at()).orElseThrow();
      assertThat(state.entry()).isEqualTo(entries.get(i));
      if (i != 5) {
        assertThat(state.details()).as("version " + (i + 1)).isEqualTo(details.get(i));
      }
      assertThat(state.deletedSince()).isEqualTo(i < 5);
      assertThat(state.newest()).isEqualTo(entries.getLast().op());
    }
  }

  @Test
  void asOf_knowsNothingOfDetailsThatALaterLifeChanged() {
    Operation add = add("added");
    assertApplied(write(add));
    assertApplied(write(delete(row(add.memory()))));
    assertApplied(write(revival(row(add.memory()))));
    assertApplied(write(updateTo(row(add.memory()), new Details("Eve", null, null))));

    assertThat(asOf(add.memory(), add.at()).orElseThrow().details()).isNull();
    assertThat(asOf(add.memory(), NOW).orElseThrow().details())
        .isEqualTo(new Details("Bob", null, null));
  }

  @Test
  void asOf_ofSeveralMemories_findsThoseThatHaveAnEntryByThen() {
    Operation one = add("one");
    assertApplied(write(one));
    Operation other = add("other");
    assertApplied(write(other));
    Operation update = update(row(other.memory()), "changed");
    assertApplied(write(update));

    Map<MemoryId, PastState> states = history.asOf(List.of(other.memory(), newId(), one.memory()), NOW).join();

    assertThat(states.keySet()).containsExactlyInAnyOrder(one.memory(), other.memory());
    assertThat(Objects.requireNonNull(states.get(other.memory())).entry().newContent()).isEqualTo("changed");
    assertThat(history.asOf(List.of(), NOW).join()).isEmpty();
  }

  private Optional<PastState> asOf(MemoryId memory, Instant at) {
    return Optional.ofNullable(history.asOf(List.of(memory), at).join().get(memory));
  }

  private static Operation updateTo(CoreRow before, Details details) {
    Operation plain = update(before, "text");
    Memory after = Objects.requireNonNull(plain.after());
    return new Operation(plain.op(), plain.kind(), plain.memory(), before,
        new Memory(after.id(), after.scope(), after.key(), details.actor(), after.content(), after.metadata(),
            details.occurredAt(), after.createdAt(), after.updatedAt(), details.expiresAt(), after.version(),
            after.op()),
        plain.embedding(), plain.actor(), plain.at());
  }

  private static Operation revival(CoreRow tombstone) {
    OperationId op = newOp();
    Memory after = new Memory(tombstone.id(), Scope.user("ada"), null, "Bob", "revived", Metadata.empty(), null,
        NOW, NOW, null, tombstone.version() + 1, op);
    return new Operation(op, Operation.Kind.UPDATE, tombstone.id(), tombstone, after,
        TestOperations.embedding("revived"), "Bob", NOW);
  }

  @Test
  void scopes_inPages_areCompleteAndInOrder() {
    // U+FF5E comes before U+1F3BB by code point, and after its first half by unit of UTF-16.
    List<Scope> scopes = Stream.of(Scope.run("7"), Scope.agent("cook"), Scope.agent("cook").withRun("7"),
        Scope.user("ada"), Scope.user("ada").withRun("10"), Scope.user("ada").withRun("9"),
        Scope.user("ada").withAgent("cook"), Scope.user("ada").withAgent("cook").withRun("7"), Scope.user("Ada"),
        Scope.user("ada%"), Scope.user("ada_b"), Scope.user("adab"), Scope.user("bob"), Scope.user("zoë"),
        Scope.user("\uff5e"), Scope.user("\ud83c\udfbb")).sorted().toList();
    Map<Scope, Long> wanted = new TreeMap<>();
    for (int i = 0; i < scopes.size(); i++) {
      for (int n = 0; n <= i % 3; n++) {
        assertApplied(write(add(newId(), "number " + n, scopes.get(i), Metadata.empty())));
        wanted.merge(scopes.get(i), 1L, Long::sum);
      }
    }

    List<ScopeCount> all = wanted.entrySet().stream().map(each -> new ScopeCount(each.getKey(), each.getValue()))
        .toList();
    assertThat(scopes(null, 3)).isEqualTo(all);
    assertThat(scopes(null, 100)).isEqualTo(all);
    assertThat(scopes("ada", 2)).isEqualTo(ofUsersBeginningWith("ada", all)).hasSize(8);
    assertThat(scopes("ada_", 2)).extracting(ScopeCount::scope).containsExactly(Scope.user("ada_b"));
    assertThat(scopes("", 4)).isEqualTo(ofUsersBeginningWith("", all)).hasSize(13);
    assertThat(scopes("nobody", 4)).isEmpty();
  }

  private static List<ScopeCount> ofUsersBeginningWith(String prefix, List<ScopeCount> all) {
    return all.stream().filter(each -> each.scope().user() != null && each.scope().user().startsWith(prefix)).toList();
  }

  /** The scopes on all pages. */
  private List<ScopeCount> scopes(@Nullable String prefix, int limit) {
    List<ScopeCount> listed = new ArrayList<>();
    List<ScopeCount> page;
    do {
      page = core.scopes(prefix, listed.isEmpty() ? null : listed.getLast().scope(), limit, NOW).join();
      assertThat(page).hasSizeLessThanOrEqualTo(limit);
      listed.addAll(page);
    } while (!page.isEmpty());
    return listed;
  }

  @Test
  void scopes_countLiveAndUnexpiredMemoriesOnly() {
    Operation kept = add(newId(), "kept", Scope.user("ada"), Metadata.empty());
    Operation deleted = add(newId(), "deleted", Scope.user("ada"), Metadata.empty());
    Operation last = add(newId(), "last of its scope", Scope.user("bob"), Metadata.empty());
    Operation undone = add(newId(), "undone", Scope.user("eve"), Metadata.empty());
    List.of(kept, deleted, last, undone, add(expiring("expires", Duration.ofDays(1))))
        .forEach(add -> assertApplied(write(add)));
    assertApplied(write(delete(row(deleted.memory()))));
    assertApplied(write(delete(row(last.memory()))));
    assertApplied(undo(undone));

    Instant later = NOW.plus(Duration.ofDays(1));
    assertThat(core.scopes(null, null, 10, NOW).join()).containsExactly(new ScopeCount(Scope.user("ada"), 2));
    assertThat(core.scopes(null, null, 10, later).join()).containsExactly(new ScopeCount(Scope.user("ada"), 1));
    assertThat(core.scopes(null, null, 10, null).join()).containsExactly(new ScopeCount(Scope.user("ada"), 2));
  }

  @Test
  void scopesOf_knowsLiveDeletedErasedAndUndoneMemories() {
    Scope scope = Scope.user("ada").withRun("7");
    List<Operation> adds = Stream.of("live", "deleted", "undone", "expired")
        .map(content -> add(newId(), content, scope, Metadata.empty())).toList();
    adds.forEach(add -> assertApplied(write(add)));
    assertApplied(write(delete(row(adds.get(1).memory()))));
    assertApplied(undo(adds.get(2)));
    Operation fenced = add("never landed");
    assertThat(fenceAllAndLook(fenced)).isInstanceOf(StoreResult.NotApplied.class);

    List<MemoryId> ids = adds.stream().map(Operation::memory).toList();
    assertThat(core.scopesOf(Stream.concat(ids.stream(), Stream.of(fenced.memory(), newId())).toList()).join())
        .containsOnlyKeys(ids).containsValues(scope);
    assertThat(core.scopesOf(List.of()).join()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 12})
  void filters_meanTheSameInTheStoreAndInJava(long seed) {
    Random random = new Random(seed);
    List<Memory> memories = IntStream.range(0, 120).mapToObj(i -> {
      Operation add = occurred(add(newId(), "number " + i, Scope.user("ada"), RandomFilters.metadata(random)),
          RandomFilters.time(random));
      assertApplied(write(add));
      return Objects.requireNonNull(add.after());
    }).toList();
    for (int i = 0; i < 150; i++) {
      Filter filter = RandomFilters.filter(random, 3);
      assertThat(core.list(null, filter, null, 1_000, NOW).join()).as("seed %d, %s", seed, filter)
          .extracting(Memory::id).containsExactlyInAnyOrderElementsOf(
              memories.stream().filter(memory -> filter.matches(memory)).map(Memory::id).toList());
    }
  }

  @Test
  void filter_onAPartOfAText_takesItAsItIs() {
    String longest = "x".repeat(Metadata.LONGEST_TEXT - 1);
    MemoryId value = stored(Metadata.of("k", "50% of a_b\\*'?"));
    MemoryId element = stored(Metadata.of("k", List.of("none", "5 of axb", 7)));
    MemoryId another = stored(Metadata.of("kk", "50% of a_b\\*'?").with("k", 50));
    MemoryId large = stored(Metadata.of("k", longest + "y"));

    assertThat(containing("% of a_")).containsExactly(value);
    assertThat(containing("\\*'?")).containsExactly(value);
    assertThat(containing("of a")).containsExactlyInAnyOrder(value, element).doesNotContain(another);
    assertThat(containing("xy")).containsExactly(large);
    assertThat(containing(longest)).containsExactly(large);
    for (String absent : List.of("% a", ".", "OF", "50 ", "7", "\\\\")) {
      assertThat(containing(absent)).as(absent).isEmpty();
    }
  }

  private MemoryId stored(Metadata metadata) {
    Operation add = add(newId(), "text", Scope.user("ada"), metadata);
    assertApplied(write(add));
    return add.memory();
  }

  private List<MemoryId> containing(String text) {
    return core.list(null, Filter.contains("k", text), null, 100, NOW).join().stream().map(Memory::id).toList();
  }

  private static Operation occurred(Operation add, @Nullable Instant time) {
    Memory memory = add.requireAfter();
    Memory after = new Memory(memory.id(), memory.scope(), memory.key(), memory.actor(), memory.content(),
        memory.metadata(), time, memory.createdAt(), memory.updatedAt(), memory.expiresAt(), memory.version(),
        memory.op());
    return new Operation(add.op(), add.kind(), add.memory(), add.before(), after, add.embedding(), add.actor(),
        add.at());
  }
}
