package dev.memlane.flink;

import dev.memlane.flink.MemorySink.WriteMode;
import dev.memlane.model.ContentTakenException;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemoryId;
import dev.memlane.model.NewMemory;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.MemoryWriter;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.groups.SinkWriterMetricGroup;

/**
 * The writer of one parallel instance: begins a write for each record at once, and waits for the oldest when too many are under
 * way, and for all of them before a checkpoint. The writer below it makes commits and embedding requests of many records.
 *
 * <p>
 * Used by the task's thread alone.
 */
final class MemorySinkWriter<T> implements SinkWriter<T> {

  private final MemoryWriter writer;
  private final MemoryConverter<T> converter;
  private final WriteMode mode;
  private final int mostInFlight;
  private final FailureHandler<T> failureHandler;
  private final Counter sent;
  private final Counter stored;
  private final Counter duplicates;
  private final Counter failed;

  /** The writes under way, oldest first. */
  private final Deque<Write<T>> writes = new ArrayDeque<>();
  /** The memories of {@link #writes}. */
  private final Set<MemoryId> memories = new HashSet<>();

  private record Write<T>(T entry, MemoryId memory, CompletableFuture<WriteOutcome> outcome) {}

  MemorySinkWriter(MemoryWriter writer, MemoryConverter<T> converter, WriteMode mode, int mostInFlight,
      FailureHandler<T> failureHandler, SinkWriterMetricGroup metrics) {
    this.writer = writer;
    this.converter = converter;
    this.mode = mode;
    this.mostInFlight = mostInFlight;
    this.failureHandler = failureHandler;
    this.sent = metrics.getNumRecordsSendCounter();
    this.failed = metrics.getNumRecordsSendErrorsCounter();
    this.stored = metrics.counter("memoriesStored");
    this.duplicates = metrics.counter("memoriesThereAlready");
    metrics.gauge("memoriesInFlight", writes::size);
  }

  @Override
  public void write(T entry, Context context) throws IOException, InterruptedException {
    write(entry);
  }

  void write(T entry) throws IOException, InterruptedException {
    NewMemory memory;
    try {
      memory = converter.convert(entry);
    } catch (InvalidInputException e) {
      failed.inc();
      failureHandler.handle(entry, new WriteOutcome.Refused(String.valueOf(e.getMessage()), e));
      return;
    }
    if (memory == null) {
      return;
    }
    String key = memory.key();
    if (key == null) {
      throw new InvalidInputException("the memory of a record has no key, and Flink delivers records again after a "
          + "failure; give each a key that depends on the record alone");
    }
    MemoryId id = MemoryId.derive(memory.scope(), key);
    while (writes.size() >= mostInFlight || memories.contains(id)) {
      // Writes of one memory that overlap would land in any order.
      finishOldest();
    }
    sent.inc();
    memories.add(id);
    writes.add(new Write<>(entry, id, mode == WriteMode.PUT ? writer.put(memory) : writer.add(memory)));
  }

  @Override
  public void flush(boolean endOfInput) throws IOException, InterruptedException {
    while (!writes.isEmpty()) {
      finishOldest();
    }
  }

  private void finishOldest() throws IOException, InterruptedException {
    Write<T> write = writes.remove();
    memories.remove(write.memory);
    WriteOutcome outcome;
    try {
      outcome = write.outcome.get();
    } catch (ExecutionException e) {
      throw new IOException("a record could not be stored", e.getCause());
    }
    if (outcome.succeeded()) {
      (outcome instanceof WriteOutcome.DuplicateOf ? duplicates : stored).inc();
      return;
    }
    failed.inc();
    if (!isFinal(outcome)) {
      throw new IOException("a record could not be stored now: " + outcome.describe()
          + "; the job begins again at its last checkpoint, if its restart strategy allows");
    }
    failureHandler.handle(write.entry, outcome);
  }

  /** Whether the same write would end so again. */
  private static boolean isFinal(WriteOutcome outcome) {
    return switch (outcome) {
      case WriteOutcome.Refused refused -> refused.cause() instanceof InvalidInputException;
      case WriteOutcome.RolledBack rolledBack -> rolledBack.cause() instanceof ContentTakenException;
      case WriteOutcome.WasDeleted deleted -> true;
      default -> false;
    };
  }

  @Override
  public void close() {
    writer.close();
  }
}
