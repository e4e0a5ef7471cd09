package dev.memlane.storage.history;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.storage.postgres.Database;
import dev.memlane.testing.TestServer;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Leases in the database, of which one holder at a time has each. */
@Tag("programs")
class LeaseTest {

  private static final Duration LONG = Duration.ofHours(1);
  private static final Duration OVER_AT_ONCE = Duration.ofNanos(1_000);

  @Test
  void lease_belongsToOneHolder_untilItIsGivenBackOrOver() {
    UUID one = UUID.randomUUID();
    UUID other = UUID.randomUUID();
    try (Database database = Database.builder(TestServer.freshDatabase("")).open()) {
      PostgresHistoryStore history = new PostgresHistoryStore(database);
      assertThat(history.holdLease("work", one, LONG).join()).isTrue();
      assertThat(history.holdLease("work", one, LONG).join()).as("an extension").isTrue();
      assertThat(history.holdLease("work", other, LONG).join()).isFalse();
      assertThat(history.holdLease("other work", other, LONG).join()).isTrue();

      assertThat(history.holdLease("work", one, Duration.ZERO).join()).as("giving it back").isTrue();
      assertThat(history.holdLease("work", other, OVER_AT_ONCE).join()).isTrue();
      assertThat(history.holdLease("work", one, LONG).join()).as("after it was over").isTrue();
    }
  }
}
