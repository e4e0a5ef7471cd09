package dev.memlane.orchestrator;

import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.Filter;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.NewMemory;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.TimeOrder;
import dev.memlane.model.TimePosition;
import dev.memlane.model.WriteOutcome;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The calls of {@link MemoryOrchestrator} for callers that wait.
 *
 * <p>
 * Each returns the value itself and throws a {@link MemlaneException} where the future would fail with it. Best called
 * from virtual threads. An interrupted caller stops waiting; the write goes on. Safe for use by several threads.
 */
public final class BlockingMemory {

  private final MemoryOrchestrator memory;

  BlockingMemory(MemoryOrchestrator memory) {
    this.memory = memory;
  }

  /** See {@link MemoryOrchestrator#addMemory}. */
  public Memory addMemory(NewMemory newMemory) {
    return Outcomes.await(memory.addMemory(newMemory));
  }

  /** See {@link MemoryOrchestrator#add}. */
  public WriteOutcome add(NewMemory newMemory) {
    return Outcomes.await(memory.add(newMemory));
  }

  /** See {@link MemoryOrchestrator#addMemories}. */
  public List<WriteOutcome> addMemories(List<NewMemory> memories) {
    return Outcomes.await(memory.addMemories(memories));
  }

  /** See {@link MemoryOrchestrator#updateMemory}. */
  public Memory updateMemory(MemoryUpdate update) {
    return Outcomes.await(memory.updateMemory(update));
  }

  /** See {@link MemoryOrchestrator#deleteMemory}. */
  public WriteOutcome.Deleted deleteMemory(MemoryDeletion deletion) {
    return Outcomes.await(memory.deleteMemory(deletion));
  }

  /** See {@link MemoryOrchestrator#deleteAll}. */
  public DeleteReport deleteAll(Scope scope, @Nullable Filter filter) {
    return Outcomes.await(memory.deleteAll(scope, filter));
  }

  /** See {@link MemoryOrchestrator#deleteAll(Scope, Filter, boolean)}. */
  public DeleteReport deleteAll(Scope scope, @Nullable Filter filter, boolean purgeHistory) {
    return Outcomes.await(memory.deleteAll(scope, filter, purgeHistory));
  }

  /** See {@link MemoryOrchestrator#get}. */
  public Optional<Memory> get(MemoryId id) {
    return Outcomes.await(memory.get(id));
  }

  /** See {@link MemoryOrchestrator#get}. */
  public Optional<Memory> get(MemoryId id, Expired expired) {
    return Outcomes.await(memory.get(id, expired));
  }

  /** See {@link MemoryOrchestrator#list}. */
  public Page list(@Nullable Scope scope, @Nullable Filter filter, @Nullable MemoryId after, int limit) {
    return Outcomes.await(memory.list(scope, filter, after, limit));
  }

  /** See {@link MemoryOrchestrator#list}. */
  public Page list(
      @Nullable Scope scope, @Nullable Filter filter, @Nullable MemoryId after, int limit, Expired expired) {
    return Outcomes.await(memory.list(scope, filter, after, limit, expired));
  }

  /** See {@link MemoryOrchestrator#listByTime}. */
  public TimePage listByTime(@Nullable Scope scope, @Nullable Filter filter, TimeOrder order,
      @Nullable TimePosition after, int limit) {
    return Outcomes.await(memory.listByTime(scope, filter, order, after, limit));
  }

  /** See {@link MemoryOrchestrator#listByTime}. */
  public TimePage listByTime(@Nullable Scope scope, @Nullable Filter filter, TimeOrder order,
      @Nullable TimePosition after, int limit, Expired expired) {
    return Outcomes.await(memory.listByTime(scope, filter, order, after, limit, expired));
  }

  /** See {@link MemoryOrchestrator#count}. */
  public long count(@Nullable Scope scope, @Nullable Filter filter) {
    return Outcomes.await(memory.count(scope, filter));
  }

  /** See {@link MemoryOrchestrator#count}. */
  public long count(@Nullable Scope scope, @Nullable Filter filter, Expired expired) {
    return Outcomes.await(memory.count(scope, filter, expired));
  }

  /** See {@link MemoryOrchestrator#search}. */
  public List<SearchHit> search(SearchRequest request) {
    return Outcomes.await(memory.search(request));
  }

  /** See {@link MemoryOrchestrator#hasLanded}. */
  public boolean hasLanded(MemoryId memoryId, OperationId op) {
    return Outcomes.await(memory.hasLanded(memoryId, op));
  }

  /** See {@link MemoryOrchestrator#history(MemoryId)}. */
  public List<HistoryEntry> history(MemoryId id) {
    return Outcomes.await(memory.history(id));
  }

  /** See {@link MemoryOrchestrator#history(MemoryId, Integer, int)}. */
  public HistoryPage history(MemoryId id, @Nullable Integer before, int limit) {
    return Outcomes.await(memory.history(id, before, limit));
  }

  /** See {@link MemoryOrchestrator#exportPage}. */
  public ArchivePage exportPage(@Nullable Scope scope, @Nullable MemoryId after, int limit, boolean vectors) {
    return Outcomes.await(memory.exportPage(scope, after, limit, vectors));
  }

  /** See {@link MemoryOrchestrator#importMemories(List)}. */
  public List<ImportOutcome> importMemories(List<ArchivedMemory> memories) {
    return Outcomes.await(memory.importMemories(memories));
  }

  /** See {@link MemoryOrchestrator#importMemories(List, Edits)}. */
  public List<ImportOutcome> importMemories(List<ArchivedMemory> memories, Edits edits) {
    return Outcomes.await(memory.importMemories(memories, edits));
  }

  /** See {@link MemoryOrchestrator#verify}. */
  public VerifyReport verify(boolean repair) {
    return Outcomes.await(memory.verify(repair));
  }

  /** See {@link MemoryOrchestrator#sweep}. */
  public long sweep() {
    return Outcomes.await(memory.sweep());
  }

  /** See {@link MemoryOrchestrator#statistics}. */
  public Statistics statistics() {
    return Outcomes.await(memory.statistics());
  }
}
