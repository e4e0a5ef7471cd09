package dev.memlane.model.store;

import dev.memlane.model.ArchivedRow;
import dev.memlane.model.Embedding;
import dev.memlane.model.Filter;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import dev.memlane.model.ScopeCount;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreResult;
import dev.memlane.model.TimeOrder;
import dev.memlane.model.TimePosition;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The contract of the core store: one row per memory, which holds what is true now, and its vector.
 *
 * <p>
 * Writes are parts of a {@link Unit}; a method that joins a part returns its result. Writes compare and set: each
 * expects a stamp, and a write that finds another one is {@link StoreResult.NotApplied}. Their futures complete
 * normally, with a result. The futures of reads fail with a {@link StoreException}. No method blocks longer than the
 * unit's deadline or the database's own time-outs. Safe for use by several threads.
 */
public interface CoreStore {

  /**
   * Joins the operation's write. An add expects no row, or the void row that it names; an update or delete expects the
   * stamp of the row that it starts from.
   */
  CompletableFuture<StoreResult> write(Unit unit, Operation operation);

  /**
   * Joins the undo of an operation that landed, done only if the stamp is still the operation's own. An add becomes a
   * void row; an update or delete is replaced by the row before.
   *
   * @param stamp the row's fresh stamp
   */
  CompletableFuture<StoreResult> undo(Unit unit, Operation operation, UUID stamp);

  /**
   * Joins the fence of an operation in doubt: the stamp that it expects is replaced, or a void row is inserted where it
   * expects no row. {@link StoreResult.Applied} even if there was nothing to replace.
   *
   * @param stamp the fresh stamp
   */
  CompletableFuture<StoreResult> fence(Unit unit, Operation operation, UUID stamp);

  /**
   * Joins the fence of everything on its way to the unit's memory: the stamp is replaced unconditionally, or a void row
   * is inserted where there is no row. After it, no write and no undo that was sent before can land.
   *
   * @param stamp the fresh stamp
   */
  CompletableFuture<StoreResult> fenceAll(Unit unit, UUID stamp);

  /**
   * Joins the confirmation of the unit's operation: the row gets a fresh stamp if it still has the operation's own.
   * Applied if the row, live or deleted, is in the state that the operation made; not applied otherwise.
   */
  CompletableFuture<StoreResult> confirm(Unit unit, UUID stamp);

  /** Joins the final removal of a tombstone or void row, if it still has this stamp. */
  CompletableFuture<StoreResult> sweep(Unit unit, UUID stamp);

  /**
   * Joins the restore of an archived row, unchanged, where there is no row or in place of the void row that has the
   * expected stamp. The stamp becomes the unit's operation, which is none of the memory's own, so nothing on its way to
   * the memory finds the stamp that it expects. A vector by another model than the store's is left out.
   *
   * @param expected the void row's stamp, or null where no row is expected
   */
  CompletableFuture<StoreResult> restore(Unit unit, ArchivedRow row, @Nullable UUID expected);

  /**
   * Lists archived rows in order of id: all that are not void, expired or not.
   *
   * @param scope null for all scopes
   * @param after the id after which the page begins, or null for the first one
   * @param vectors whether to read the vectors as well
   */
  CompletableFuture<List<ArchivedRow>> archive(
      @Nullable Scope scope, @Nullable MemoryId after, int limit, boolean vectors);

  /** Returns the archived rows among these ids that are not void, in order of id. */
  CompletableFuture<List<ArchivedRow>> archive(Collection<MemoryId> ids, boolean vectors);

  /**
   * Joins the purge of a tombstone that still has the expected stamp. It keeps its id, scope and operation, loses all
   * else, and gets a fresh stamp, so that neither an undo nor a late statement finds the stamp that it expects.
   *
   * @param stamp the fresh stamp
   */
  CompletableFuture<StoreResult> purge(Unit unit, UUID expected, UUID stamp);

