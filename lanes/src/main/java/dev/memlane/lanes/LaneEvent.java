package dev.memlane.lanes;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Something that happened in an executor. */
public sealed interface LaneEvent {

  /** The lane that it happened in; null if it concerns the executor. */
  @Nullable
  String lane();

  /**
   * A task waits for its turn.
   *
   * @param decision where it is to run, and why, if that was a {@link ToolExecutor}'s to decide
   */
  record Submitted(String lane, String id, String task, @Nullable Decision decision) implements LaneEvent {}

  /** A task waits for a worker outside to claim it; told again when there is a place after a worker has found none. */
  record Offered(String lane, String id, String task, @Nullable Object payload) implements LaneEvent {}

  /**
   * An attempt begins.
   *
   * @param waited since its submission, or since the pause before this attempt was over
   * @param payload what the task tells those outside; null for nothing
   */
  record Started(String lane, String id, String task, int attempt, Duration waited, @Nullable Object payload)
      implements
        LaneEvent {}

  /** An attempt failed, and the next one begins after a pause. */
  record Retried(String lane, String id, String task, int attempt, Throwable failure, Duration pause)
      implements
        LaneEvent {}

  /**
   * A task has succeeded.
   *
   * @param ran how long its last attempt took
   */
  record Completed(String lane, String id, String task, Duration ran) implements LaneEvent {}

  /** A task has failed for good. */
  record Failed(String lane, String id, String task, Throwable failure) implements LaneEvent {}

  /** A task has failed for good because it took too long, or because its deadline passed. */
  record TimedOut(String lane, String id, String task, Throwable failure) implements LaneEvent {}

  /** A task was given up by its caller, whatever it was doing. */
  record Cancelled(String lane, String id, String task) implements LaneEvent {}

  /** A task that has failed for good is kept among the dead letters. */
  record DeadLettered(String lane, String id, String task) implements LaneEvent {}

  /**
   * A lane's queue is four fifths full or more; or, after that, half full or less.
   *
   * @param waiting for their turn, or for their next attempt
   */
  record Pressure(String lane, boolean on, int waiting) implements LaneEvent {}

  /** Nothing is queued, running, or waiting for its next attempt. */
  record Idle(@Nullable String lane) implements LaneEvent {}

  /** No more tasks are taken. */
  record ShutDown(@Nullable String lane) implements LaneEvent {}
}
