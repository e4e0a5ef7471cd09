package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.Details;
import dev.memlane.model.Filter;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.Metadata;
import dev.memlane.model.NewMemory;
import dev.memlane.model.PastMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Memories as they were. */
@Tag("programs")
class AsOfTest {

  private static final Scope ADA = Scope.user("ada").withRun("7");
  private static final Instant THEN = Instant.parse("2026-03-02T09:14:00Z");

  private static String url;
  private static TestMemory test;

  @BeforeAll
  static void open(@TempDir Path directory) {
    url = TestMemory.freshDatabase();
    test = TestMemory.open(url, directory);
  }

  @AfterAll
  static void close() {
    test.close();
  }

  private static List<Instant> times(MemoryId id) {
    return test.blocking.history(id).stream().map(HistoryEntry::at).toList();
  }

  private static PastMemory past(MemoryId id, Instant at) {
    return test.blocking.getAsOf(id, at).orElseThrow();
  }

  @Test
  void getAsOf_ofAnUpdatedMemory_returnsEachState() {
    Metadata topic = Metadata.of("topic", "music");
    Memory added = test.blocking.addMemory(NewMemory.builder("the oboe", ADA).actor("Ada").metadata(topic)
        .occurredAt(THEN).build());
    Memory changed = test.blocking.updateMemory(MemoryUpdate.content(added.id(), "the lute"));
    Memory cleared = test.blocking.updateMemory(MemoryUpdate.builder(added.id()).occurredAt(null).build());

    for (Memory each : List.of(added, changed, cleared)) {
      assertThat(past(added.id(), each.updatedAt())).isEqualTo(new PastMemory(each.id(), ADA, each.content(),
          each.metadata(), Details.of(each), each.version(), each.op(), each.updatedAt()));
    }
    assertThat(past(added.id(), changed.updatedAt().minusNanos(1))).extracting(PastMemory::version).isEqualTo(1);
    assertThat(past(added.id(), Instant.MAX)).extracting(PastMemory::version).isEqualTo(3);
    assertThat(test.blocking.getAsOf(added.id(), added.createdAt().minusNanos(1_000))).isEmpty();
    assertThat(test.blocking.getAsOf(added.id(), Instant.MIN)).isEmpty();
    assertThat(test.blocking.getAsOf(new MemoryId(UUID.randomUUID()), Instant.MAX)).isEmpty();
  }

  @Test
  void getAsOf_ofADeletedAndRevivedMemory_returnsTheStatesOfBothLives() {
    NewMemory.Builder builder = NewMemory.builder("the first life", ADA).key("twice").actor("Ada");
    Memory first = test.blocking.addMemory(builder.build());
    test.blocking.deleteMemory(MemoryDeletion.of(first.id()));
    Memory second = test.blocking
        .addMemory(NewMemory.builder("the second life", ADA).key("twice").actor("Bob").revive(true).build());
    Instant deleted = times(first.id()).get(1);

    assertThat(past(first.id(), first.updatedAt())).isEqualTo(new PastMemory(first.id(), ADA, "the first life",
        Metadata.empty(), null, 1, first.op(), first.updatedAt()));
    assertThat(test.blocking.getAsOf(first.id(), deleted)).isEmpty();
    assertThat(past(first.id(), second.updatedAt()).details()).isEqualTo(Details.of(second));
  }

  @Test
  void getAsOf_ofAnErasedMemory_isEmpty() {
    Memory memory = test.blocking.addMemory(NewMemory.of("a secret", ADA));
    test.blocking.deleteMemory(MemoryDeletion.of(memory.id()));
    assertThat(past(memory.id(), memory.updatedAt()).content()).isEqualTo("a secret");

    test.blocking.deleteMemory(MemoryDeletion.of(memory.id()).purgingHistory());

    assertThat(test.blocking.getAsOf(memory.id(), memory.updatedAt())).isEmpty();
    assertThat(test.blocking.getAsOf(memory.id(), Instant.MAX)).isEmpty();
  }

