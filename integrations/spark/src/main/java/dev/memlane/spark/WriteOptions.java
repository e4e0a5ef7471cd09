package dev.memlane.spark;

import java.io.Serializable;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The options of a write. Immutable.
 *
 * @param sharedIndex null if each process that searches has an index of its own
 * @param keys the columns of which a record's key is made
 * @param metadata further columns that become metadata
 * @param scope the constant parts of all records' scope, by column: user, agent and run
 * @param mostInFlight how many records a task writes at the same time before it takes no more
 * @param connections the most connections of a task
 * @param deadline how long a write may take after its text has been embedded
 */
record WriteOptions(EmbedderOptions embedder, @Nullable IndexOption sharedIndex, List<String> keys,
    List<String> metadata, Map<String, String> scope, Mode mode, OnRefused onRefused, int mostInFlight, int connections,
    Duration deadline)
    implements
      Serializable {

  /** What a write does with a memory whose key is there already. */
  enum Mode {
    /** Leaves it as it is. */
    ADD,
    /** Replaces it. */
    PUT
  }

  /** What happens to a record that is refused for a reason of its own. */
  enum OnRefused {
    /** It fails its task, and so the job. */
    FAIL,
    /** It is counted and left out. */
    SKIP
  }

  WriteOptions {
    keys = List.copyOf(keys);
    metadata = List.copyOf(metadata);
    scope = Map.copyOf(scope);
  }
}
