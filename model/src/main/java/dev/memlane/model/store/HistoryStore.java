package dev.memlane.model.store;

import dev.memlane.model.ExpiredCursorException;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemoryChange;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.StoreResult;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The contract of the history store: the log, with one entry per operation that core applied.
 *
 * <p>
 * Entries are immutable, except that an entry is voided when its operation is undone, and loses its content when its
 * memory is erased. Writes are parts of a {@link Unit}; {@link CoreStore} says how results and failures are reported.
 * Safe for use by several threads.
 */
public interface HistoryStore {

  /** Joins the operation's entry, which is written if core applied the operation in the same unit. */
  CompletableFuture<StoreResult> write(Unit unit, Operation operation);

  /**
   * Joins the voiding of the operation's entry, done if core undid the operation in the same unit. The entry loses its
   * content.
   *
   * @param stamp the fresh stamp that core's part of the undo leaves
   */
  CompletableFuture<StoreResult> undo(Unit unit, Operation operation, UUID stamp);

  /**
   * Joins the look for the unit's operation, after the unit's fence: applied if its entry exists and is not void;
   * otherwise not applied, now or later.
   */
  CompletableFuture<StoreResult> look(Unit unit);

  /** Joins the removal of all entries of the unit's memory, done if core no longer holds its row. Never refused. */
  CompletableFuture<StoreResult> sweep(Unit unit);

  /** Joins the restore of a memory's entries, which are written if core restored the memory in the same unit. */
  CompletableFuture<StoreResult> restore(Unit unit, List<HistoryEntry> entries);

  /**
   * Joins the purge of the unit's memory, done if core purged its tombstone in the same unit. The entry of the delete
   * becomes an {@link HistoryEntry.Kind#ERASE}; all others of the memory are deleted, void ones too.
   *
   * @param stamp the fresh stamp that core's part leaves
   */
  CompletableFuture<StoreResult> purge(Unit unit, UUID stamp);

  /** Lists the memories with an entry of an erasure, in order of id. */
  CompletableFuture<List<MemoryId>> erased(@Nullable MemoryId after, int limit);

  /**
   * Removes void entries of operations before this time.
   *
   * @return the number of entries removed, at most {@code limit}
   */
  CompletableFuture<Integer> sweepVoid(Instant before, int limit);

  /** Whether the operation's entry exists and is not void, at this moment and without a fence. */
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
   * @param limit the most entries; if it is reached, the last memory's entries may be incomplete
   */
  CompletableFuture<List<HistoryEntry>> entries(Collection<MemoryId> memories, int limit);

  /**
   * Finds the states of memories at a time, by the entries that are not void.
   *
   * @return those of the memories that have an entry that is not later than the time
   */
  CompletableFuture<Map<MemoryId, PastState>> asOf(Collection<MemoryId> memories, Instant at);

  /** Counts the entries that are not void, of one memory or, for null, of all. */
  CompletableFuture<Long> count(@Nullable MemoryId memory);

  /** Lists the heads of all memories by their newest entries that are not void, in order of memory id. */
  CompletableFuture<List<Head>> heads(@Nullable MemoryId after, int limit);

  /** Begins to follow the log: the feed reports the changes after this future has completed. */
  CompletableFuture<ChangeFeed> follow();

  /**
   * Reads the changes of the log after a position. Unlike a {@link ChangeFeed}, whose state ends with its connection, a
   * position is a text that can be kept.
   *
   * <p>
   * Every entry that is written, voided or erased after the position was taken is reported at least once, whatever the order
   * of commits, by reading page after page; also across restarts and crashes of the database. An entry is reported as it is
   * when it is read: a void one as {@link MemoryChange.Kind#UNDO}; one that was erased or swept since is not. The state of an
   * entry is reported no earlier than its change is durable.
   *
   * @param after {@link LogPage#next} of the page before; empty for the beginning of the log; null for its end, which
   * returns an empty page
   * @param limit the most changes of a page, at least 1
   * @return fails with an {@link InvalidInputException} if this is no position, or with an {@link ExpiredCursorException} if
   * changes after it might be missed
   */
  CompletableFuture<LogPage> changes(@Nullable String after, int limit);

  /**
   * Leaves a proof in the database, durably: wherever it is found later, everything that was committed before this call is
   * there too. A database that was restored to an earlier state doesn't have it. The latest proofs of each holder are kept.
   *
   * @param holder who may ask for it, such as an index
   */
  CompletableFuture<Void> leaveProof(UUID holder, UUID proof);

  /** Whether the proof is there. */
  CompletableFuture<Boolean> hasProof(UUID proof);

  /**
   * Takes a lease, or extends it. One holder at a time has it, by the database's clock.
   *
   * @param name what the lease is for
   * @param length how long the lease lasts from now on; zero gives it back
   * @return whether the holder has it
   */
  CompletableFuture<Boolean> holdLease(String name, UUID holder, Duration length);

  /** The size of the log on disk, in bytes. */
  CompletableFuture<Long> bytes();
}
