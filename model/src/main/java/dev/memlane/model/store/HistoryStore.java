package dev.memlane.model.store;

import dev.memlane.model.HistoryEntry;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.StoreResult;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The contract of the history store: the log, one entry per operation that core took.
 *
 * <p>
 * An entry never changes, but that it becomes void when its operation is undone, and loses its content when its memory is
 * erased. Writes are parts of a {@link Unit};
 * see {@link CoreStore} for how results and failures are told. Safe for use by several threads.
 */
public interface HistoryStore {

  /** Joins the operation's entry: it is written if core took the operation in the same unit. */
  CompletableFuture<StoreResult> write(Unit unit, Operation operation);

  /**
   * Joins the voiding of the operation's entry, which loses its content, if core undid the operation in the unit.
   *
   * @param stamp the fresh stamp that core's part of the undo leaves
   */
  CompletableFuture<StoreResult> undo(Unit unit, Operation operation, UUID stamp);

  /**
   * Joins the look for the unit's operation, after the unit's fence: applied if its entry is there and not void, not
   * applied if it isn't and never will be.
   */
  CompletableFuture<StoreResult> look(Unit unit);

  /** Joins the removing of all entries of the unit's memory, if core holds no row of it any more. */
  CompletableFuture<StoreResult> sweep(Unit unit);

  /** Joins the coming back of a memory's entries: they are written if core restored the memory in the same unit. */
  CompletableFuture<StoreResult> restore(Unit unit, List<HistoryEntry> entries);

  /**
   * Joins the purging of the unit's memory, if core purged its tombstone in the unit: the entry of the delete becomes a
   * {@link HistoryEntry.Kind#ERASE}, and all others of the memory go, void ones too.
   *
   * @param stamp the fresh stamp that core's part leaves
   */
  CompletableFuture<StoreResult> purge(Unit unit, UUID stamp);

  /** Lists the memories that have ever been erased and of which an entry still says so, in order of id. */
  CompletableFuture<List<MemoryId>> erased(@Nullable MemoryId after, int limit);

  /**
   * Removes void entries of operations before this time.
   *
   * @return how many, at most {@code limit}
   */
  CompletableFuture<Integer> sweepVoid(Instant before, int limit);

  /** Whether the operation's entry is there and not void, at this moment and without a fence. */
  CompletableFuture<Boolean> has(OperationId op);

  /**
   * Lists the entries of a memory that are not void, oldest first.
   *
   * @param afterVersion lists later versions only; 0 for all
   */
  CompletableFuture<List<HistoryEntry>> entries(MemoryId memory, int afterVersion, int limit);

  /**
   * Lists the entries of a memory that are not void, newest first.
   *
   * @param beforeVersion lists earlier versions only; null for all
   */
  CompletableFuture<List<HistoryEntry>> newest(MemoryId memory, @Nullable Integer beforeVersion, int limit);

  /**
   * Lists the entries of several memories that are not void, in order of memory id and version.
   *
   * @param limit how many entries at most; where it is reached, the last memory's may be incomplete
   */
  CompletableFuture<List<HistoryEntry>> entries(Collection<MemoryId> memories, int limit);

  /** Counts the entries that are not void: of one memory, or of all. */
  CompletableFuture<Long> count(@Nullable MemoryId memory);

  /** Lists what the newest entry that is not void says of each memory, in order of memory id. */
  CompletableFuture<List<Head>> heads(@Nullable MemoryId after, int limit);

  /** Begins to follow the log: the feed tells of what changes after this future has completed. */
  CompletableFuture<ChangeFeed> follow();

  /** What the log takes on disk, in bytes. */
  CompletableFuture<Long> bytes();
}
