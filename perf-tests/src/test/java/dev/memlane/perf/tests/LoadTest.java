package dev.memlane.perf.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

/** The two loops record every call that they make, with the latency that its caller had to bear. */
class LoadTest {

  private static final long MILLI = 1_000_000;

  /** A clock that stands still until a test moves it. A pause moves it too. */
  private static class Clock implements Load.Time {
    private final AtomicLong nanos = new AtomicLong(-5 * MILLI);

    @Override
    public long nanos() {
      return nanos.get();
    }

    @Override
    public void pause(long pause) {
      nanos.addAndGet(pause);
    }
  }

  /** The same clock, for a load that does not wait for late answers. */
  private static final class ImpatientClock extends Clock {
    @Override
    public Duration patience() {
      return Duration.ZERO;
    }
  }

  /** The recorded values in whole milliseconds, least first. */
  private static List<Long> millis(Histogram latencies) {
    List<Long> values = new ArrayList<>();
    latencies.recordedValues().forEach(step -> {
      for (long i = 0; i < step.getCountAtValueIteratedTo(); i++) {
        values.add(Math.round(step.getValueIteratedTo() / (double) MILLI));
      }
    });
    return values;
  }

  @Test
  void closed_oneCaller_callsAgainAsSoonAsItIsAnsweredUntilTheTimeIsOver() throws Exception {
    Clock clock = new Clock();
    List<Long> numbers = new ArrayList<>();
    Load.Outcome outcome = Load.closed(1, Duration.ofMillis(50), number -> {
      numbers.add(number);
      clock.pause(number == 1 ? 30 * MILLI : 10 * MILLI);
    }, clock);
    assertThat(numbers).containsExactly(0L, 1L, 2L);
    assertThat(millis(outcome.latencies())).containsExactly(10L, 10L, 30L);
    assertThat(outcome.seconds()).isEqualTo(0.05);
    assertThat(outcome.failures()).isZero();
    assertThat(outcome.sample().values()).containsEntry(Sample.PER_SECOND, 3 / 0.05);
  }

  @Test
  void closed_manyCallers_recordsEveryCallOnceUnderANumberOfItsOwn() throws Exception {
    Clock clock = new Clock();
    Set<Long> numbers = ConcurrentHashMap.newKeySet();
    AtomicLong calls = new AtomicLong();
    Load.Outcome outcome = Load.closed(8, Duration.ofSeconds(2), number -> {
      numbers.add(number);
      calls.incrementAndGet();
      clock.pause(MILLI / 10);
    }, clock);
    assertThat(outcome.latencies().getTotalCount()).isEqualTo(calls.get()).isBetween(20_000L, 20_008L);
    assertThat(numbers).isEqualTo(LongStream.range(0, calls.get()).boxed().collect(Collectors.toSet()));
  }

  @Test
  void closed_aCallFails_failsWithItsCause() {
    Clock clock = new Clock();
    IllegalStateException failure = new IllegalStateException("refused");
    assertThatThrownBy(() -> Load.closed(2, Duration.ofMillis(50), number -> {
      clock.pause(MILLI);
      if (number == 3) {
        throw failure;
      }
    }, clock)).isInstanceOf(ExecutionException.class).hasCause(failure);
  }

  @Test
  void open_everyCallAnsweredAtOnce_beginsWhenItIsDue() throws Exception {
    Clock clock = new Clock();
    long start = clock.nanos();
    List<Long> begun = new ArrayList<>();
    Load.Outcome outcome = Load.open(100, Duration.ofMillis(50), number -> {
      begun.add(clock.nanos() - start);
      return CompletableFuture.completedFuture(null);
    }, clock);
    assertThat(begun).containsExactly(0L, 10 * MILLI, 20 * MILLI, 30 * MILLI, 40 * MILLI);
    assertThat(millis(outcome.latencies())).containsExactly(0L, 0L, 0L, 0L, 0L);
  }

  @Test
  void open_aCallHoldsUpTheNext_countsTheirLatencyFromWhenTheyWereDue() throws Exception {
    Clock clock = new Clock();
    Load.Outcome outcome = Load.open(100, Duration.ofMillis(60), number -> {
      if (number == 1) {
        clock.pause(35 * MILLI);
      }
      return CompletableFuture.completedFuture(null);
    }, clock);
    // Due at 0, 10, 20, 30, 40 and 50; from 10 to 45 nothing could begin.
    assertThat(millis(outcome.latencies())).containsExactly(0L, 0L, 5L, 15L, 25L, 35L);
  }

  @Test
  void open_aCallAnsweredLater_delaysNoOtherAndCountsUntilItsAnswer() throws Exception {
    Clock clock = new Clock();
    CompletableFuture<String> late = new CompletableFuture<>();
    Load.Outcome outcome = Load.open(100, Duration.ofMillis(50), number -> {
      if (number == 1) {
        return late;
      }
      if (number == 4) {
        clock.pause(7 * MILLI);
        late.complete("here");
      }
      return CompletableFuture.completedFuture(null);
    }, clock);
    // Due at 10, answered at 47; the one that took until then was due at 40.
    assertThat(millis(outcome.latencies())).containsExactly(0L, 0L, 0L, 7L, 37L);
  }

  @Test
  void open_someCallsFail_countsThemAndNotTheirLatency() throws Exception {
    Clock clock = new Clock();
    Load.Outcome outcome = Load.open(1_000, Duration.ofMillis(10),
        number -> number % 5 == 0
            ? CompletableFuture.failedFuture(new IllegalStateException("refused"))
            : CompletableFuture.completedFuture(null),
        clock);
    assertThat(outcome.failures()).isEqualTo(2);
    assertThat(outcome.latencies().getTotalCount()).isEqualTo(8);
  }

  @Test
  void closed_callsNeverEnd_failsWithTheirNumber() {
    Clock clock = new ImpatientClock();
    CompletableFuture<Void> never = new CompletableFuture<>();
    try {
      assertThatThrownBy(() -> Load.closed(3, Duration.ofMillis(50), number -> {
        never.join();
        clock.pause(50 * MILLI);
      }, clock)).isInstanceOf(IllegalStateException.class).hasMessageEndingWith("the load's end: 3");
    } finally {
      never.complete(null);
    }
  }

  @Test
  void open_aCallIsNeverAnswered_failsWithTheNumber() {
    assertThatThrownBy(() -> Load.open(100, Duration.ofMillis(50),
        number -> number == 1 ? new CompletableFuture<>() : CompletableFuture.completedFuture(null),
        new ImpatientClock())).isInstanceOf(IllegalStateException.class)
        .hasMessageEndingWith("the load's end: 1");
  }
}
