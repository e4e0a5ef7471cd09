package dev.memlane.orchestrator.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.StoreException;
import dev.memlane.orchestrator.BackgroundWork;
import dev.memlane.testing.ManualScheduler;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;

/** Work in the background is retried until it is done, whatever its attempts throw. */
class RetryLoopTest {

  private final ManualScheduler timer = new ManualScheduler();
  private final InstantSource clock = () -> Instant.EPOCH.plusNanos(timer.nanoTime());
  private final RetryLoop loop = new RetryLoop("testing", new Environment(Runnable::run, timer, clock,
      new TimeOrderedIds(clock)));
  /** When attempts were made, in milliseconds. */
  private final List<Long> attempts = new ArrayList<>();

  private Supplier<CompletableFuture<RetryLoop.Next>> counted(Supplier<CompletableFuture<RetryLoop.Next>> attempt) {
    return () -> {
      attempts.add(Duration.ofNanos(timer.nanoTime()).toMillis());
      return attempt.get();
    };
  }

  private static CompletableFuture<RetryLoop.Next> failing() {
    return CompletableFuture.failedFuture(new StoreException("the server is away", null));
  }

  @Test
  void attemptsThatFail_areMadeAgain_afterPausesThatDoubleUpToHalfAMinute() {
    loop.begin(counted(RetryLoopTest::failing));
    timer.pass(Duration.ofMinutes(2));

    assertThat(attempts).containsExactly(0L, 100L, 300L, 700L, 1_500L, 3_100L, 6_300L, 12_700L, 25_500L, 51_100L,
        81_100L, 111_100L);
  }

  @Test
  void attempt_thatThrows_isMadeAgain() {
    for (Throwable thrown : List.of(new IllegalStateException("a defect"), new AssertionError("an error"),
        new StackOverflowError())) {
      attempts.clear();
      loop.begin(counted(() -> {
        if (attempts.size() < 3) {
          throw RetryLoopTest.<RuntimeException>sneaky(thrown);
        }
        return CompletableFuture.completedFuture(RetryLoop.Next.DONE);
      }));
      timer.pass(Duration.ofMinutes(1));

      assertThat(attempts).as("%s", thrown).hasSize(3);
      assertThat(loop.status().isFailing()).isFalse();
      assertThat(loop.status().lastProblem())
          .isEqualTo(thrown.getMessage() == null ? "StackOverflowError" : thrown.getMessage());
    }
  }

  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // lets a test throw what it wants
  private static <T extends Throwable> T sneaky(Throwable thrown) throws T {
    throw (T) thrown;
  }

  @Test
  void success_saysWhetherAndWhenToGoOn() {
    loop.beginAfter(Duration.ofMillis(10), counted(() -> CompletableFuture.completedFuture(switch (attempts.size()) {
      case 1 -> RetryLoop.Next.AGAIN;
      case 2 -> RetryLoop.Next.after(Duration.ofMillis(500));
      default -> RetryLoop.Next.DONE;
    })));
    timer.pass(Duration.ofMinutes(1));

    assertThat(attempts).containsExactly(10L, 10L, 510L);
    assertThat(timer.pending()).isZero();
  }

  @Test
  void pauseAfterASuccess_beginsAnew() {
    loop.begin(counted(() -> attempts.size() == 3
        ? CompletableFuture.completedFuture(RetryLoop.Next.after(Duration.ofSeconds(1)))
        : failing()));
    timer.pass(Duration.ofMillis(1_500));

    assertThat(attempts).containsExactly(0L, 100L, 300L, 1_300L, 1_400L);
  }

  @Test
  void status_tellsTheLastSuccessAndTheLastFailure() {
    assertThat(loop.status()).isEqualTo(new BackgroundWork("testing", null, null, null));

    loop.begin(() -> timer.nanoTime() == 0
        ? failing()
        : CompletableFuture.completedFuture(RetryLoop.Next.DONE));
    assertThat(loop.status()).isEqualTo(new BackgroundWork("testing", null, Instant.EPOCH, "the server is away"));
    assertThat(loop.status().isFailing()).isTrue();

    timer.pass(Duration.ofMillis(100));
    assertThat(loop.status())
        .isEqualTo(new BackgroundWork("testing", Instant.EPOCH.plusMillis(100), Instant.EPOCH, "the server is away"));
    assertThat(loop.status().isFailing()).isFalse();
  }

  @Test
  void closed_makesNoMoreAttempts() {
    loop.begin(counted(RetryLoopTest::failing));
    loop.close();
    timer.pass(Duration.ofMinutes(1));
    loop.begin(counted(RetryLoopTest::failing));
    loop.beginAfter(Duration.ofMillis(1), counted(RetryLoopTest::failing));
    timer.pass(Duration.ofMinutes(1));

    assertThat(attempts).containsExactly(0L);
  }

  @Test
  void attempt_thatFailsAfterClosing_isNoWarning() {
    List<LogRecord> warnings = new ArrayList<>();
    Handler handler = new Handler() {
      @Override
      public void publish(LogRecord record) {
        if (record.getLevel().intValue() >= Level.WARNING.intValue()) {
          warnings.add(record);
        }
      }

      @Override
      public void flush() {}

      @Override
      public void close() {}
    };
    Logger logger = Logger.getLogger(RetryLoop.class.getName());
    logger.addHandler(handler);
    try {
      CompletableFuture<RetryLoop.Next> attempt = new CompletableFuture<>();
      loop.begin(() -> attempt);
      loop.close();
      attempt.completeExceptionally(new RejectedExecutionException());
      assertThat(warnings).isEmpty();
      assertThat(loop.status().isFailing()).isTrue();

      new RetryLoop("failing", new Environment(Runnable::run, timer, clock, new TimeOrderedIds(clock)))
          .begin(RetryLoopTest::failing);
      assertThat(warnings).hasSize(1);
    } finally {
      logger.removeHandler(handler);
    }
  }

  @Test
  void timerThatTakesNothingMore_endsTheWorkQuietly() {
    timer.shutdown();
    loop.begin(counted(RetryLoopTest::failing));

    assertThat(attempts).containsExactly(0L);
  }
}
