package dev.memlane.storage.conversation;

import dev.memlane.model.InDoubtException;
import dev.memlane.storage.postgres.Database;
import org.jdbi.v3.core.HandleCallback;

/** Writes that have the same result if they run again, and therefore do when it is unknown whether they were done. */
final class RepeatableWrites {

  private static final int TRIES = 3;

  private RepeatableWrites() {}

  /**
   * Runs a write.
   *
   * @param what for the message of a failure
   * @throws InDoubtException if it is still unknown after {@value #TRIES} tries
   * @throws dev.memlane.model.StoreException if it fails
   */
  static <T> T run(Database database, String what, HandleCallback<T, RuntimeException> write) {
    for (int triesLeft = TRIES;; triesLeft--) {
      try {
        return database.writeNow(what, write);
      } catch (InDoubtException e) {
        if (triesLeft == 1) {
          throw e;
        }
      }
    }
  }
}
