package dev.memlane.orchestrator;

/**
 * Something that may happen next.
 *
 * @param name for people, and to find it again in another run
 * @param cost what it takes of what may go wrong in a run
 * @param mayNeverHappen whether the run may as well end without it
 */
record Step(String name, Cost cost, boolean mayNeverHappen, Runnable action) {

  /** What a step takes of what may go wrong. */
  enum Cost {
    NOTHING, FAULT, CRASH
  }

  static Step of(String name, Runnable action) {
    return new Step(name, Cost.NOTHING, false, action);
  }

  static Step fault(String name, Runnable action) {
    return new Step(name, Cost.FAULT, true, action);
  }
}
