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
 * A load on a service: as fast as it answers, or at a fixed rate.
 *
 * <p>
 * Calls without an answer one minute after the load's end fail the load. They are not awaited any longer.
 */
public final class Load {

  private static final long LONGEST_NANOS = Duration.ofMinutes(2).toNanos();
  private static final int DIGITS = 3;

  private Load() {}

  /** A call. Its number lets each call do something different. */
  @FunctionalInterface
  public interface Call {
    void call(long number) throws Exception;
  }

  /** A call that is answered asynchronously. */
  @FunctionalInterface
  public interface AsynchronousCall {
    CompletableFuture<?> call(long number);
  }

  /**
   * The result of a load.
   *
   * @param latencies of the successful calls, in nanoseconds
   * @param seconds from the start of the first call to the end of the last one
   * @param failures the number of failed calls
   */
  public record Outcome(Histogram latencies, double seconds, long failures) {

    public Sample sample() {
      return Sample.of(latencies, seconds);
    }
  }

  /** The clock of the loops. A test moves it by hand. */
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

    /** Waits for at most this time. */
    void pause(long nanos);

    /** The time for answers that are missing at the load's end, by the system's clock. */
    default Duration patience() {
      return Duration.ofMinutes(1);
    }
  }

  /** Returns an empty histogram of nanoseconds. */
  public static Histogram histogram() {
    return new ConcurrentHistogram(LONGEST_NANOS, DIGITS);
  }

  /**
   * Runs a closed loop: each caller calls again as soon as it is answered, until the time is over. Latencies are those
   * of single calls, as the callers see them.
   *
   * @throws ExecutionException if a call failed; its cause is the call's failure
   * @throws IllegalStateException if a call does not end
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
          // Rethrown to the thread that measures.
          done.completeExceptionally(e);
        }
      });
    }
    await(running, duration, time);
    return new Outcome(latencies, (time.nanos() - start) / 1e9, 0);
  }

  /**
   * Runs an open loop: calls begin at a fixed rate, whether or not earlier calls are answered. A latency counts from
   * the time at which the call should have begun, so that a stall shows in all the calls that it delays.
   *
   * @param perSecond the rate
   * @throws IllegalStateException if a call is not answered
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

  /** @param left the time until the load ends */
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
