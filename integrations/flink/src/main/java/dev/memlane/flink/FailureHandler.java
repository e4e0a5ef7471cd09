package dev.memlane.flink;

import dev.memlane.model.WriteOutcome;
import java.io.IOException;
import java.io.Serializable;

/**
 * The handling of a record whose memory is refused for a reason of its own, such as a content that is too long, so that
 * delivering it again would change nothing. Called in the sink's thread. A lambda will do, if what it captures can be
 * serialized.
 *
 * @param <T> the records
 */
@FunctionalInterface
public interface FailureHandler<T> extends Serializable {

  /**
   * Handles a record that was not stored.
   *
   * @throws IOException to fail the job
   */
  void handle(T entry, WriteOutcome outcome) throws IOException;

  /** Fails the job, which is the default. */
  static <T> FailureHandler<T> failing() {
    return (entry, outcome) -> {
      throw new IOException("a record was not stored: " + outcome.describe()
          + "; handle such records with MemorySink.Builder.onFailure, or correct them");
    };
  }
}
