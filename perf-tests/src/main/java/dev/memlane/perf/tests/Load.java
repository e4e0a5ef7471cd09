package dev.memlane.perf.tests;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * Load on something that is called: as fast as it answers, or at a fixed rate.
 *
 * <p>
 * Calls that have no answer a minute after the load's end fail it, and are left to themselves.
 */
public final class Load {

  private static final long LONGEST_NANOS = Duration.ofMinutes(2).toNanos();
  private static final int DIGITS = 3;

  private Load() {}

  /** A call, numbered so that each can do something else. */
  @FunctionalInterface
  public interface Call {
    void call(long number) throws Exception;
  }

  /** A call that answers later. */
  @FunctionalInterface
  public interface AsynchronousCall {
    CompletableFuture<?> call(long number);
  }

  /**
   * What came of it.
   *
   * @param latencies of the calls that succeeded, in nanoseconds
   * @param seconds from the first call's begin to the last one's end
   * @param failures how many calls failed
   */
  public record Outcome(Histogram latencies, double seconds, long failures) {

    public Sample sample() {
      return Sample.of(latencies, seconds);
    }
  }

  /** What the loops take the time from; a test moves it by hand. */
  interface Time {

    Time SYSTEM = new Time() {
      @Override
      public long nanos() {
        return System.nanoTime();
      }

      @Override
      public void pause(long nanos) {
        LockSupport.parkNanos(nanos);
      }
    };

    long nanos();

    /** Waits so long, or less. */
    void pause(long nanos);

    /** How long the answers may take that are not there at the load's end, by the system's time. */
    default Duration patience() {
      return Duration.ofMinutes(1);
    }
  }

  /** An empty histogram of nanoseconds. */
  public static Histogram histogram() {
    return new ConcurrentHistogram(LONGEST_NANOS, DIGITS);
  }

  /**
   * Closed loop: each of so many callers calls again as soon as it is answered, until the time is over. Latencies are
   * those of single calls as the callers saw them.
   *
   * @throws ExecutionException if a call failed; its cause is what the call failed with
   * @throws IllegalStateException if a call doesn't end
   */
  public static Outcome closed(int callers, Duration duration, Call call)
      throws ExecutionException, InterruptedException {
    return closed(callers, duration, call, Time.SYSTEM);
  }

  static Outcome closed(int callers, Duration duration, Call call, Time time)
      throws ExecutionException, InterruptedException {
    Histogram latencies = histogram();
    AtomicInteger number = new AtomicInteger();
    List<CompletableFuture<Void>> running = new ArrayList<>();
    long start = time.nanos();
    long end = start + duration.toNanos();
    for (int i = 0; i < callers; i++) {
      CompletableFuture<Void> done = new CompletableFuture<>();
      running.add(done);
      Thread.ofVirtual().start(() -> {
        try {
          for (long now = time.nanos(); now < end;) {
            call.call(number.getAndIncrement());
            long then = time.nanos();
            latencies.recordValue(Math.min(then - now, LONGEST_NANOS));
            now = then;
          }
          done.complete(null);
        } catch (Throwable e) {
          // Thrown to whoever measures.
          done.completeExceptionally(e);
        }
      });
    }
    await(running, duration, time);
    return new Outcome(latencies, (time.nanos() - start) / 1e9, 0);
  }

  /**
   * Open loop: calls begin at a fixed rate, whether those before are answered or not. A latency counts from when the call
   * should have begun, so that a stall shows in all the calls that it held up.
   *
   * @param perSecond the rate
   * @throws IllegalStateException if a call isn't answered
   */
  public static Outcome open(double perSecond, Duration duration, AsynchronousCall call)
      throws ExecutionException, InterruptedException {
    return open(perSecond, duration, call, Time.SYSTEM);
  }

  static Outcome open(double perSecond, Duration duration, AsynchronousCall call, Time time)
      throws ExecutionException, InterruptedException {
    Histogram latencies = histogram();
    AtomicInteger failures = new AtomicInteger();
    List<CompletableFuture<?>> running = new ArrayList<>();
    long start = time.nanos();
    long count = (long) (perSecond * duration.toNanos() / 1e9);
    for (long i = 0; i < count; i++) {
      long due = start + (long) (i / perSecond * 1e9);
      for (long wait = due - time.nanos(); wait > 0; wait = due - time.nanos()) {
        time.pause(wait);
      }
      running.add(call.call(i).handle((answer, failure) -> {
        if (failure == null) {
          latencies.recordValue(Math.min(time.nanos() - due, LONGEST_NANOS));
        } else {
          failures.incrementAndGet();
        }
        return null;
      }));
    }
    await(running, Duration.ZERO, time);
    return new Outcome(latencies, (time.nanos() - start) / 1e9, failures.get());
  }

  /**
   * @param left how long the load goes on
   */
  private static void await(List<? extends CompletableFuture<?>> running, Duration left, Time time)
      throws ExecutionException, InterruptedException {
    try {
      CompletableFuture.allOf(running.toArray(CompletableFuture[]::new))
          .get(left.plus(time.patience()).toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      long outstanding = running.stream().filter(call -> !call.isDone()).count();
      IllegalStateException stuck = new IllegalStateException("calls without an answer "
          + time.patience().toSeconds() + " s after the load's end: " + outstanding, e);
      running.stream().filter(CompletableFuture::isCompletedExceptionally)
          .forEach(failed -> stuck.addSuppressed(failed.exceptionNow()));
      throw stuck;
    }
  }
}
