package dev.memlane.orchestrator.exploration;

/**
 * Something that may happen next.
 *
 * @param subject what it happens to
 * @param what what happens to it; with the subject it tells the step from the others that are possible at the time
 * @param cost what it takes of what may go wrong in a run
 * @param mayNeverHappen whether the run may as well end without it
 */
record Step(Object subject, String what, Cost cost, boolean mayNeverHappen, Runnable action) {

  /** What a step takes of what may go wrong. */
  enum Cost {
    NOTHING, FAULT, CRASH
  }

  static Step of(Object subject, String what, Runnable action) {
    return new Step(subject, what, Cost.NOTHING, false, action);
  }

  static Step fault(Object subject, String what, Runnable action) {
    return new Step(subject, what, Cost.FAULT, true, action);
  }

  /** For people, and to find the step again in another run. Put together only when it is asked for. */
  String name() {
    return subject + ": " + what;
  }
}
