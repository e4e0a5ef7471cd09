package dev.memlane.storage.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.memlane.lanes.Lane;
import dev.memlane.storage.postgres.Database;
import dev.memlane.testing.TestServer;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Lanes over an application's pool without auto-commit, as behind a pooler. */
@Tag("programs")
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BorrowedDurableLanesTest {

  @Test
  void lanes_overBorrowedConnections_keepTheirPromises() throws InterruptedException {
    HikariConfig configuration = new HikariConfig();
    configuration.setJdbcUrl(TestServer.freshDatabase());
    configuration.setAutoCommit(false);
    configuration.setMaximumPoolSize(8);
    try (HikariDataSource pool = new HikariDataSource(configuration);
        Database database = Database.builder(pool).transactionPooling(true).poolSize(6).open();
        DurableLanes first = DurableLanes.builder(database).durableLane(Lane.of("a")).open()) {
      first.submit("a", NewTask.of("once", "1"));
      first.submit("a", NewTask.of("again", "2").idempotent(true));
      TaskClaim once = first.claim("a", Duration.ofMinutes(1), Duration.ZERO).orElseThrow();
      TaskClaim again = first.claim("a", Duration.ofMinutes(1), Duration.ZERO).orElseThrow();
      try (DurableLanes second = DurableLanes.builder(database).durableLane(Lane.of("a")).open()) {
        assertThatExceptionOfType(TakenOverException.class).isThrownBy(() -> first.complete(once.id(), "1"));
        // The claims go on in the next process.
        assertThat(second.claim("a", Duration.ofMinutes(1), Duration.ZERO)).isEmpty();
        assertThat(second.complete(once.id(), "1")).isInstanceOf(Report.Recorded.class);
        assertThat(second.complete(again.id(), "3")).isInstanceOf(Report.Recorded.class);
        assertThat(second.deadLetters(10)).isEmpty();
      }
    }
  }
}
