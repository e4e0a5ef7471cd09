package dev.memlane.orchestrator;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.NewMemory;
import dev.memlane.model.WriteOutcome;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A client that only writes, for jobs that run on many machines: it has no index of its own, needs no directory, and opens in
 * well under a second, however many memories there are.
 *
 * <p>
 * <b>Promises.</b> A write that succeeds is in core and in the history, in one transaction, and has its vector. The processes
 * that have an index follow the log, and find it within their poll interval
 * ({@link OrchestratorBuilder#followEvery(java.time.Duration)}). If none is open, the next one that opens catches up. If
 * processes share an index ({@link OrchestratorBuilder#sharedIndex}), the writer puts its documents there itself, and they are
 * found within the index's refresh interval.
 *
 * <p>
 * The calls have the names, and keep the other promises, of {@link MemoryOrchestrator}: keys make retries safe, expectations are
 * checked, writes of many callers share commits, embeddings share requests, and callers that are faster than the database
 * are slowed down.
 *
 * <p>
 * A writer deletes but does not erase, because erasing includes the index's files. Safe for use by several threads.
 */
public final class MemoryWriter implements AutoCloseable {

  private final MemoryOrchestrator memory;

  MemoryWriter(MemoryOrchestrator memory) {
    this.memory = memory;
  }

  /** Stores a memory; see {@link MemoryOrchestrator#add}. */
  public CompletableFuture<WriteOutcome> add(NewMemory newMemory) {
    return memory.add(newMemory);
  }

  /** Stores many memories; see {@link MemoryOrchestrator#addMemories}. */
  public CompletableFuture<List<WriteOutcome>> addMemories(List<NewMemory> memories) {
    return memory.addMemories(memories);
  }

  /** Stores a memory under its key, whether or not there is one; see {@link MemoryOrchestrator#put}. */
  public CompletableFuture<WriteOutcome> put(NewMemory newMemory) {
    return memory.put(newMemory);
  }

  /** Stores many memories under their keys; see {@link MemoryOrchestrator#putMemories}. */
  public CompletableFuture<List<WriteOutcome>> putMemories(List<NewMemory> memories) {
    return memory.putMemories(memories);
  }

  /** Changes a memory; see {@link MemoryOrchestrator#updateMemory}. */
  public CompletableFuture<Memory> updateMemory(MemoryUpdate update) {
    return memory.updateMemory(update);
  }

  /**
   * Deletes a memory; see {@link MemoryOrchestrator#deleteMemory}.
   *
   * @throws InvalidInputException if the deletion purges the history
   */
  public CompletableFuture<WriteOutcome.Deleted> deleteMemory(MemoryDeletion deletion) {
    requireNoPurge(deletion);
    return memory.deleteMemory(deletion);
  }

  /**
   * Deletes many memories; see {@link MemoryOrchestrator#deleteMemories}.
   *
   * @throws InvalidInputException if one of the deletions purges the history
   */
  public CompletableFuture<List<WriteOutcome>> deleteMemories(List<MemoryDeletion> deletions) {
    deletions.forEach(MemoryWriter::requireNoPurge);
    return memory.deleteMemories(deletions);
  }

  private static void requireNoPurge(MemoryDeletion deletion) {
    if (deletion.purgesHistory()) {
      throw new InvalidInputException("a writer can't purge, because it has no index whose files could be purged; "
          + "purge in a process that has one");
    }
  }

  /** Completes when the writes that were reported as unsettled until now are settled; see {@link MemoryOrchestrator#awaitSettled}. */
  public CompletableFuture<Void> awaitSettled() {
    return memory.awaitSettled();
  }

  /** The state of the writes under way, of the queues and of the embedder. */
  public CompletableFuture<MemoryStatus> status() {
    return memory.status();
  }

  /**
   * Refuses new writes, waits for those under way, no longer than the write's deadline, and closes the connections and the
   * embedder. Closing again does nothing.
   */
  @Override
  public void close() {
    memory.close();
  }

  @Override
  public String toString() {
    return "MemoryWriter over " + memory;
  }
}
