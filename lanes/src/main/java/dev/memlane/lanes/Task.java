package dev.memlane.lanes;

import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * Something to be run. It should end when its thread is interrupted, which is what a time-out and a cancellation do.
 *
 * @param work what is run, on a virtual thread of its own
 * @param name what events call it
 * @param idempotent whether running it twice does no more than running it once, so that it may be tried again
 * @param within how long after its submission it has to be done; null for no matter
 */
public record Task<T extends @Nullable Object>(Callable<T> work, String name, boolean idempotent,
    @Nullable Duration within) {

  /** @throws IllegalArgumentException if the time is not longer than nothing */
  public Task {
    if (within != null && !within.isPositive()) {
      throw new IllegalArgumentException("task " + name + ": within is " + within + "; it must be longer than nothing");
    }
  }

  /** A task without a name or a deadline, which is run once. */
  public static <T extends @Nullable Object> Task<T> of(Callable<T> work) {
    return new Task<>(work, "task", false, null);
  }

  public Task<T> named(String name) {
    return new Task<>(work, name, idempotent, within);
  }

  /** Says whether running it twice does no more than running it once, so that it may be tried again. */
  public Task<T> idempotent(boolean idempotent) {
    return new Task<>(work, name, idempotent, within);
  }

  /** With so long from its submission until it has to be done; the nearer that is, the sooner it gets its turn. */
  public Task<T> within(Duration within) {
    return new Task<>(work, name, idempotent, within);
  }

  @Override
  public String toString() {
    return name;
  }
}
