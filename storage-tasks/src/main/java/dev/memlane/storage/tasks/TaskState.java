package dev.memlane.storage.tasks;

/** The state of a task. */
public enum TaskState {

  /** It waits for a permit, for a worker, or for its next attempt. */
  WAITING(1),

  /** An attempt has begun, and its end is not known. */
  RUNNING(2),

  /** It has a result. */
  DONE(3),

  /** It has failed for good: it is a dead letter. */
  FAILED(4),

  /** Somebody cancelled it. */
  CANCELLED(5);

  private final int number;

  TaskState(int number) {
    this.number = number;
  }

  /** The number in the table, which never changes. */
  int number() {
    return number;
  }

  static TaskState of(int number) {
    for (TaskState state : values()) {
      if (state.number == number) {
        return state;
      }
    }
    throw new IllegalArgumentException("there is no state " + number);
  }

  /** Whether nothing more happens to it by itself. */
  public boolean isEnd() {
    return number >= DONE.number;
  }
}
