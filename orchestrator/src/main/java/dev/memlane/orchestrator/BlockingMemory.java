package dev.memlane.orchestrator;

import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.ChangeCursor;
import dev.memlane.model.Filter;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.NewMemory;
import dev.memlane.model.OperationId;
import dev.memlane.model.PastMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.TimeOrder;
import dev.memlane.model.TimePosition;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.internal.Futures;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The calls of {@link MemoryOrchestrator} in blocking form.
 *
 * <p>
 * Each call waits, returns the value itself, and throws a {@link MemlaneException} where the future would fail. Best called
 * from virtual threads. Interrupting a caller ends the waiting; a write goes on. Safe for use by several threads.
 */
public final class BlockingMemory {

  private final MemoryOrchestrator memory;

  BlockingMemory(MemoryOrchestrator memory) {
    this.memory = memory;
  }

  /**
   * Waits for a future of {@link MemoryOrchestrator}, for callers that have several calls in progress at once.
   *
   * @throws MemlaneException if the future fails: a copy of the failure, so that the caller sees its own stack as well
   */
  public static <T> T await(CompletableFuture<T> future) {
    return Futures.await(future);
  }

  /** See {@link MemoryOrchestrator#addMemory}. */
  public Memory addMemory(NewMemory newMemory) {
    return Futures.await(memory.addMemory(newMemory));
  }

  /** See {@link MemoryOrchestrator#add}. */
  public WriteOutcome add(NewMemory newMemory) {
    return Futures.await(memory.add(newMemory));
  }

  /** See {@link MemoryOrchestrator#addMemories}. */
  public List<WriteOutcome> addMemories(List<NewMemory> memories) {
    return Futures.await(memory.addMemories(memories));
  }

  /** See {@link MemoryOrchestrator#put}. */
  public WriteOutcome put(NewMemory newMemory) {
    return Futures.await(memory.put(newMemory));
  }

  /** See {@link MemoryOrchestrator#putMemories}. */
  public List<WriteOutcome> putMemories(List<NewMemory> memories) {
    return Futures.await(memory.putMemories(memories));
  }

  /** See {@link MemoryOrchestrator#updateMemory}. */
  public Memory updateMemory(MemoryUpdate update) {
    return Futures.await(memory.updateMemory(update));
  }

  /** See {@link MemoryOrchestrator#deleteMemory}. */
  public WriteOutcome.Deleted deleteMemory(MemoryDeletion deletion) {
    return Futures.await(memory.deleteMemory(deletion));
  }

  /** See {@link MemoryOrchestrator#deleteMemories}. */
  public List<WriteOutcome> deleteMemories(List<MemoryDeletion> deletions) {
    return Futures.await(memory.deleteMemories(deletions));
  }

  /** See {@link MemoryOrchestrator#deleteAll}. */
  public DeleteReport deleteAll(Scope scope, @Nullable Filter filter) {
    return Futures.await(memory.deleteAll(scope, filter));
  }

  /** See {@link MemoryOrchestrator#deleteAll(Scope, Filter, boolean)}. */
  public DeleteReport deleteAll(Scope scope, @Nullable Filter filter, boolean purgeHistory) {
    return Futures.await(memory.deleteAll(scope, filter, purgeHistory));
  }

  /** See {@link MemoryOrchestrator#get}. */
  public Optional<Memory> get(MemoryId id) {
    return Futures.await(memory.get(id));
  }

  /** See {@link MemoryOrchestrator#get}. */
  public Optional<Memory> get(MemoryId id, Expired expired) {
    return Futures.await(memory.get(id, expired));
  }

  /** See {@link MemoryOrchestrator#getAsOf}. */
  public Optional<PastMemory> getAsOf(MemoryId id, Instant at) {
    return Futures.await(memory.getAsOf(id, at));
  }

  /** See {@link MemoryOrchestrator#getAsOf}. */
  public Optional<PastMemory> getAsOf(MemoryId id, Instant at, Expired expired) {
    return Futures.await(memory.getAsOf(id, at, expired));
  }

  /** See {@link MemoryOrchestrator#listAsOf}. */
  public PastPage listAsOf(@Nullable Scope scope, Instant at, @Nullable MemoryId after, int limit) {
    return Futures.await(memory.listAsOf(scope, at, after, limit));
  }

  /** See {@link MemoryOrchestrator#listAsOf}. */
  public PastPage listAsOf(@Nullable Scope scope, Instant at, @Nullable MemoryId after, int limit, Expired expired) {
    return Futures.await(memory.listAsOf(scope, at, after, limit, expired));
  }

