package dev.memlane.lanes;

import java.lang.invoke.MethodType;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * A piece of work for a lane: code that runs in this process, or work for an external worker. Immutable. Code should
 * end when its thread is interrupted, because time-outs and cancellations interrupt it.
 *
 * @param work the code to run; null for an {@linkplain #external external} task
 * @param type the type of an external worker's result; null for code that runs in this process
 * @param payload what external workers and listeners learn about the task; null for nothing
 * @param name its name in events and messages
 * @param idempotent whether running it twice has the same effect as running it once, so that it may be retried
 * @param within the time after its submission within which it has to be done; null for no deadline
 */
public record Task<T extends @Nullable Object>(@Nullable Callable<T> work, @Nullable Class<?> type,
    @Nullable Object payload, String name, boolean idempotent, @Nullable Duration within) {

  /** @throws IllegalArgumentException if the time is not positive, or not exactly one of work and type is given */
  public Task {
    if (within != null && !within.isPositive()) {
      throw new IllegalArgumentException("task " + name + ": within is " + within + "; it must be positive");
    }
    if ((work == null) == (type == null)) {
      throw new IllegalArgumentException(
          "task " + name + " needs either work, or the type of an external worker's result");
    }
  }

  /** A task that runs in this process, once, without a deadline, under the name "task". */
  public static <T extends @Nullable Object> Task<T> of(Callable<T> work) {
    return new Task<>(work, null, null, "task", false, null);
  }

  /**
   * A task that waits for an external worker. The worker claims it, receives the payload, and returns a result; see
   * {@link ExternalTasks}.
   *
   * @param type the type of the result
   */
  public static <T> Task<T> external(Class<T> type, Object payload) {
    return new Task<>(null, boxed(type), payload, "task", false, null);
  }

  /** The type that a result is an instance of, which is never primitive. */
  @SuppressWarnings("unchecked") // For example int.class, which is a Class<Integer> too.
  static <T> Class<T> boxed(Class<T> type) {
    return (Class<T>) MethodType.methodType(type).wrap().returnType();
  }

  /** Whether an external worker does it. */
  public boolean isExternal() {
    return work == null;
  }

  /** This task with another name in events and messages. */
  public Task<T> named(String name) {
    return new Task<>(work, type, payload, Objects.requireNonNull(name, "name"), idempotent, within);
  }

  /**
   * This task, declared idempotent or not: only a task that may run twice with the effect of running once is retried.
   */
  public Task<T> idempotent(boolean idempotent) {
    return new Task<>(work, type, payload, name, idempotent, within);
  }

  /** This task with a deadline, as a time after its submission. The nearer the deadline, the sooner the task starts. */
  public Task<T> within(Duration within) {
    return new Task<>(work, type, payload, name, idempotent, within);
  }

  /** This task with another payload, which {@link LaneEvent.Started} passes to listeners. */
  public Task<T> payload(Object payload) {
    return new Task<>(work, type, payload, name, idempotent, within);
  }

  @Override
  public String toString() {
    return name;
  }
}
