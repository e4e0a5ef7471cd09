package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.Embedding;
import dev.memlane.model.Filter;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.TimeOrder;
import dev.memlane.model.TimePosition;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.internal.OperationTimes;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Memories stored by one call are listed in the order given, whichever of them takes longest to store. */
@Tag("programs")
class OrderTest {

  private static final Scope RUN = Scope.user("ada").withRun("7");

  @TempDir
  @SuppressWarnings("NullAway.Init") // set by JUnit
  private Path directory;

  private static List<String> listed(TestMemory test, TimeOrder order) {
    return test.blocking.listByTime(RUN, null, order, null, 100).memories().stream().map(Memory::content).toList();
  }

  /** One that is stored at once, while others wait for their vectors. */
  private static NewMemory.Builder embedded(TestMemory test, String content) {
    return NewMemory.builder(content, RUN).embedding(
        new Embedding(test.embedder.model(), test.embedder.embed(List.of(content)).join().getFirst()));
  }

  @Test
  void addMemories_ofWhichTheFirstIsEmbeddedLast_keepTheirOrder() {
    try (TestMemory test = TestMemory.open(directory)) {
      test.embedder.hangingOn = "first"::equals;
      CompletableFuture<List<WriteOutcome>> addHandler = test.memory.addMemories(List.of(NewMemory.of("first", RUN),
          embedded(test, "second").build(), embedded(test, "third").build(), embedded(test, "second").build()));
      Until.isTrue("the others are stored", () -> test.blocking.count(RUN, null) == 3);
      test.embedder.release.complete(null);

      assertThat(addHandler.join()).allMatch(WriteOutcome::succeeded);
      List<String> given = List.of("first", "second", "third", "second");
      assertThat(listed(test, TimeOrder.OLDEST_FIRST)).isEqualTo(given);
      assertThat(listed(test, TimeOrder.NEWEST_FIRST)).isEqualTo(given.reversed());
    }
  }

  @Test
  void addMemory_calledOneAfterTheOther_keepTheOrderOfTheCalls_withKeysAndRevived() {
    try (TestMemory test = TestMemory.open(directory)) {
      Memory before = test.blocking.addMemory(NewMemory.builder("first", RUN).key("1").build());
      test.blocking.deleteMemory(MemoryDeletion.of(before.id()));
      test.embedder.hangingOn = "first"::equals;
      CompletableFuture<Memory> first = test.memory
          .addMemory(NewMemory.builder("first", RUN).key("1").revive(true).build());
      Memory second = test.blocking.addMemory(embedded(test, "second").key("2").build());
      test.embedder.release.complete(null);

      assertThat(first.join().createdAt()).isAfter(before.createdAt()).isBefore(second.createdAt());
      assertThat(first.join().updatedAt()).isAfter(second.createdAt());
      assertThat(listed(test, TimeOrder.OLDEST_FIRST)).containsExactly("first", "second");
    }
  }

  @Test
  void times_whileTheClockStandsStillOrIsPutBack_goForwardByAMicrosecond() {
    Instant start = Instant.parse("2026-03-01T12:00:00.000001999Z");
    Instant[] now = {start};
    OperationTimes times = new OperationTimes(() -> now[0]);

    List<Instant> taken = new ArrayList<>(List.of(times.next(), times.next()));
    now[0] = start.minusSeconds(3_600);
    taken.add(times.next());
    now[0] = start.plusSeconds(1);
    taken.add(times.next());

    assertThat(taken).containsExactly(Instant.parse("2026-03-01T12:00:00.000001Z"),
        Instant.parse("2026-03-01T12:00:00.000002Z"), Instant.parse("2026-03-01T12:00:00.000003Z"),
        Instant.parse("2026-03-01T12:00:01.000001Z"));
  }

  @Test
  void run_ofMemoriesOfOneDay_isInTheOrderGiven_whereNeighboursLend() {
    Instant day = Instant.parse("2026-03-01T00:00:00Z");
    try (TestMemory test = TestMemory.open(directory)) {
      List<NewMemory> said = IntStream.range(0, 9)
          .mapToObj(
              i -> NewMemory.builder((i == 4 ? "oboe and tea, part " : "tea, part ") + i, RUN).occurredAt(day).build())
          .toList();
      test.blocking.addMemories(said);

      List<SearchHit> hits = test.blocking.search(SearchRequest.builder("oboe tea").scope(RUN)
          .mode(SearchRequest.Mode.LEXICAL).include(SearchRequest.Include.EXPLANATION).build());

      List<String> lentMost = hits.stream().sorted(Comparator.comparingDouble(OrderTest::lent).reversed())
          .map(hit -> hit.memory().content()).toList();
      assertThat(lentMost.subList(0, 2)).containsExactlyInAnyOrder("tea, part 3", "tea, part 5");
      assertThat(lentMost.subList(2, 4)).containsExactlyInAnyOrder("tea, part 2", "tea, part 6");
    }
  }

  private static double lent(SearchHit hit) {
    Explanation explanation = hit.explanation();
    return explanation == null ? 0 : explanation.lent();
  }

  @Test
  void listByTime_inPages_isComplete_withTheFilter() {
    try (TestMemory test = TestMemory.open(directory)) {
      test.blocking.addMemories(IntStream.range(0, 25)
          .mapToObj(i -> NewMemory.builder("part " + i, RUN).metadata("odd", i % 2 == 1).build()).toList());

      List<String> listed = new ArrayList<>();
      TimePosition after = null;
      do {
        TimePage page = test.blocking.listByTime(null, Filter.equal("odd", true), TimeOrder.NEWEST_FIRST, after, 5);
        page.memories().forEach(memory -> listed.add(memory.content()));
        after = page.next();
      } while (after != null);

      assertThat(listed)
          .isEqualTo(IntStream.range(0, 12).mapToObj(i -> "part " + (23 - 2 * i)).toList());
    }
  }

  @Test
  void add_saysWhetherItWasStoredOrThereBefore() {
    try (TestMemory test = TestMemory.open(directory)) {
      NewMemory said = NewMemory.builder("first", RUN).key("1").build();

      WriteOutcome first = test.blocking.add(said);
      WriteOutcome second = test.blocking.add(said);
      test.embedder.failing.set(true);
      WriteOutcome third = test.blocking.add(NewMemory.of("third", RUN));

      assertThat(first).isInstanceOf(WriteOutcome.Stored.class);
      assertThat(second).isEqualTo(new WriteOutcome.DuplicateOf(((WriteOutcome.Stored) first).memory()));
      assertThat(third).isInstanceOf(WriteOutcome.Refused.class);
    }
  }
}
