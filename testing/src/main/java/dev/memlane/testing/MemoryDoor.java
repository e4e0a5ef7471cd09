package dev.memlane.testing;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A door to a memory, as {@link MemoryDoorContract} uses it: the calls that users of the door make, and what the door
 * reports to them. A call that the door cannot express throws an {@link UnsupportedOperationException}, and the promises
 * that need it are declared in {@link MemoryDoorContract#inexpressible}.
 */
public interface MemoryDoor {

  /** What a door reported about a write. */
  enum Report {
    /** It is stored. */
    STORED,
    /** Nothing was written, because it was stored before. A door may report {@link #STORED} instead. */
    UNCHANGED,
    /** Nothing was written, because the memory is in another state than expected. */
    CONFLICT,
    /** It failed, and nothing of it remains. */
    FAILED,
    /** It is not known yet whether it is stored. */
    UNSETTLED
  }

  /**
   * What a door reported about a write.
   *
   * @param memory the memory, if the door says which; needed for {@link Report#UNSETTLED}
   * @param op the operation, if the door says which; needed for {@link Report#UNSETTLED}
   */
  record Reported(Report report, @Nullable MemoryId memory, @Nullable OperationId op) {

    public static Reported of(Report report) {
      return new Reported(report, null, null);
    }
  }

  /** Stores a text under a key of the scope. */
  Reported store(Scope scope, String key, String text);

  /** Reads the state of what is stored under a key, in the door's own form: what {@link #replace} expects. */
  default String state(Scope scope, String key) {
    throw new UnsupportedOperationException("this door has no states to expect");
  }

  /** Replaces the text that is stored under a key, if it is still in this state. */
  default Reported replace(Scope scope, String key, String state, String text) {
    throw new UnsupportedOperationException("this door has no states to expect");
  }

  /** The texts that a search in the scope finds, best first: ten at most. */
  List<String> search(Scope scope, String query);

  /** Finds out what became of a write that was reported as unsettled. */
  default boolean hasLanded(Reported unsettled) {
    throw new UnsupportedOperationException("this door cannot be asked what became of a write");
  }

  /** Erases everything in the scope, so that no store holds it any more. */
  default void erase(Scope scope) {
    throw new UnsupportedOperationException("this door cannot erase");
  }
}
