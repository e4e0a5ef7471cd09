package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.Details;
import dev.memlane.model.Filter;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.MemoryWriteException;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Changing and clearing a memory's actor, time of occurrence and expiry. */
@Tag("programs")
class DetailsTest {

  private static final Scope ADA = Scope.user("ada");
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final Instant PAST = Instant.parse("2020-01-01T00:00:00Z");

  @TempDir
  @SuppressWarnings("NullAway.Init") // set by JUnit
  private Path directory;

  @SuppressWarnings("NullAway.Init") // set before each test
  private TestMemory test;
  @SuppressWarnings("NullAway.Init") // set before each test
  private BlockingMemory memory;
  private String jdbcUrl = "";

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

  private Memory add() {
    return memory.addMemory(NewMemory.builder("plays the oboe", ADA).actor("Ada").metadata("topic", "music")
        .occurredAt(NOON).expiresAt(NOON.plusSeconds(3_600L * 24 * 365 * 900)).build());
  }

  private List<Memory> found(String query) {
    return memory
        .search(SearchRequest.builder(query).scope(ADA).mode(SearchRequest.Mode.LEXICAL).build()).stream()
        .map(SearchHit::memory).toList();
  }

  @Test
  void update_ofTheTimes_changesThemAlone_embedsNothing_andIsInTheHistory() {
    Memory added = add();
    int embedded = test.embedder.texts.get();
    Instant occurred = NOON.plusNanos(1_234_567);

    Memory updated = memory.updateMemory(
        MemoryUpdate.builder(added.id()).occurredAt(occurred).expiresAt(null).by("Bob").build());

    assertThat(test.embedder.texts.get()).isEqualTo(embedded);
    assertThat(updated).isEqualTo(new Memory(added.id(), ADA, null, "Ada", added.content(), added.metadata(),
        NOON.plusNanos(1_234_000), added.createdAt(), updated.updatedAt(), null, 2, updated.op()));
    assertThat(memory.get(added.id())).contains(updated);
    assertThat(memory.history(added.id()).getLast()).isEqualTo(new HistoryEntry(added.id(), updated.op(), 2,
        HistoryEntry.Kind.UPDATE, added.content(), added.content(), added.metadata(), added.metadata(),
        Details.of(added), Details.of(updated), "Bob", updated.updatedAt()));
    assertThat(memory.history(added.id()).getFirst().newDetails()).isNull();
    assertThat(memory.search(SearchRequest.builder("oboe").scope(ADA).filter(Filter.occurredFrom(NOON.plusNanos(1_000)))
        .build())).extracting(SearchHit::memory).containsExactly(updated);
    assertThat(memory.verify(false).inconsistencies()).isEmpty();
  }

  @Test
  void update_ofTheContentAlone_leavesTheRest_andItsEntryNamesNoDetails() {
    Memory added = add();

    Memory updated = memory.updateMemory(MemoryUpdate.content(added.id(), "plays the lute"));

    assertThat(Details.of(updated)).isEqualTo(Details.of(added));
    assertThat(memory.history(added.id()).getLast().newDetails()).isNull();
  }

  @Test
  void update_ofTheActor_embedsAgain_andTheNewOneIsFound_theOldOneNot() {
    Memory added = add();
    int embedded = test.embedder.texts.get();

    Memory said = memory.updateMemory(MemoryUpdate.builder(added.id()).actor("Robert").build());
    assertThat(test.embedder.texts.get()).isEqualTo(embedded + 1);
    assertThat(found("Robert")).containsExactly(said);
    assertThat(found("Ada")).isEmpty();

    Memory unsaid = memory.updateMemory(MemoryUpdate.builder(added.id()).actor(null).build());
    assertThat(unsaid.actor()).isNull();
    assertThat(found("Robert")).isEmpty();
    assertThat(found("oboe")).containsExactly(unsaid);
    assertThat(memory.verify(false).inconsistencies()).isEmpty();
  }

  @Test
  void update_ofTheActorAndOfTheContent_atTheSameTime_bothCount() {
    Memory added = add();
    test.embedder.hangingOn = "Robert: plays the oboe"::equals;
    CompletableFuture<Memory> actor = test.memory
        .updateMemory(MemoryUpdate.builder(added.id()).actor("Robert").build());
    // A change of metadata doesn't embed, so it passes the one that waits for its vector.
    memory.updateMemory(MemoryUpdate.metadata(added.id(), added.metadata().with("topic", "work")));
    test.embedder.release.complete(null);

    Memory both = actor.join();
    assertThat(both.actor()).isEqualTo("Robert");
    assertThat(both.metadata()).isEqualTo(added.metadata().with("topic", "work"));

    List<CompletableFuture<Memory>> racing = List.of(
        test.memory.updateMemory(MemoryUpdate.content(added.id(), "plays the lute")),
        test.memory.updateMemory(MemoryUpdate.builder(added.id()).actor("Eve").build()));
    racing.forEach(CompletableFuture::join);

    Memory last = memory.get(added.id()).orElseThrow();
    assertThat(last.searchableText()).isEqualTo("Eve: plays the lute");
    SearchHit hit = memory.search(SearchRequest.builder("lute").scope(ADA).include(SearchRequest.Include.EMBEDDING)
        .build()).getFirst();
    assertThat(hit.embedding()).satisfies(embedding -> assertThat(embedding.vector())
        .isEqualTo(test.embedder.embed(List.of("Eve: plays the lute")).join().getFirst()));
  }

  @Test
  void update_thatTheIndexRefuses_bringsBackAllThatWasThere_andItsEntryForgets() throws SQLException {
    Memory added = add();
    test.index.refusingAfter("put", test.core.nextAnswer("write"));

    assertThatThrownBy(() -> memory.updateMemory(MemoryUpdate.builder(added.id()).actor("Robert").occurredAt(null)
        .expiresAt(PAST).content("plays the lute").build())).isInstanceOf(MemoryWriteException.class);
    test.heal();

    assertThat(memory.get(added.id())).contains(added);
    assertThat(found("Ada oboe")).containsExactly(added);
    assertThat(memory.history(added.id())).hasSize(1);
    assertThat(number("select count(*) from memlane.history where old_details is not null or new_details is not null"))
        .isZero();
    assertThat(memory.verify(false).inconsistencies()).isEmpty();
  }

  private long number(String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(jdbcUrl);
        ResultSet row = connection.createStatement().executeQuery(sql)) {
      row.next();
      return row.getLong(1);
    }
  }

  @Test
  void memoryThatHasExpired_livesAgainWhenThatIsClearedOrPutOff() {
    Memory added = add();

    memory.updateMemory(MemoryUpdate.builder(added.id()).expiresAt(PAST).build());
    assertThat(memory.get(added.id())).isEmpty();
    assertThat(found("oboe")).isEmpty();

    Memory cleared = memory.updateMemory(MemoryUpdate.builder(added.id()).expiresAt(null).build());
    assertThat(found("oboe")).containsExactly(cleared);

    memory.updateMemory(MemoryUpdate.builder(added.id()).expiresAt(PAST).build());
    assertThat(memory.sweep()).isEqualTo(1);
    assertThatThrownBy(() -> memory.updateMemory(MemoryUpdate.builder(added.id()).expiresAt(null).build()))
        .isInstanceOf(MemoryWriteException.class).hasMessageContaining("was deleted");
  }
}
