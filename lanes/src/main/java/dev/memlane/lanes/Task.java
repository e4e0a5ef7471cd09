package dev.memlane.lanes;

import java.lang.invoke.MethodType;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * Something to be run, here or by a worker outside. What runs here should end when its thread is interrupted, which is what a
 * time-out and a cancellation do.
 *
 * @param work what is run; null if a worker {@linkplain #outside outside} does it
 * @param type of what a worker outside answers; null if it is run here
 * @param payload what those outside are told of it: who do it, or who only look on; null for nothing
 * @param name what events call it
 * @param idempotent whether running it twice does no more than running it once, so that it may be tried again
 * @param within how long after its submission it has to be done; null for no matter
 */
public record Task<T extends @Nullable Object>(@Nullable Callable<T> work, @Nullable Class<?> type,
    @Nullable Object payload, String name, boolean idempotent, @Nullable Duration within) {

  /** @throws IllegalArgumentException if the time is not longer than nothing, or it isn't said who does it */
  public Task {
    if (within != null && !within.isPositive()) {
      throw new IllegalArgumentException("task " + name + ": within is " + within + "; it must be longer than nothing");
    }
    if ((work == null) == (type == null)) {
      throw new IllegalArgumentException(
          "task " + name + " needs either work, or the type of what is answered outside");
    }
  }

  /** A task without a name or a deadline, which is run once. */
  public static <T extends @Nullable Object> Task<T> of(Callable<T> work) {
    return new Task<>(work, null, null, "task", false, null);
  }

  /**
   * A task that waits for a worker outside, who claims it, is told the payload, and answers; see
   * {@link LaneExecutor#outside()}.
   *
   * @param type of the answer
   */
  public static <T> Task<T> outside(Class<T> type, Object payload) {
    return new Task<>(null, boxed(type), payload, "task", false, null);
  }

  /** What an answer is an instance of, which is never a primitive. */
  @SuppressWarnings("unchecked") // Such as int.class, which is a Class<Integer> too.
  static <T> Class<T> boxed(Class<T> type) {
    return (Class<T>) MethodType.methodType(type).wrap().returnType();
  }

  /** Whether a worker outside does it. */
  public boolean isOutside() {
    return work == null;
  }

  /** With what events and messages call it. */
  public Task<T> named(String name) {
    return new Task<>(work, type, payload, Objects.requireNonNull(name, "name"), idempotent, within);
  }

  /** Says whether running it twice does no more than running it once, so that it may be tried again. */
  public Task<T> idempotent(boolean idempotent) {
    return new Task<>(work, type, payload, name, idempotent, within);
  }

  /** With so long from its submission until it has to be done; the nearer that is, the sooner it gets its turn. */
  public Task<T> within(Duration within) {
    return new Task<>(work, type, payload, name, idempotent, within);
  }

  /** Run here, while those outside are told this of it, by {@link LaneEvent.Started}. */
  public Task<T> telling(Object payload) {
    return new Task<>(work, type, payload, name, idempotent, within);
  }

  @Override
  public String toString() {
    return name;
  }
}
