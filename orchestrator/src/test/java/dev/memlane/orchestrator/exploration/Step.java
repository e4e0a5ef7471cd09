package dev.memlane.orchestrator.exploration;

/**
 * Something that may happen next.
 *
 * @param subject what it happens to
 * @param what what happens to it; together with the subject it is unique among the steps that are possible at the time
 * @param cost what it takes from the run's budget of faults and crashes
 * @param mayNeverHappen whether the run may end without it
 */
record Step(Object subject, String what, Cost cost, boolean mayNeverHappen, Runnable action) {

  /** What a step takes from the budget. */
  enum Cost {
    NOTHING, FAULT, CRASH, COMMIT
  }

  static Step of(Object subject, String what, Runnable action) {
    return new Step(subject, what, Cost.NOTHING, false, action);
  }

  static Step commit(Object subject, Runnable action) {
    return new Step(subject, "a commit of the index begins", Cost.COMMIT, true, action);
  }

  static Step fault(Object subject, String what, Runnable action) {
    return new Step(subject, what, Cost.FAULT, true, action);
  }

  /** The step's name in reports, by which another run finds it again. Built only when asked for, to keep runs fast. */
  String name() {
    return subject + ": " + what;
  }
}
