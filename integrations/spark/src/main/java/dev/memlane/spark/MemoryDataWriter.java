package dev.memlane.spark;

import dev.memlane.model.ContentTakenException;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemoryId;
import dev.memlane.model.NewMemory;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.MemoryWriter;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.metric.CustomTaskMetric;
import org.apache.spark.sql.connector.write.DataWriter;
import org.apache.spark.sql.connector.write.WriterCommitMessage;
import org.jspecify.annotations.Nullable;

/**
 * The writer of one attempt of a task: begins a write for each record at once, waits for the oldest when too many are under way,
 * and for all of them before the task reports success. The {@link MemoryWriter} groups records into commits and
 * embedding requests.
 *
 * <p>
 * An attempt that fails leaves the memories that it has stored, and writes under way may still land. The next attempt
 * has the same keys, so it finds them. Used by the task's thread alone.
 */
final class MemoryDataWriter implements DataWriter<InternalRow> {

  private static final System.Logger LOGGER = System.getLogger(MemoryDataWriter.class.getName());

  private final MemoryWriter writer;
  private final RowConverter converter;
  private final WriteOptions options;

  /** The writes under way, oldest first. */
  private final Deque<Write> writes = new ArrayDeque<>();
  /** The memories of {@link #writes}. */
  private final Set<MemoryId> memories = new HashSet<>();
  private long stored;
  private long thereAlready;
  private long refused;

  private record Write(String key, MemoryId memory, CompletableFuture<WriteOutcome> outcome) {}

  /** What a task has done. */
  record Counts(long stored, long thereAlready, long refused) implements WriterCommitMessage {}

  MemoryDataWriter(MemoryWriter writer, RowConverter converter, WriteOptions options) {
    this.writer = writer;
    this.converter = converter;
    this.options = options;
  }

  @Override
  public void write(InternalRow row) throws IOException {
    String key = null;
    NewMemory memory;
    try {
      key = converter.key(row);
      memory = converter.convert(row, key);
    } catch (InvalidInputException e) {
      refuse(key, String.valueOf(e.getMessage()), e);
      return;
    }
    MemoryId id = MemoryId.derive(memory.scope(), key);
    while (writes.size() >= options.mostInFlight() || memories.contains(id)) {
      // Writes of one memory that overlap would land in any order.
      finishOldest();
    }
    memories.add(id);
    writes.add(new Write(key, id, options.mode() == WriteOptions.Mode.PUT ? writer.put(memory) : writer.add(memory)));
  }

  @Override
  public WriterCommitMessage commit() throws IOException {
    while (!writes.isEmpty()) {
      finishOldest();
    }
    return new Counts(stored, thereAlready, refused);
  }

  private void finishOldest() throws IOException {
    Write write = writes.remove();
    memories.remove(write.memory);
    WriteOutcome outcome;
    try {
      outcome = write.outcome.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw (IOException) new InterruptedIOException("the task was cancelled while records were being stored")
          .initCause(e);
    } catch (ExecutionException e) {
      throw new IOException("the record with the key \"" + write.key + "\" could not be stored", e.getCause());
    }
    if (outcome instanceof WriteOutcome.DuplicateOf) {
      thereAlready++;
    } else if (outcome.succeeded()) {
      stored++;
    } else if (isFinal(outcome)) {
      refuse(write.key, outcome.describe(), null);
    } else {
      throw new IOException("the record with the key \"" + write.key + "\" could not be stored now: "
          + outcome.describe() + "; Spark runs the task again, if spark.task.maxFailures allows");
    }
  }

  /** Whether the same write would end so again. */
  private static boolean isFinal(WriteOutcome outcome) {
    return switch (outcome) {
      case WriteOutcome.Refused refusal -> refusal.cause() instanceof InvalidInputException;
      case WriteOutcome.RolledBack rolledBack -> rolledBack.cause() instanceof ContentTakenException;
      case WriteOutcome.WasDeleted deleted -> true;
      default -> false;
    };
  }

  private void refuse(@Nullable String key, String reason, @Nullable Exception cause) throws IOException {
    String message = (key == null ? "a record without a key" : "the record with the key \"" + key + "\"")
        + " was not stored: " + reason;
    if (options.onRefused() == WriteOptions.OnRefused.FAIL) {
      throw new IOException(message + "; correct it, or set the option " + SourceOptions.ON_REFUSED + " to skip",
          cause);
    }
    // The others of the task are only counted: a log must not grow with the data.
    if (refused++ == 0) {
      LOGGER.log(System.Logger.Level.WARNING, "{0}; it and others like it in this task are skipped and counted",
          message);
    }
  }

  @Override
  public CustomTaskMetric[] currentMetricsValues() {
    return WriteMetrics.of(stored, thereAlready, refused);
  }

  /** What was stored stays: another attempt with the same keys finds it. */
  @Override
  public void abort() {
    writes.clear();
    memories.clear();
  }

  @Override
  public void close() {
    writer.close();
  }
}
