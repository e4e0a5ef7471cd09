package dev.memlane.micrometer;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.MockClock;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** The snapshot that meters share, with a clock that stands still. */
class PollTest {

  private final MockClock clock = new MockClock();
  private final AtomicInteger readings = new AtomicInteger();

  @Test
  void manyMeters_shareOneReading_forASecond() {
    Poll<Integer> poll = new Poll<>(() -> CompletableFuture.completedFuture(readings.incrementAndGet()), clock);

    for (int i = 0; i < 20; i++) {
      assertThat(poll.now(Integer::doubleValue)).isEqualTo(1);
      assertThat(poll.last(Integer::doubleValue)).isEqualTo(1);
    }
    clock.add(Duration.ofMillis(999));
    assertThat(poll.now(Integer::doubleValue)).isEqualTo(1);
    clock.add(Duration.ofMillis(1));
    assertThat(poll.now(Integer::doubleValue)).isEqualTo(2);
    assertThat(readings).hasValue(2);
  }

  @Test
  void failedReading_makesGaugesNaN_andLeavesCountersWhereTheyAre() {
    Poll<Integer> poll = new Poll<>(() -> readings.incrementAndGet() == 2
        ? CompletableFuture.failedFuture(new IllegalStateException("the memory is closed"))
        : CompletableFuture.completedFuture(7), clock);
    assertThat(poll.now(Integer::doubleValue)).isEqualTo(7);

    clock.add(Duration.ofSeconds(1));

    assertThat(poll.now(Integer::doubleValue)).isNaN();
    assertThat(poll.last(Integer::doubleValue)).isEqualTo(7);
    assertThat(readings).as("a failure is not repeated by each gauge").hasValue(2);
    clock.add(Duration.ofSeconds(1));
    assertThat(poll.now(Integer::doubleValue)).isEqualTo(7);
  }

  @Test
  void readingThatNeverEnds_isGivenUp() {
    Poll<Integer> poll = new Poll<>(CompletableFuture::new, clock);

    assertThat(poll.now(Integer::doubleValue)).isNaN();
    assertThat(poll.last(Integer::doubleValue)).isZero();
  }
}
