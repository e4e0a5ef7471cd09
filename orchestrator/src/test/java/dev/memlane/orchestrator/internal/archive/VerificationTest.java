package dev.memlane.orchestrator.internal.archive;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.TestMemory;
import dev.memlane.orchestrator.VerifyReport.Inconsistency;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Verification of a memory against its history, in a database that was edited by hand. */
@Tag("programs")
class VerificationTest {

  private static final Scope ADA = Scope.user("ada");
  private static final Instant LATER = Instant.parse("2090-01-01T00:00:00Z");

  @TempDir
  @SuppressWarnings("NullAway.Init") // set by JUnit
  private Path directory;

  private final String url = TestMemory.freshDatabase();
  private TestMemory test;
  private Memory edited;

  @BeforeEach
  void open() {
    test = TestMemory.open(url, directory);
    Memory added = test.blocking.addMemory(NewMemory.builder("plays the oboe", ADA).metadata("topic", "music").build());
    Memory extended = test.blocking.updateMemory(MemoryUpdate.builder(added.id()).expiresAt(LATER).build());
    edited = test.blocking.updateMemory(MemoryUpdate.content(extended.id(), "plays the flute"));
    for (int i = 0; i < 1_100; i += 100) {
      test.blocking.addMemory(NewMemory.of("memory " + i, ADA));
    }
  }

  @AfterEach
  void close() {
    test.close();
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
      update memory set content = 'plays the tuba' where id = ?                                    | its content is not the one
      update memory set metadata = '{"topic": "none"}' where id = ?                                | its metadata are not those
      update memory set expires_at = null where id = ?                                             | its actor, occurredAt or expiresAt
      update memory set content_hash = gen_random_uuid() where id = ?                              | its vector is not of its content
      update history set new_content = 'plays the tuba' where memory_id = ? and version = 3        | its content is not the one
      update history set new_details = '{}' where memory_id = ? and version = 2                    | its actor, occurredAt or expiresAt
      """)
  void verify_afterAnEditByHand_saysWhatContradicts(String sql, String problem) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        PreparedStatement statement = connection.prepareStatement(sql.replace(" memory ", " memlane.memory ")
            .replace(" history ", " memlane.history "))) {
      statement.setObject(1, edited.id().value());
      assertThat(statement.executeUpdate()).isEqualTo(1);
    }

    assertThat(test.blocking.verify(true).inconsistencies()).singleElement().satisfies(found -> {
      assertThat(found).extracting(Inconsistency::memory).isEqualTo(edited.id());
      assertThat(found.problem()).startsWith("core and the history contradict each other: ").contains(problem);
    });
  }

  @Test
  void verify_ofMemoriesWithAllKindsOfHistories_findsNothing() {
    Memory keyed = test.blocking.addMemory(NewMemory.builder("a", ADA).key("k").expiresAt(LATER).build());
    test.blocking.updateMemory(MemoryUpdate.builder(keyed.id()).expiresAt(LATER.plusSeconds(1)).by("Bob").build());
    test.blocking.deleteMemory(MemoryDeletion.of(keyed.id()));
    test.blocking.addMemory(NewMemory.builder("b", ADA).key("k").revive(true).build());
    test.blocking.deleteMemory(MemoryDeletion.of(edited.id()));

    assertThat(test.blocking.verify(false).inconsistencies()).isEmpty();
  }
}
