package dev.memlane.storage.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.memlane.lanes.Lane;
import dev.memlane.storage.postgres.Database;
import dev.memlane.testing.PgBouncer;
import dev.memlane.testing.TestServer;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two processes of one runner, through a real PgBouncer in transaction mode. */
@Tag("slow")
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PgBouncerDurableLanesTest {

  @Test
  void runner_throughAPooler_isFencedByTheNextProcess(@TempDir Path folder) throws InterruptedException {
    PgBouncer.require();
    try (PgBouncer bouncer = PgBouncer.start(TestServer.freshDatabase(), folder);
        Database one = Database.builder(bouncer.jdbcUrl()).transactionPooling(true).poolSize(6).open();
        Database two = Database.builder(bouncer.jdbcUrl()).transactionPooling(true).poolSize(6).open();
        DurableLanes first = DurableLanes.builder(one).durableLane(Lane.of("a")).open()) {
      first.submit("a", NewTask.of("once", "1"));
      first.submit("a", NewTask.of("again", "2").idempotent(true));
      TaskClaim once = first.claim("a", Duration.ofMinutes(1), Duration.ZERO).orElseThrow();
      TaskClaim again = first.claim("a", Duration.ofMinutes(1), Duration.ZERO).orElseThrow();
      try (DurableLanes second = DurableLanes.builder(two).durableLane(Lane.of("a")).open()) {
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
