package dev.memlane.storage.conversation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.storage.conversation.TokenBudgetStore.Reserved;
import dev.memlane.storage.postgres.Database;
import dev.memlane.testing.TestServer;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("programs")
class TokenBudgetStoreTest {

  private final String url = TestServer.freshDatabase();
  private final Database database = Database.builder(url).open();
  private final TokenBudgetStore store = new TokenBudgetStore(database);

  @AfterEach
  void close() {
    database.close();
  }

  private long rows(String table) {
    return database.readNow("counting",
        handle -> handle.createQuery("select count(*) from " + table).mapTo(Long.class).one());
  }

  /** As if what has been used was used some days ago. */
  private void letDaysPass(int days) {
    int unused = database.writeNow("letting days pass",
        handle -> handle.execute("update token_day set day = day - " + days)
            + handle.execute("update token_reservation set day = day - " + days));
  }

  @Test
  void reserve_upToTheLimit_andNoFurther() {
    assertThat(store.reserve(UUID.randomUUID(), 60, 100).reserved()).isTrue();

    Reserved refused = store.reserve(UUID.randomUUID(), 41, 100);

    assertThat(refused.reserved()).isFalse();
    assertThat(refused.used()).isEqualTo(60);
    assertThat(refused.dayEnds()).isEqualTo(refused.dayEnds().truncatedTo(ChronoUnit.DAYS)).isAfter(Instant.now())
        .isBefore(Instant.now().plus(25, ChronoUnit.HOURS));
    assertThat(store.reserve(UUID.randomUUID(), 40, 100).used()).isEqualTo(100);
    assertThat(rows("token_reservation")).isEqualTo(2);
  }

  @Test
  void eachChange_repeated_countsOnce() {
    UUID id = UUID.randomUUID();
    store.reserve(id, 60, 100);
    assertThat(store.reserve(id, 60, 100)).extracting(Reserved::reserved, Reserved::used).containsExactly(true, 60L);

    store.settle(id, 10);
    store.settle(id, 10);

    assertThat(store.used()).isEqualTo(10);
    assertThat(rows("token_reservation")).isZero();
  }

  @Test
  void settle_withMoreThanWasReserved_counts() {
    UUID id = UUID.randomUUID();
    store.reserve(id, 60, 100);

    store.settle(id, 130);

    assertThat(store.used()).isEqualTo(130);
    assertThat(store.reserve(UUID.randomUUID(), 1, 100).reserved()).isFalse();
  }

  @Test
  void nextDay_beginsAnew_andWhatIsSettledLateBelongsToItsOwnDay() {
    UUID late = UUID.randomUUID();
    store.reserve(late, 100, 100);
    letDaysPass(1);

    assertThat(store.used()).isZero();
    assertThat(store.reserve(UUID.randomUUID(), 70, 100).reserved()).isTrue();
    store.settle(late, 5);
    assertThat(store.used()).isEqualTo(70);

    letDaysPass(40);
    store.reserve(UUID.randomUUID(), 1, 100);
    assertThat(rows("token_day")).isEqualTo(1);
    assertThat(rows("token_reservation")).isEqualTo(1);
  }

  @Test
  void manyAtOnce_ofTwoProcesses_neverExceedTheLimit() throws Exception {
    try (Database other = Database.builder(url).open(); ExecutorService threads = Executors.newFixedThreadPool(8)) {
      List<TokenBudgetStore> stores = List.of(store, new TokenBudgetStore(other));
      List<Callable<Boolean>> calls = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        TokenBudgetStore each = stores.get(i % 2);
        calls.add(() -> {
          UUID id = UUID.randomUUID();
          Reserved reserved = each.reserve(id, 30, 100);
          assertThat(reserved.used()).isLessThanOrEqualTo(100);
          if (reserved.reserved()) {
            each.settle(id, 0);
          }
          return reserved.reserved();
        });
      }
      int made = 0;
      for (Future<Boolean> call : threads.invokeAll(calls, 60, TimeUnit.SECONDS)) {
        made += call.get() ? 1 : 0;
      }
      assertThat(made).isPositive();
    }
    assertThat(store.used()).isZero();
  }
}
