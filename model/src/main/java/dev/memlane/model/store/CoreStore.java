package dev.memlane.model.store;

import dev.memlane.model.ArchivedRow;
import dev.memlane.model.Embedding;
import dev.memlane.model.Filter;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
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
 * The contract of the core store: one row per memory, holding what is true now, with its vector.
 *
 * <p>
 * Writes are parts of a {@link Unit} and compare-and-set: each expects a stamp, and one that finds another is
 * {@link StoreResult.NotApplied}. Their futures complete normally, with a result. The futures of reads fail with a
 * {@link StoreException}. Nothing here blocks on the database longer than the unit's deadline or the database's own
 * time-outs. Safe for use by several threads.
 */
public interface CoreStore {

  /**
   * Joins the operation's write: an add expects no row, or the void row that it names; an update or delete expects the
   * stamp of the row that it starts from.
   */
  CompletableFuture<StoreResult> write(Unit unit, Operation operation);

  /**
   * Joins the undoing of an operation that landed, only while the stamp is still its own: an add becomes a void row, an
   * update or delete gets back what was there before.
   *
   * @param stamp the row's fresh stamp
   */
  CompletableFuture<StoreResult> undo(Unit unit, Operation operation, UUID stamp);

  /**
   * Joins the fencing of an operation in doubt: the stamp that it expects is replaced, or a void row is put where it
   * expects none. {@link StoreResult.Applied} whether or not there was anything to replace.
   *
   * @param stamp the fresh stamp
   */
  CompletableFuture<StoreResult> fence(Unit unit, Operation operation, UUID stamp);

  /**
   * Joins the fencing of whatever is still on its way to the unit's memory: its stamp is replaced, whichever it is, or a
   * void row is put where there is none. Then neither a write nor an undo that was sent before can land any more.
   *
   * @param stamp the fresh stamp
   */
  CompletableFuture<StoreResult> fenceAll(Unit unit, UUID stamp);

  /**
   * Joins the confirming of the unit's operation: its row gets a fresh stamp if it still has the operation's own.
   * Applied if the row is, live or deleted, in the state that the unit's operation made; not applied if it isn't.
   */
  CompletableFuture<StoreResult> confirm(Unit unit, UUID stamp);

  /** Joins the removing of a tombstone or void row for good, if it still has this stamp. */
  CompletableFuture<StoreResult> sweep(Unit unit, UUID stamp);

  /**
   * Joins the coming back of an archived memory, as it was: where there is no row, or in place of the void row that has the
   * stamp expected. The row's stamp becomes the unit's operation, which is none of the memory's own, so that nothing
   * that was on its way to the memory finds what it expects. A vector by another model than the store's is left out.
   *
   * @param expected the void row's stamp, or null where no row is expected
   */
  CompletableFuture<StoreResult> restore(Unit unit, ArchivedRow row, @Nullable UUID expected);

  /**
   * Lists the rows that are not void, expired or not, as they are archived, in order of id.
   *
   * @param scope null for all scopes
   * @param after the id after which the page begins, or null for the first one
   * @param vectors whether to read the vectors as well
   */
  CompletableFuture<List<ArchivedRow>> archive(
      @Nullable Scope scope, @Nullable MemoryId after, int limit, boolean vectors);

  /** Lists of these the rows that are not void, as they are archived, in order of id. */
  CompletableFuture<List<ArchivedRow>> archive(Collection<MemoryId> ids, boolean vectors);

  /**
   * Joins the purging of a tombstone that still has the stamp expected: it keeps its id, its scope and its operation, loses
   * all else, and gets a fresh stamp, so that neither an undo nor anything late finds what it expects.
   *
   * @param stamp the fresh stamp
   */
  CompletableFuture<StoreResult> purge(Unit unit, UUID expected, UUID stamp);

  /**
   * Lists the tombstones of a scope of which the history knows more than that they were erased, in order of id.
   *
   * @param after the id after which the page begins, or null for the first one
   */
  CompletableFuture<List<CoreRow>> unpurged(Scope scope, @Nullable MemoryId after, int limit);

  /** Lists tombstones and void rows that have been so since before this time, oldest first. */
  CompletableFuture<List<CoreRow>> gone(Instant before, int limit);

  /** Lists live memories that expired before this time, longest ago first; without their vectors. */
  CompletableFuture<List<CoreRow>> expired(Instant before, int limit);

  /** The live memory of exactly this scope that has this content and was stored as unique, if there is one. */
  CompletableFuture<Optional<CoreRow>> unique(Scope scope, String content);

  /**
   * Reads rows in whatever state.
   *
   * @param vectors whether to read the vectors of live rows as well
   * @return the rows that are there
   */
  CompletableFuture<Map<MemoryId, CoreRow>> read(Collection<MemoryId> ids, boolean vectors);

  /**
   * Reads of these the memories that are live, in one of the scopes, and pass the filter.
   *
   * @param scopes empty for all scopes
   * @param unexpiredAt leaves out those that have expired by then; null leaves out none
   */
  CompletableFuture<Map<MemoryId, Memory>> find(
      Collection<MemoryId> ids, Collection<Scope> scopes, @Nullable Filter filter, @Nullable Instant unexpiredAt);

  /**
   * Lists live memories that are not expired, in order of id.
   *
   * @param scope null for all scopes
   * @param after the id after which the page begins, or null for the first one
   */
  CompletableFuture<List<Memory>> list(
      @Nullable Scope scope, @Nullable Filter filter, @Nullable MemoryId after, int limit,
      @Nullable Instant unexpiredAt);

  /**
   * Lists live memories that are not expired, in order of time.
   *
   * @param scope null for all scopes
   * @param after the position after which the page begins, in the order asked for; null for the first one
   */
  CompletableFuture<List<Memory>> listByTime(@Nullable Scope scope, @Nullable Filter filter, TimeOrder order,
      @Nullable TimePosition after, int limit, @Nullable Instant unexpiredAt);

  /** About how many memories there are, in a moment however many: what a progress bar needs to know. */
  CompletableFuture<Long> estimate();

  /** Counts live memories that are not expired. */
  CompletableFuture<Long> count(@Nullable Scope scope, @Nullable Filter filter, @Nullable Instant unexpiredAt);

  /** Lists all rows that are not void, expired or not, in order of id. */
  CompletableFuture<List<Head>> heads(@Nullable MemoryId after, int limit);

  /** Lists of these the rows that are not void, in no order. */
  CompletableFuture<List<Head>> heads(Collection<MemoryId> ids);

  /**
   * Keeps the vector of a live memory that has none by this model, if the memory is still in the state named. It changes
   * no state and no stamp.
   */
  CompletableFuture<Void> saveVector(DocumentName name, Embedding embedding);

  /** What the rows and vectors take on disk, in bytes. */
  CompletableFuture<Long> bytes();
}
