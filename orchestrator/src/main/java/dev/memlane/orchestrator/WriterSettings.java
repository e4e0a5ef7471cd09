package dev.memlane.orchestrator;

import dev.memlane.embedding.Embedder;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.store.SharedIndexOpener;
import java.io.Serializable;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a {@link MemoryWriter} in a form that can be sent to the processes of a job. Immutable.
 *
 * <p>
 * They contain the password, and whatever their factories capture. A framework that distributes them, such as Flink with its
 * job graph, stores all this wherever it stores the job. {@link #toString} leaves it out.
 *
 * @param url of the database, as in {@link OrchestratorBuilder#postgres(String, String, String)}
 * @param user null if the URL names the user
 * @param password null if the URL has the password, or none is needed
 * @param schema null for {@code memlane}
 * @param connections the most connections of a writer; at least 4
 * @param writeDeadline how long a write may take after its text has been embedded; positive
 * @param embedder creates the writer's embedder, which the writer closes
 * @param sharedIndex names the index that processes share; null if each process has an index of its own
 */
public record WriterSettings(String url, @Nullable String user, @Nullable String password, @Nullable String schema,
    int connections, Duration writeDeadline, EmbedderFactory embedder, @Nullable SharedIndexFactory sharedIndex)
    implements
      Serializable {

  private static final int FEW_CONNECTIONS = 4;
  private static final Duration USUAL_DEADLINE = Duration.ofSeconds(10);

  /** Creates an embedder in the process that needs it. A lambda will do, if what it captures can be serialized. */
  @FunctionalInterface
  public interface EmbedderFactory extends Serializable {
    Embedder create();
  }

  /** Names the index that processes share, in the process that needs it. A lambda will do, as for embedders. */
  @FunctionalInterface
  public interface SharedIndexFactory extends Serializable {
    SharedIndexOpener create();
  }

  public WriterSettings {
    Objects.requireNonNull(url, "url");
    Objects.requireNonNull(writeDeadline, "writeDeadline");
    Objects.requireNonNull(embedder, "embedder");
    if (connections < FEW_CONNECTIONS) {
      throw new InvalidInputException(
          "connections is " + connections + "; it must be at least " + FEW_CONNECTIONS);
    }
    if (!writeDeadline.isPositive()) {
      throw new InvalidInputException("writeDeadline is " + writeDeadline + "; it must be positive");
    }
  }

  /** Creates settings with 4 connections, a deadline of 10 s, and the schema {@code memlane}. */
  public static WriterSettings of(String url, EmbedderFactory embedder) {
    return new WriterSettings(url, null, null, null, FEW_CONNECTIONS, USUAL_DEADLINE, embedder, null);
  }

  /** The same, with a user and a password. */
  public WriterSettings withCredentials(String newUser, String newPassword) {
    return new WriterSettings(url, newUser, newPassword, schema, connections, writeDeadline, embedder, sharedIndex);
  }

  /** The same, in another schema of the database. */
  public WriterSettings withSchema(String newSchema) {
    return new WriterSettings(url, user, password, newSchema, connections, writeDeadline, embedder, sharedIndex);
  }

  /** The same, with another number of connections; at least 4. */
  public WriterSettings withConnections(int most) {
    return new WriterSettings(url, user, password, schema, most, writeDeadline, embedder, sharedIndex);
  }

  /** The same, with another deadline. */
  public WriterSettings withWriteDeadline(Duration deadline) {
    return new WriterSettings(url, user, password, schema, connections, deadline, embedder, sharedIndex);
  }

  /**
   * The same, with the index that all processes of the database share. The writer then puts its documents there itself;
   * otherwise one of the processes that search would have to.
   */
  public WriterSettings withSharedIndex(SharedIndexFactory factory) {
    return new WriterSettings(url, user, password, schema, connections, writeDeadline, embedder,
        Objects.requireNonNull(factory, "factory"));
  }

  /**
   * Opens a writer.
   *
   * @throws dev.memlane.model.MemlaneException if the database or the shared index can't be opened; the message says why and
   * what to do
   */
  public MemoryWriter open() {
    OrchestratorBuilder builder = MemoryOrchestrator.builder().postgres(url, user, password).poolSize(connections)
        .writeDeadline(writeDeadline);
    if (schema != null) {
      builder.schema(schema);
    }
    if (sharedIndex != null) {
      builder.sharedIndex(sharedIndex.create());
    }
    Embedder created = embedder.create();
    try {
      return builder.embedder(created).openWriter();
    } catch (Throwable e) {
      created.close();
      throw e;
    }
  }

  /** Names neither the URL, which may contain a password, nor the password. */
  @Override
  public String toString() {
    return "WriterSettings[" + (schema == null ? "memlane" : schema) + ", " + connections + " connections, "
        + writeDeadline + "]";
  }
}