  @Test
  void getAsOf_afterItsExpiry_isEmptyUnlessAskedFor() {
    Memory memory = test.blocking.addMemory(NewMemory.of("short-lived", ADA));
    Instant end = memory.updatedAt().plus(Duration.ofDays(1));
    test.blocking.updateMemory(MemoryUpdate.builder(memory.id()).expiresAt(end).build());

    assertThat(past(memory.id(), end.minusNanos(1_000)).details()).isEqualTo(new Details(null, null, end));
    assertThat(test.blocking.getAsOf(memory.id(), end)).isEmpty();
    assertThat(test.blocking.getAsOf(memory.id(), end, Expired.INCLUDED)).isPresent();
    assertThat(test.blocking.listAsOf(ADA, end, null, 1_000).memories()).extracting(PastMemory::id)
        .doesNotContain(memory.id());
    assertThat(test.blocking.listAsOf(ADA, end, null, 1_000, Expired.INCLUDED).memories()).extracting(PastMemory::id)
        .contains(memory.id());
    assertThat(past(memory.id(), memory.updatedAt()).details()).isEqualTo(new Details(null, null, null));
  }

  @Test
  void listAsOf_listsTheStatesOfThatTime_inPages() {
    Scope scope = Scope.user("bea");
    Memory kept = test.blocking.addMemory(NewMemory.builder("plays the oboe", scope).actor("Bea").build());
    Memory changed = test.blocking.addMemory(NewMemory.of("lives in Rome", scope));
    Memory deleted = test.blocking.addMemory(NewMemory.of("has a cat", scope));
    Instant then = deleted.updatedAt();
    test.blocking.updateMemory(MemoryUpdate.content(changed.id(), "lives in Oslo"));
    test.blocking.deleteMemory(MemoryDeletion.of(deleted.id()));
    Memory later = test.blocking.addMemory(NewMemory.of("has a dog", scope));

    List<PastMemory> found = new ArrayList<>();
    MemoryId after = null;
    do {
      PastPage page = test.blocking.listAsOf(scope, then, after, 2);
      assertThat(page.memories()).hasSizeLessThanOrEqualTo(2);
      found.addAll(page.memories());
      after = page.next();
    } while (after != null);

    assertThat(found).containsExactlyInAnyOrder(past(kept.id(), then), past(changed.id(), then),
        past(deleted.id(), then));
    assertThat(found).extracting(PastMemory::id).doesNotContain(later.id()).isSorted();
    assertThat(test.blocking.listAsOf(scope, kept.createdAt().minusNanos(1_000), null, 10).memories()).isEmpty();
    assertThat(test.blocking.listAsOf(scope, Instant.MIN, null, 10).memories()).isEmpty();
  }

  @Test
  void search_asOfATime_findsWhatWasChangedOrDeletedSince_andNothingNewer() {
    Scope scope = Scope.user("cleo");
    Memory home = test.blocking.addMemory(NewMemory.builder("I live in Rome", scope).actor("Cleo").build());
    Memory cat = test.blocking.addMemory(NewMemory.of("a cat called Tom", scope));
    Instant then = cat.updatedAt();
    SearchRequest.Builder whole = SearchRequest.builder("where does Cleo live, in Rome?").scope(scope)
        .include(SearchRequest.Include.EXPLANATION, SearchRequest.Include.EMBEDDING);
    List<SearchHit> whatWasFoundThen = test.blocking.search(whole.build());
    Memory moved = test.blocking.updateMemory(MemoryUpdate.content(home.id(), "I live in Oslo"));
    test.blocking.deleteMemory(MemoryDeletion.of(cat.id()));
    test.blocking.addMemory(NewMemory.of("Rome again, for a holiday", scope));

    assertThat(whatWasFoundThen).hasSize(2);
    assertThat(test.blocking.search(whole.asOf(then).build())).usingRecursiveComparison()
        .withComparatorForType(nearly(), Double.class).isEqualTo(whatWasFoundThen);
    assertThat(contents("Rome", scope, then)).containsExactly("I live in Rome");
    assertThat(contents("Oslo", scope, then)).isEmpty();
    assertThat(contents("a cat", scope, then)).containsExactly("a cat called Tom");
    assertThat(contents("Oslo", scope, moved.updatedAt())).containsExactly("I live in Oslo");
    assertThat(contents("Rome", scope, home.createdAt().minusNanos(1_000))).isEmpty();
    assertThat(contents("Rome", scope, null)).containsExactly("Rome again, for a holiday");
    SearchHit hit = test.blocking.search(SearchRequest.builder("Rome").scope(scope).asOf(then).build()).getFirst();
    assertThat(hit.memory()).isEqualTo(home);
  }

