package dev.memlane.orchestrator;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One kind of work that goes on in the background: attempts, each begun by the end of the one before, until one says that
 * the work is done.
 *
 * <p>
 * An attempt that fails is made again after a pause, which is 100 ms at first, doubles with each failure and ends at half
 * a minute. Whatever an attempt throws, and whatever its future fails with, counts as a failure. So work ends only
 * when it is done or when this is closed. Every piece of work of this kind is counted in one {@link BackgroundWork}.
 *
 * <p>
 * The first failure is logged as a warning, and so is the first one after a success; those that follow are logged for
 * debugging. Safe for use by several threads.
 */
final class RetryLoop {

  private static final System.Logger LOGGER = System.getLogger(RetryLoop.class.getName());
  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

  private final String name;
  private final Environment environment;

  // Guarded by this.
  private BackgroundWork status;
  private boolean closed;

  /**
   * @param name what the work does, for people
   */
  RetryLoop(String name, Environment environment) {
    this.name = name;
    this.environment = environment;
    this.status = new BackgroundWork(name, null, null, null);
  }

  /** What an attempt that succeeded leaves to do. */
  record Next(@Nullable Duration pause) {

    /** Nothing: the work is done. */
    static final Next DONE = new Next(null);

    /** Another attempt, at once. */
    static final Next AGAIN = new Next(Duration.ZERO);

    /** Another attempt after a pause. */
    static Next after(Duration pause) {
      return new Next(pause);
    }
  }

  /** Begins a piece of work, with its first attempt in the calling thread. Does nothing once this is closed. */
  void begin(Supplier<CompletableFuture<Next>> attempt) {
    attempt(attempt, FIRST_PAUSE);
  }

  /** Begins a piece of work after a pause. */
  void beginAfter(Duration pause, Supplier<CompletableFuture<Next>> attempt) {
    later(pause, () -> attempt(attempt, FIRST_PAUSE));
  }

  private void attempt(Supplier<CompletableFuture<Next>> attempt, Duration pause) {
    if (isClosed()) {
      return;
    }
    // A supplier that throws makes a future that fails.
    CompletableFuture<Next> begun = CompletableFuture.completedFuture(attempt).thenCompose(Supplier::get);
    environment.whenDone(begun, (next, failure) -> {
      if (failure != null) {
        failed(Futures.unwrap(failure));
        later(pause, () -> attempt(attempt, longer(pause)));
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
        later(rest, () -> attempt(attempt, FIRST_PAUSE));
      }
    });
  }

  private static Duration longer(Duration pause) {
    Duration doubled = pause.multipliedBy(2);
    return doubled.compareTo(LONGEST_PAUSE) < 0 ? doubled : LONGEST_PAUSE;
  }

  private void later(Duration pause, Runnable task) {
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
    boolean again;
    synchronized (this) {
      again = status.isFailing();
      status = new BackgroundWork(name, status.lastSuccess(), environment.now(), problem);
    }
    LOGGER.log(again ? System.Logger.Level.DEBUG : System.Logger.Level.WARNING,
        () -> name + " failed and is tried again: " + problem, failure instanceof Error ? failure : null);
  }

  /** When this kind of work succeeded and failed last. */
  synchronized BackgroundWork status() {
    return status;
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  /** Makes no more attempts. One that is under way goes on to its end. */
  synchronized void close() {
    closed = true;
  }
}