  /** See {@link MemoryOrchestrator#list}. */
  public Page list(@Nullable Scope scope, @Nullable Filter filter, @Nullable MemoryId after, int limit) {
    return Futures.await(memory.list(scope, filter, after, limit));
  }

  /** See {@link MemoryOrchestrator#list}. */
  public Page list(
      @Nullable Scope scope, @Nullable Filter filter, @Nullable MemoryId after, int limit, Expired expired) {
    return Futures.await(memory.list(scope, filter, after, limit, expired));
  }

  /** See {@link MemoryOrchestrator#listByTime}. */
  public TimePage listByTime(@Nullable Scope scope, @Nullable Filter filter, TimeOrder order,
      @Nullable TimePosition after, int limit) {
    return Futures.await(memory.listByTime(scope, filter, order, after, limit));
  }

  /** See {@link MemoryOrchestrator#listByTime}. */
  public TimePage listByTime(@Nullable Scope scope, @Nullable Filter filter, TimeOrder order,
      @Nullable TimePosition after, int limit, Expired expired) {
    return Futures.await(memory.listByTime(scope, filter, order, after, limit, expired));
  }

  /** See {@link MemoryOrchestrator#count}. */
  public long count(@Nullable Scope scope, @Nullable Filter filter) {
    return Futures.await(memory.count(scope, filter));
  }

  /** See {@link MemoryOrchestrator#count}. */
  public long count(@Nullable Scope scope, @Nullable Filter filter, Expired expired) {
    return Futures.await(memory.count(scope, filter, expired));
  }

  /** See {@link MemoryOrchestrator#scopes}. */
  public ScopePage scopes(@Nullable String userPrefix, @Nullable Scope after, int limit) {
    return Futures.await(memory.scopes(userPrefix, after, limit));
  }

  /** See {@link MemoryOrchestrator#scopeOf}. */
  public Optional<Scope> scopeOf(MemoryId id) {
    return Futures.await(memory.scopeOf(id));
  }

  /** See {@link MemoryOrchestrator#search}. */
  public List<SearchHit> search(SearchRequest request) {
    return Futures.await(memory.search(request));
  }

  /** See {@link MemoryOrchestrator#context}. */
  public PromptContext context(ContextRequest request) {
    return Futures.await(memory.context(request));
  }

  /** See {@link MemoryOrchestrator#hasLanded}. */
  public boolean hasLanded(MemoryId memoryId, OperationId op) {
    return Futures.await(memory.hasLanded(memoryId, op));
  }

  /** See {@link MemoryOrchestrator#history(MemoryId)}. */
  public List<HistoryEntry> history(MemoryId id) {
    return Futures.await(memory.history(id));
  }

  /** See {@link MemoryOrchestrator#history(MemoryId, Integer, int)}. */
  public HistoryPage history(MemoryId id, @Nullable Integer before, int limit) {
    return Futures.await(memory.history(id, before, limit));
  }

  /** See {@link MemoryOrchestrator#changes}. */
  public ChangePage changes(@Nullable ChangeCursor after, int limit) {
    return Futures.await(memory.changes(after, limit));
  }

  /** See {@link MemoryOrchestrator#exportPage}. */
  public ArchivePage exportPage(@Nullable Scope scope, @Nullable MemoryId after, int limit, boolean vectors) {
    return Futures.await(memory.exportPage(scope, after, limit, vectors));
  }

  /** See {@link MemoryOrchestrator#importMemories(List)}. */
  public List<ImportOutcome> importMemories(List<ArchivedMemory> memories) {
    return Futures.await(memory.importMemories(memories));
  }

  /** See {@link MemoryOrchestrator#importMemories(List, Edits)}. */
  public List<ImportOutcome> importMemories(List<ArchivedMemory> memories, Edits edits) {
    return Futures.await(memory.importMemories(memories, edits));
  }

  /** See {@link MemoryOrchestrator#verify}. */
  public VerifyReport verify(boolean repair) {
    return Futures.await(memory.verify(repair));
  }

  /** See {@link MemoryOrchestrator#sweep}. */
  public long sweep() {
    return Futures.await(memory.sweep());
  }

  /** See {@link MemoryOrchestrator#deleteOldVectors}. */
  public long deleteOldVectors() {
    return Futures.await(memory.deleteOldVectors());
  }

  /** See {@link MemoryOrchestrator#conversations}. */
  public BlockingConversations conversations() {
    return new BlockingConversations(memory.conversations());
  }

  /** See {@link MemoryOrchestrator#status}. */
  public MemoryStatus status() {
    return Futures.await(memory.status());
  }

  /** See {@link MemoryOrchestrator#statistics}. */
  public Statistics statistics() {
    return Futures.await(memory.statistics());
  }
}
