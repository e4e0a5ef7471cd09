package dev.memlane.orchestrator.internal;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.orchestrator.BackgroundWork;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A kind of work in the background, retried until it is done: attempts, each begun by the end of the one before.
 *
 * <p>
 * A failed attempt is repeated after a pause of 100 ms, which doubles with each failure up to 30 s. Everything that an
 * attempt throws, and every failure of its future, counts as a failed attempt. So a piece of work ends only when it is done
 * or when this is closed. All pieces of work of this kind share one {@link BackgroundWork} status.
 *
 * <p>
 * The first failure, and the first after a success, is logged as a warning; the failures that follow are logged at debug
 * level. Safe for use by several threads.
 */
public final class RetryLoop {

  private static final System.Logger LOGGER = System.getLogger(RetryLoop.class.getName());
  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

  private final String name;
  private final Environment environment;

  @GuardedBy("this")
  private BackgroundWork status;

  @GuardedBy("this")
  private boolean closed;

  /**
   * @param name what the work does, for human readers
   */
  public RetryLoop(String name, Environment environment) {
    this.name = name;
    this.environment = environment;
    this.status = new BackgroundWork(name, null, null, null);
  }

  /**
   * What is left to do after a successful attempt.
   *
   * @param pause the pause before the next attempt; null if the work is done
   */
  public record Next(@Nullable Duration pause) {

    /** The work is done. */
    public static final Next DONE = new Next(null);

    /** Another attempt, at once. */
    public static final Next AGAIN = new Next(Duration.ZERO);

    /** Another attempt after a pause. */
    public static Next after(Duration pause) {
      return new Next(pause);
    }
  }

  /** Begins a piece of work. Its first attempt runs in the calling thread. Does nothing once this is closed. */
  public void begin(Supplier<CompletableFuture<Next>> attempt) {
    attempt(attempt, FIRST_PAUSE);
  }

  /** Begins a piece of work after a pause. */
  public void beginAfter(Duration pause, Supplier<CompletableFuture<Next>> attempt) {
    schedule(pause, () -> attempt(attempt, FIRST_PAUSE));
  }

  private void attempt(Supplier<CompletableFuture<Next>> attempt, Duration pause) {
    if (isClosed()) {
      return;
    }
    // Inside the chain, so that a supplier that throws makes a future that fails.
    CompletableFuture<Next> begun = CompletableFuture.completedFuture(attempt).thenCompose(Supplier::get);
    environment.whenDone(begun, (next, failure) -> {
      if (failure != null) {
        failed(Futures.unwrap(failure));
        schedule(pause, () -> attempt(attempt, longer(pause)));
        return;
      }
      succeeded();
      Duration rest = next.pause();
      if (rest == null) {
        return;
      }
      if (rest.isZero()) {
        attempt(attempt, FIRST_PAUSE);
      } else {
        schedule(rest, () -> attempt(attempt, FIRST_PAUSE));
      }
    });
  }

  private static Duration longer(Duration pause) {
    Duration doubled = pause.multipliedBy(2);
    return doubled.compareTo(LONGEST_PAUSE) < 0 ? doubled : LONGEST_PAUSE;
  }

  private void schedule(Duration pause, Runnable task) {
    if (isClosed()) {
      return;
    }
    try {
      environment.later(pause, task);
    } catch (RejectedExecutionException e) {
      LOGGER.log(System.Logger.Level.DEBUG, () -> name + " ends, because the memory is being closed", e);
    }
  }

  private synchronized void succeeded() {
    status = new BackgroundWork(name, environment.now(), status.lastFailure(), status.lastProblem());
  }

  private void failed(Throwable failure) {
    String message = failure.getMessage();
    String problem = message == null ? failure.getClass().getSimpleName() : message;
    boolean expected;
    synchronized (this) {
      // An attempt that was under way when the memory was closed finds its stores closed.
      expected = closed || status.isFailing();
      status = new BackgroundWork(name, status.lastSuccess(), environment.now(), problem);
    }
    LOGGER.log(expected ? System.Logger.Level.DEBUG : System.Logger.Level.WARNING,
        () -> name + " failed and is tried again: " + problem, failure instanceof Error ? failure : null);
  }

  /** The last success and the last failure of this kind of work. */
  public synchronized BackgroundWork status() {
    return status;
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  /** Stops the attempts. One that is under way goes on to its end. */
  public synchronized void close() {
    closed = true;
  }
}
