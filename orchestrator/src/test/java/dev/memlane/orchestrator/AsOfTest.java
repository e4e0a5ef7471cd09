package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.Details;
import dev.memlane.model.HistoryEntry;
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
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Memories as they were. */
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
    assertThat(past(memory.id(), memory.updatedAt()).details()).isEqualTo(new Details(null, null, null));
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
