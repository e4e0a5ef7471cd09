package dev.memlane.spark;

import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.MemoryReader;
import dev.memlane.orchestrator.OrchestratorBuilder;
import dev.memlane.orchestrator.WriterSettings;
import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * The database, as every process of a job opens it. Immutable.
 *
 * @param user null if the URL names the user
 * @param schema null for {@code memlane}
 */
record DatabaseOptions(String url, @Nullable String user, Password password, @Nullable String schema)
    implements
      Serializable {

  /** The fewest with which a pool works; a reader uses one of them at a time. */
  private static final int CONNECTIONS_OF_A_READER = 4;

  /** Opens a reader; the caller closes it. */
  MemoryReader openReader() {
    OrchestratorBuilder builder = MemoryOrchestrator.builder().postgres(url, user, password.read())
        .poolSize(CONNECTIONS_OF_A_READER);
    if (schema != null) {
      builder.schema(schema);
    }
    return builder.openReader();
  }

  WriterSettings writer(WriteOptions write) {
    return new WriterSettings(url, user, password.read(), schema, write.connections(), write.deadline(),
        write.embedder(), write.sharedIndex());
  }

  /** Names neither the URL, which may contain a password, nor where the password is. */
  @Override
  public String toString() {
    return "schema " + (schema == null ? "memlane" : schema);
  }
}
