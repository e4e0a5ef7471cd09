package dev.memlane.storage.tasks;

import java.util.UUID;

/** Code of this process that does the tasks of a name. Safe for use by several threads. */
@FunctionalInterface
public interface TaskHandler {

  /**
   * A task to be done now.
   *
   * @param attempt its number, from 1
   * @param payload JSON
   */
  record Work(UUID id, String lane, String name, int attempt, String payload) {

    /** Leaves out the payload. */
    @Override
    public String toString() {
      return "Work[" + id + ", " + name + " in " + lane + "]";
    }
  }

  /**
   * Does a task. It should end when its thread is interrupted.
   *
   * @return the result, as JSON of at most {@value NewTask#LONGEST_PAYLOAD} characters
   * @throws Exception if the attempt has failed
   */
  String handle(Work work) throws Exception;
}