  /**
   * Lists the tombstones of a scope whose history holds more than the entry of an erasure, in order of id.
   *
   * @param after the id after which the page begins, or null for the first one
   */
  CompletableFuture<List<CoreRow>> unpurged(Scope scope, @Nullable MemoryId after, int limit);

  /** Lists the rows that a sweep may remove: those that became tombstones or void before this time, oldest first. */
  CompletableFuture<List<CoreRow>> sweepable(Instant before, int limit);

  /** Lists live memories that expired before this time, the earliest first; without their vectors. */
  CompletableFuture<List<CoreRow>> expired(Instant before, int limit);

  /** Finds the live memory of exactly this scope that has this content and was stored as unique. */
  CompletableFuture<Optional<CoreRow>> findUnique(Scope scope, String content);

  /**
   * Reads rows in any state.
   *
   * @param vectors whether to read the vectors of live rows as well
   * @return the rows that exist
   */
  CompletableFuture<Map<MemoryId, CoreRow>> read(Collection<MemoryId> ids, boolean vectors);

  /**
   * Reads the live memories among these ids that are in one of the scopes and pass the filter.
   *
   * @param scopes empty for all scopes
   * @param unexpiredAt leaves out memories that have expired by then; null leaves out none
   */
  CompletableFuture<Map<MemoryId, Memory>> find(
      Collection<MemoryId> ids, Collection<Scope> scopes, @Nullable Filter filter, @Nullable Instant unexpiredAt);

  /**
   * Lists live memories in order of id.
   *
   * @param scope null for all scopes
   * @param after the id after which the page begins, or null for the first one
   * @param unexpiredAt leaves out memories that have expired by then; null leaves out none
   */
  CompletableFuture<List<Memory>> list(
      @Nullable Scope scope, @Nullable Filter filter, @Nullable MemoryId after, int limit,
      @Nullable Instant unexpiredAt);

  /**
   * Lists live memories in order of time.
   *
   * @param scope null for all scopes
   * @param after the position after which the page begins, in this order; null for the first one
   * @param unexpiredAt leaves out memories that have expired by then; null leaves out none
   */
  CompletableFuture<List<Memory>> listByTime(@Nullable Scope scope, @Nullable Filter filter, TimeOrder order,
      @Nullable TimePosition after, int limit, @Nullable Instant unexpiredAt);

  /** Estimates the number of memories, quickly even if there are many; for progress bars. */
  CompletableFuture<Long> estimate();

  /** Counts live memories; see {@link #list}. */
  CompletableFuture<Long> count(@Nullable Scope scope, @Nullable Filter filter, @Nullable Instant unexpiredAt);

  /**
   * Lists the scopes that hold live memories, in their order, each with the number of its memories.
   *
   * @param userPrefix lists only scopes of users whose names begin so; null for all scopes, also those without a user
   * @param after the scope after which the page begins, or null for the first one
   * @param unexpiredAt leaves out memories that have expired by then; null leaves out none
   */
  CompletableFuture<List<ScopeCount>> scopes(
      @Nullable String userPrefix, @Nullable Scope after, int limit, @Nullable Instant unexpiredAt);

  /**
   * Returns the scopes of the memories among these ids that are known: live, deleted, or undone adds. An id that a fence
   * occupies before any write has landed has no scope.
   */
  CompletableFuture<Map<MemoryId, Scope>> scopesOf(Collection<MemoryId> ids);

  /** Lists the heads of all rows that are not void, expired or not, in order of id. */
  CompletableFuture<List<Head>> heads(@Nullable MemoryId after, int limit);

  /** Returns the heads of the rows among these ids that are not void, in no order. */
  CompletableFuture<List<Head>> heads(Collection<MemoryId> ids);

  /**
   * Saves the vector of a live memory that has none by this model, if the memory is still in the named state. Changes
   * no state and no stamp.
   */
  CompletableFuture<Void> saveVector(DocumentName name, Embedding embedding);

  /** The size of rows and vectors on disk, in bytes. */
  CompletableFuture<Long> bytes();
}
