package dev.memlane.cli.internal.data;

import dev.memlane.archive.ArchiveFile;
import dev.memlane.archive.ArchiveSource;
import dev.memlane.archive.ExportReport;
import dev.memlane.archive.ImportReport;
import dev.memlane.embedding.EmbeddingStats;
import dev.memlane.model.Filter;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.NewMemory;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.TimeOrder;
import dev.memlane.model.TimePosition;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.DeleteReport;
import dev.memlane.orchestrator.Expired;
import dev.memlane.orchestrator.HistoryPage;
import dev.memlane.orchestrator.Page;
import dev.memlane.orchestrator.SearchHit;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.orchestrator.TimePage;
import dev.memlane.orchestrator.VerifyReport;
import dev.memlane.server.AuditLog.Action;
import dev.memlane.server.AuditLog.Actor;
import dev.memlane.server.AuditLog;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A memory of this process whose administrative acts and erasures are in the audit log, as those of a server are. */
public final class AuditedMemory implements OpenMemory {

  private final LocalMemory memory;
  private final AuditLog log;

  public AuditedMemory(LocalMemory memory, AuditLog log) {
    this.memory = memory;
    this.log = log;
  }

  private <T> T act(Action action, Map<String, ?> target, AuditLog.Work<T> work, Function<T, Map<String, ?>> counts) {
    return act(log, action, target, work, counts);
  }

  /** Does an act that this process does on its data, and logs it. */
  public static <T> T act(AuditLog log, Action action, Map<String, ?> target, AuditLog.Work<T> work,
      Function<T, Map<String, ?>> counts) {
    try {
      return log.act(Actor.command(), action, target, work, counts);
    } catch (IOException e) {
      throw new StoreException("it could not be done: " + e.getMessage(), e);
    }
  }

  private static Map<String, Object> where(@Nullable Scope scope) {
    return AuditLog.values("scope", scope, "everything", scope == null ? true : null);
  }

  @Override
  public WriteOutcome.Deleted deleteMemory(MemoryDeletion deletion) {
    return deletion.purgesHistory()
        ? act(Action.ERASE, AuditLog.values("memory", deletion.id()), () -> memory.deleteMemory(deletion),
            deleted -> AuditLog.values("purged", 1))
        : memory.deleteMemory(deletion);
  }

  @Override
  public DeleteReport deleteAll(Scope scope, @Nullable Filter filter, boolean purgeHistory) {
    return act(purgeHistory ? Action.ERASE : Action.DELETE,
        AuditLog.values("scope", scope, "filtered", filter == null ? null : true),
        () -> memory.deleteAll(scope, filter, purgeHistory), report -> AuditLog.values("deleted", report.deleted(),
            "purged", report.purged(), "failed", report.failed(), "messages", report.messages()));
  }

  @Override
  public VerifyReport verify(boolean repair) {
    return act(Action.VERIFY, AuditLog.values("everything", true, "repair", repair), () -> memory.verify(repair),
        report -> AuditLog.values("inconsistencies", report.inconsistencies().size(), "repaired", report.repaired()));
  }

  @Override
  public ExportReport exportTo(ArchiveFile file, ExportRequest request) {
    return act(Action.EXPORT, where(request.scope()), () -> memory.exportTo(file, request),
        report -> Map.of("memories", report.memories()));
  }

  @Override
  public ExportReport exportTo(OutputStream output, ExportRequest request) {
    return act(Action.EXPORT, where(request.scope()), () -> memory.exportTo(output, request),
        report -> Map.of("memories", report.memories()));
  }

  @Override
  public ImportReport importFrom(InputStream archive, ImportRequest request) {
    return act(Action.IMPORT, where(null), () -> memory.importFrom(archive, request), AuditedMemory::counts);
  }

  @Override
  public ImportReport importFrom(ArchiveSource archive, ImportRequest request) {
    return act(Action.IMPORT, where(null), () -> memory.importFrom(archive, request), AuditedMemory::counts);
  }

  private static Map<String, ?> counts(ImportReport report) {
    return AuditLog.values("read", report.read(), "restored", report.restored(), "failed", report.failed());
  }

  @Override
  public long deleteOldVectors() {
    return act(Action.DELETE_OLD_VECTORS, where(null), memory::deleteOldVectors, count -> Map.of("deleted", count));
  }

  // Not logged

  @Override
  public CompletableFuture<List<WriteOutcome>> addMemories(List<NewMemory> memories) {
    return memory.addMemories(memories);
  }

  @Override
  public Memory updateMemory(MemoryUpdate update) {
    return memory.updateMemory(update);
  }

  @Override
  public Optional<Memory> get(MemoryId id, Expired expired) {
    return memory.get(id, expired);
  }

  @Override
  public Page list(@Nullable Scope scope, @Nullable Filter filter, @Nullable MemoryId after, int limit,
      Expired expired) {
    return memory.list(scope, filter, after, limit, expired);
  }

  @Override
  public TimePage listByTime(@Nullable Scope scope, @Nullable Filter filter, TimeOrder order,
      @Nullable TimePosition after, int limit, Expired expired) {
    return memory.listByTime(scope, filter, order, after, limit, expired);
  }

  @Override
  public long count(@Nullable Scope scope, @Nullable Filter filter, Expired expired) {
    return memory.count(scope, filter, expired);
  }

  @Override
  public List<SearchHit> search(SearchRequest request) {
    return memory.search(request);
  }

  @Override
  public HistoryPage history(MemoryId id, @Nullable Integer before, int limit) {
    return memory.history(id, before, limit);
  }

  @Override
  public boolean hasLanded(MemoryId id, OperationId op, @Nullable Scope scope, @Nullable String key) {
    return memory.hasLanded(id, op, scope, key);
  }

  @Override
  public StoreState state() {
    return memory.state();
  }

  @Override
  public EmbeddingStats embedding() {
    return memory.embedding();
  }

  @Override
  public void close() {
    memory.close();
  }
}