  @Test
  void search_asOfNow_findsAndScoresAsASearchOfThePresent() {
    Scope scope = Scope.user("dora");
    for (int i = 0; i < 30; i++) {
      Memory each = test.blocking.addMemory(NewMemory.builder("walk " + i + " to the lake of " + i % 7, scope)
          .actor(i % 2 == 0 ? "Dora" : "Eli").metadata(Metadata.of("part", i % 3 == 0 ? "a" : "b")).build());
      if (i % 5 == 0) {
        test.blocking.updateMemory(MemoryUpdate.content(each.id(), "a swim in the lake of " + i));
      }
    }
    for (SearchRequest.Mode mode : SearchRequest.Mode.values()) {
      SearchRequest.Builder request = SearchRequest.builder("where did Dora walk, lake of 5").scope(scope).mode(mode)
          .filter(Filter.equal("part", "b")).limit(20)
          .include(SearchRequest.Include.EXPLANATION, SearchRequest.Include.EMBEDDING);
      List<SearchHit> present = test.blocking.search(request.build());
      List<SearchHit> past = test.blocking.search(request.asOf(Instant.now()).build());

      assertThat(present).hasSizeGreaterThan(5);
      assertThat(past).usingRecursiveComparison().withComparatorForType(nearly(), Double.class).isEqualTo(present);
    }
  }

  private static Comparator<Double> nearly() {
    return (one, other) -> Math.abs(one - other) < 1e-6 ? 0 : Double.compare(one, other);
  }

  @Test
  void search_asOfATime_refusesToGoEverywhere_andScopesThatAreTooLarge() {
    SearchRequest.Builder everywhere = SearchRequest.builder("Rome").everywhere().asOf(THEN);
    assertThatThrownBy(everywhere::build).isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("name a scope");

    Scope scope = Scope.user("full");
    List<NewMemory> many = IntStream.range(0, SearchRequest.MOST_PAST + 1)
        .mapToObj(i -> NewMemory.of("note " + i, scope)).toList();
    for (int from = 0; from < many.size(); from += 1_000) {
      test.blocking.addMemories(many.subList(from, Math.min(many.size(), from + 1_000)));
    }
    assertThatThrownBy(() -> contents("note", scope, Instant.now())).isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("more than 10,000 memories");
  }

  private static List<String> contents(String query, Scope scope, @Nullable Instant asOf) {
    return test.blocking.search(SearchRequest.builder(query).scope(scope).mode(SearchRequest.Mode.LEXICAL).asOf(asOf)
        .build()).stream().map(hit -> hit.memory().content()).toList();
  }

  @Test
  void getAsOf_whileDetailsChange_neverMixesTwoMoments() {
    Memory memory = test.blocking.addMemory(NewMemory.builder("the oboe", ADA).actor("Ada").build());
    CompletableFuture<Void> release = new CompletableFuture<>();
    // Reads without vectors: not those of the update.
    test.core.concerning(arguments -> Boolean.FALSE.equals(arguments[arguments.length - 1]));
    int before = test.core.calls("read");
    test.core.holding("read", release);
    CompletableFuture<Optional<PastMemory>> past = test.memory.getAsOf(memory.id(), memory.updatedAt());
    Until.isTrue("the log has been read", () -> test.core.calls("read") > before);

    test.blocking.updateMemory(MemoryUpdate.builder(memory.id()).actor("Bob").build());
    release.complete(null);

    assertThat(past.join().orElseThrow().details()).isEqualTo(new Details("Ada", null, null));
    test.heal();
    test.core.concerning(arguments -> true);
  }

  @Test
  void getAsOf_ofAMemoryWhoseRowNeverFitsTheLog_fails() throws SQLException {
    Memory memory = test.blocking.addMemory(NewMemory.of("the oboe", ADA));
    try (Connection connection = DriverManager.getConnection(url);
        PreparedStatement delete = connection.prepareStatement("delete from memlane.memory where id = ?")) {
      delete.setObject(1, memory.id().value());
      assertThat(delete.executeUpdate()).isEqualTo(1);
    }

    assertThatThrownBy(() -> test.blocking.getAsOf(memory.id(), memory.updatedAt()))
        .isInstanceOf(StoreException.class).hasMessageContaining("ask again");
  }
}
