package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.TimeOrder;
import dev.memlane.storage.postgres.Database;
import dev.memlane.testing.FaultInjector;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a caller does to a future that it was given touches neither the work nor other callers. */
@Tag("programs")
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ReturnedFuturesTest {

  private static final Scope ADA = Scope.user("ada");
  /** More than the limit of requests in progress. */
  private static final int MANY = 1_100;

  @TempDir
  Path directory;

  /**
   * One call whose work is held up in a store.
   *
   * @param before what has to be there, given to the call
   * @param done whether the work has ended
   */
  private record Call<T>(Function<TestMemory, FaultInjector<?>> store, String held, Function<TestMemory, T> before,
      Function<TestMemory, Function<T, CompletableFuture<?>>> begin, Function<TestMemory, Function<T, Boolean>> done) {

    /** One that only reads: the store's own future is what must not end with the caller's. */
    static Call<Memory> read(Function<TestMemory, FaultInjector<?>> store, String held,
        Function<TestMemory, Function<Memory, CompletableFuture<?>>> begin) {
      return new Call<>(store, held, ReturnedFuturesTest::one, begin, test -> memory -> true);
    }
  }

  private static Memory one(TestMemory test) {
    return one(test, ADA);
  }

  private static Memory one(TestMemory test, Scope scope) {
    return test.blocking.addMemory(NewMemory.of("Ada plays the oboe", scope));
  }

  private static List<NewMemory> many() {
    return IntStream.range(0, MANY).mapToObj(i -> NewMemory.of("number " + i, Scope.user("many"))).toList();
  }

  private static List<NewMemory> manyWithKeys() {
    return IntStream.range(0, MANY)
        .mapToObj(i -> NewMemory.builder("number " + i, Scope.user("many")).key("key " + i).build()).toList();
  }

  private static long count(TestMemory test, Scope scope) {
    return test.blocking.count(scope, null);
  }

  private List<ArchivedMemory> exportedElsewhere() {
    try (TestMemory other = TestMemory.open(directory.resolve("elsewhere-" + UUID.randomUUID()))) {
      other.blocking.addMemories(many().subList(0, 20));
      return other.blocking.exportPage(Scope.user("many"), null, 1_000, true).memories();
    }
  }

  /** Every public method that returns a future, by its name and how many parameters it has. */
  private Map<String, Call<?>> calls() {
    Map<String, Call<?>> calls = new TreeMap<>();
    Function<TestMemory, FaultInjector<?>> core = test -> test.core;
    Function<TestMemory, FaultInjector<?>> history = test -> test.history;
    calls.put("addMemory/1", new Call<>(core, "write", test -> NewMemory.of("new", Scope.user("new")),
        test -> test.memory::addMemory, test -> memory -> count(test, memory.scope()) == 1));
    calls.put("add/1", new Call<>(core, "write", test -> NewMemory.of("new", Scope.user("new")),
        test -> test.memory::add, test -> memory -> count(test, memory.scope()) == 1));
    calls.put("addMemories/1", new Call<>(core, "write", test -> many(), test -> test.memory::addMemories,
        test -> memories -> count(test, Scope.user("many")) == MANY));
    calls.put("put/1",
        new Call<>(core, "write", test -> NewMemory.builder("new", Scope.user("new")).key("key").build(),
            test -> test.memory::put, test -> memory -> count(test, memory.scope()) == 1));
    calls.put("putMemories/1", new Call<>(core, "write", test -> manyWithKeys(), test -> test.memory::putMemories,
        test -> memories -> count(test, Scope.user("many")) == MANY));
    calls.put("updateMemory/1", new Call<>(core, "write", ReturnedFuturesTest::one,
        test -> memory -> test.memory.updateMemory(MemoryUpdate.content(memory.id(), "changed")),
        test -> memory -> test.blocking.get(memory.id()).orElseThrow().version() == 2));
    calls.put("deleteMemory/1", new Call<>(core, "write", ReturnedFuturesTest::one,
        test -> memory -> test.memory.deleteMemory(MemoryDeletion.of(memory.id())),
        test -> memory -> test.blocking.get(memory.id()).isEmpty()));
    calls.put("deleteMemories/1", new Call<>(core, "write", ReturnedFuturesTest::one,
        test -> memory -> test.memory.deleteMemories(List.of(MemoryDeletion.of(memory.id()))),
        test -> memory -> test.blocking.get(memory.id()).isEmpty()));
    // In scopes of their own: nobody sees when they end, and until then they would delete what a later case needs.
    calls.put("deleteAll/2", new Call<>(core, "write", test -> one(test, Scope.user("all two")),
        test -> memory -> test.memory.deleteAll(memory.scope(), null),
        test -> memory -> count(test, memory.scope()) == 0));
    calls.put("deleteAll/3", new Call<>(core, "write", test -> one(test, Scope.user("all three")),
        test -> memory -> test.memory.deleteAll(memory.scope(), null, true),
        test -> memory -> test.blocking.history(memory.id()).stream().allMatch(entry -> entry.newContent() == null)));
    calls.put("importMemories/1", new Call<>(core, "restore", test -> exportedElsewhere(),
        test -> test.memory::importMemories, test -> memories -> count(test, Scope.user("many")) == memories.size()));
    calls.put("importMemories/2",
        new Call<>(core, "restore", test -> exportedElsewhere(),
            test -> memories -> test.memory.importMemories(memories, Edits.REFUSED),
            test -> memories -> count(test, Scope.user("many")) == memories.size()));
    calls.put("get/1", Call.read(core, "find", test -> memory -> test.memory.get(memory.id())));
    calls.put("get/2", Call.read(core, "find", test -> memory -> test.memory.get(memory.id(), Expired.INCLUDED)));
    calls.put("getAsOf/2",
        Call.read(history, "asOf", test -> memory -> test.memory.getAsOf(memory.id(), Instant.now())));
    calls.put("getAsOf/3", Call.read(history, "asOf",
        test -> memory -> test.memory.getAsOf(memory.id(), Instant.now(), Expired.INCLUDED)));
    calls.put("listAsOf/4",
        Call.read(history, "asOf", test -> memory -> test.memory.listAsOf(ADA, Instant.now(), null, 10)));
    calls.put("listAsOf/5", Call.read(history, "asOf",
        test -> memory -> test.memory.listAsOf(ADA, Instant.now(), null, 10, Expired.INCLUDED)));
    calls.put("list/4", Call.read(core, "list", test -> memory -> test.memory.list(ADA, null, null, 10)));
    calls.put("list/5",
        Call.read(core, "list", test -> memory -> test.memory.list(ADA, null, null, 10, Expired.INCLUDED)));
    calls.put("listByTime/5", Call.read(core, "listByTime",
        test -> memory -> test.memory.listByTime(ADA, null, TimeOrder.NEWEST_FIRST, null, 10)));
    calls.put("listByTime/6", Call.read(core, "listByTime",
        test -> memory -> test.memory.listByTime(ADA, null, TimeOrder.NEWEST_FIRST, null, 10, Expired.INCLUDED)));
    calls.put("count/2", Call.read(core, "count", test -> memory -> test.memory.count(ADA, null)));
    calls.put("count/3", Call.read(core, "count", test -> memory -> test.memory.count(ADA, null, Expired.INCLUDED)));
    calls.put("scopes/3", Call.read(core, "scopes", test -> memory -> test.memory.scopes(null, null, 10)));
    calls.put("scopeOf/1", Call.read(core, "scopesOf", test -> memory -> test.memory.scopeOf(memory.id())));
    calls.put("search/1",
        Call.read(test -> test.index, "search", test -> memory -> test.memory.search(SearchRequest.of("oboe", ADA))));
    calls.put("context/1", Call.read(test -> test.index, "search",
        test -> memory -> test.memory.context(ContextRequest.of("oboe", ADA, 100))));
    calls.put("hasLanded/2",
        Call.read(core, "fenceAll", test -> memory -> test.memory.hasLanded(memory.id(), memory.op())));
    calls.put("history/1", Call.read(history, "entries", test -> memory -> test.memory.history(memory.id())));
    calls.put("history/3", Call.read(history, "newest", test -> memory -> test.memory.history(memory.id(), null, 5)));
    calls.put("changes/2", Call.read(history, "changes", test -> memory -> test.memory.changes(null, 10)));
    calls.put("exportPage/4",
        Call.read(core, "archive", test -> memory -> test.memory.exportPage(ADA, null, 10, false)));
    calls.put("verify/1", Call.read(core, "heads", test -> memory -> test.memory.verify(true)));
    calls.put("sweep/0", Call.read(core, "sweepable", test -> memory -> test.memory.sweep()));
    calls.put("statistics/0", Call.read(history, "count", test -> memory -> test.memory.statistics()));
    return calls;
  }

  @Test
  void everyMethod_hasACase() {
    List<String> returning = Arrays.stream(MemoryOrchestrator.class.getDeclaredMethods())
        .filter(method -> Modifier.isPublic(method.getModifiers()))
        .filter(method -> method.getReturnType() == CompletableFuture.class).map(ReturnedFuturesTest::name).distinct()
        // Neither asks a store for a future, and a memory with stores of its own has no vectors of other models.
        .filter(name -> !Set.of("awaitSettled/0", "status/0", "deleteOldVectors/0").contains(name)).toList();

    assertThat(calls().keySet()).containsExactlyInAnyOrderElementsOf(returning);
  }

  private static String name(Method method) {
    return method.getName() + "/" + method.getParameterCount();
  }

  @Test
  void futures_cancelled_endTheWaitingAndNotTheWork() {
    try (TestMemory test = TestMemory.open(directory.resolve("here"))) {
      calls().forEach((name, call) -> goesOn(name, test, call, future -> future.cancel(true)));
    }
  }

  @Test
  void futures_timedOut_endTheWaitingAndNotTheWork() {
    try (TestMemory test = TestMemory.open(directory.resolve("here"))) {
      calls().forEach((name, call) -> goesOn(name, test, call,
          future -> assertThatThrownBy(() -> future.orTimeout(1, TimeUnit.MILLISECONDS).join())
              .isInstanceOf(CompletionException.class)));
    }
  }

  // Whether it is another future is the question.
  @SuppressWarnings("ReferenceEquality")
  private static <T> void goesOn(String name, TestMemory test, Call<T> call, Consumer<CompletableFuture<?>> ending) {
    test.blocking.deleteAll(ADA, null);
    test.blocking.deleteAll(Scope.user("many"), null);
    test.blocking.deleteAll(Scope.user("new"), null);
    T given = call.before.apply(test);
    FaultInjector<?> store = call.store.apply(test);
    CompletableFuture<Void> release = new CompletableFuture<>();
    CompletableFuture<?> before = store.lastAnswer(call.held);
    store.holding(call.held, release);
    CompletableFuture<?> future = call.begin.apply(test).apply(given);
    Until.isTrue(name + " is held up in " + call.held, () -> store.lastAnswer(call.held) != before);

    ending.accept(future);
    assertThat(future).as(name).isCompletedExceptionally();
    CompletableFuture<?> inside = Objects.requireNonNull(store.lastAnswer(call.held));
    assertThat(inside).as(name).isNotDone();

    test.heal();
    release.complete(null);
    Until.isTrue(name + " ends inside", inside::isDone);
    assertThat(inside.isCompletedExceptionally()).as(name).isFalse();
    BooleanSupplier done = () -> call.done.apply(test).apply(given);
    Until.isTrue(name + " has ended", done);
  }

  @Test
  void awaitSettled_cancelledByOne_stillTellsTheOther() throws Exception {
    try (TestMemory test = TestMemory.open(Database.builder(TestMemory.freshDatabase()),
        directory.resolve("here"), Duration.ofSeconds(3), Duration.ofSeconds(60))) {
      Memory memory = one(test);
      test.index.neverDoing("put");
      CompletableFuture<Memory> changed = test.memory.updateMemory(MemoryUpdate.content(memory.id(), "changed"));
      Until.isTrue("it is unsettled", () -> test.memory.statistics().join().unsettled().size() == 1);
      CompletableFuture<Void> one = test.memory.awaitSettled();
      CompletableFuture<Void> other = test.memory.awaitSettled();

      one.cancel(true);

      assertThat(other).isNotDone();
      test.heal();
      other.get(60, TimeUnit.SECONDS);
      assertThat(changed).isCompletedExceptionally();
    }
  }
}
