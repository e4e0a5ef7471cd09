package dev.memlane.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.WriteOutcome;
import dev.memlane.model.listen.OperationEnd;
import dev.memlane.model.listen.OperationType;
import dev.memlane.server.RecentActivity.Sample;
import dev.memlane.server.RecentActivity.Summary;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What the listener remembers, with a clock that the test moves. */
class RecentActivityTest {

  private static final Instant BEGIN = Instant.parse("2026-03-02T09:22:01Z");

  private static final MemoryId MEMORY = MemoryId.parse("0198c5a2-7c1e-7a50-9d53-0242ac120002");
  private static final OperationId OPERATION = OperationId.parse("0198c5a2-7c1e-7a50-9d53-0242ac120003");

  private Instant now = BEGIN;
  private final RecentActivity activity = new RecentActivity(() -> now);

  private void deleted() {
    ended(OperationType.DELETE, new WriteOutcome.Deleted(MEMORY, OPERATION, 2), null, 1);
  }

  private void searched(long millis, @Nullable Throwable failure) {
    ended(OperationType.SEARCH, failure == null ? List.of() : null, failure, millis);
  }

  private void ended(OperationType type, @Nullable Object result, @Nullable Throwable failure, long millis) {
    activity.operationEnded(new OperationEnd(type, result, failure, Duration.ofMillis(millis)), null);
  }

  @Test
  void summary_countsWritesAndSearches() {
    deleted();
    ended(OperationType.UPDATE, new WriteOutcome.NotFound(MEMORY), null, 1);
    ended(OperationType.ADD_MEMORIES, List.of(), null, 1);
    searched(10, null);
    now = now.plusSeconds(1);
    deleted();
    searched(10, null);
    searched(1_000, null);
    searched(5, new IllegalStateException("broken"));
    now = now.plusSeconds(2);

    Summary summary = activity.summary();

    assertThat(summary.since()).isEqualTo(BEGIN);
    assertThat(summary.writes()).isEqualTo(Map.of("deleted", 2L, "notFound", 1L));
    assertThat(summary.searches().count()).isEqualTo(4);
    assertThat(summary.searches().failed()).isEqualTo(1);
    assertThat(summary.searches().p50()).isBetween(Duration.ofMillis(10), Duration.ofMillis(11));
    assertThat(summary.searches().p99()).isBetween(Duration.ofMillis(1_000), Duration.ofMillis(1_010));
    assertThat(summary.samples()).extracting(Sample::at).containsExactly(BEGIN, BEGIN.plusSeconds(1),
        BEGIN.plusSeconds(2));
    assertThat(summary.samples()).extracting(Sample::writes).containsExactly(Map.of("deleted", 1, "notFound", 1),
        Map.of("deleted", 1), Map.of());
    assertThat(summary.samples()).extracting(Sample::searches).containsExactly(1, 3, 0);
    assertThat(summary.samples().getLast().p50()).isNull();
  }

  @Test
  void summary_afterLong_forgetsOldSecondsAndKeepsTheSums() {
    for (int second = 0; second < 3 * RecentActivity.SECONDS; second++) {
      deleted();
      now = now.plusSeconds(1);
    }
    Summary busy = activity.summary();
    assertThat(busy.samples()).hasSize(RecentActivity.SECONDS)
        .allSatisfy(sample -> assertThat(sample.writes()).isEqualTo(Map.of("deleted", 1)));
    assertThat(busy.samples().getLast().at()).isEqualTo(now.minusSeconds(1));

    now = now.plusSeconds(2 * RecentActivity.SECONDS);
    Summary idle = activity.summary();
    assertThat(idle.samples()).hasSize(RecentActivity.SECONDS)
        .allSatisfy(sample -> assertThat(sample.writes()).isEmpty());
    assertThat(idle.writes()).isEqualTo(Map.of("deleted", 3L * RecentActivity.SECONDS));
  }
}
