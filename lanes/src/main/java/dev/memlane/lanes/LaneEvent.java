package dev.memlane.lanes;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** An event in an executor. */
public sealed interface LaneEvent {

  /** The lane in which it happened; null if it concerns the whole executor. */
  @Nullable
  String lane();

  /**
   * A task was accepted and waits.
   *
   * @param decision where it runs, and why, if a {@link ToolExecutor} decided it; null otherwise
   */
  record Submitted(String lane, String id, String task, @Nullable Decision decision) implements LaneEvent {}

  /**
   * A task waits for an external worker to claim it; published again when a permit is free after a worker found none.
   */
  record Offered(String lane, String id, String task, @Nullable Object payload) implements LaneEvent {}

  /**
   * An attempt begins.
   *
   * @param waited the time since the submission, or since the end of the pause before this attempt
   * @param payload the task's payload; null for none
   */
  record Started(String lane, String id, String task, int attempt, Duration waited, @Nullable Object payload)
      implements
        LaneEvent {}

  /** An attempt has failed, and the next one begins after a pause. */
  record Retried(String lane, String id, String task, int attempt, Throwable failure, Duration pause)
      implements
        LaneEvent {}

  /**
   * A task has succeeded.
   *
   * @param ran the duration of its last attempt
   */
  record Completed(String lane, String id, String task, Duration ran) implements LaneEvent {}

  /** A task has failed for good. */
  record Failed(String lane, String id, String task, Throwable failure) implements LaneEvent {}

  /** A task has failed for good because it took too long, or because its deadline passed. */
  record TimedOut(String lane, String id, String task, Throwable failure) implements LaneEvent {}

  /** A task was cancelled by its caller, in whatever state. */
  record Cancelled(String lane, String id, String task) implements LaneEvent {}

  /** A task that has failed for good has become a dead letter. */
  record DeadLettered(String lane, String id, String task) implements LaneEvent {}

  /**
   * A lane's queue has become at least four fifths full; or, after that, at most half full.
   *
   * @param on true if the queue has filled up
   * @param waiting the number of tasks that are queued or wait for their next attempt
   */
  record Pressure(String lane, boolean on, int waiting) implements LaneEvent {}

  /** Nothing is queued, running, or waiting for its next attempt. */
  record Idle(@Nullable String lane) implements LaneEvent {}

  /** The executor accepts no more tasks. */
  record ShutDown(@Nullable String lane) implements LaneEvent {}
}
