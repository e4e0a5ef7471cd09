package dev.memlane.cli.internal.data;

import dev.memlane.archive.ArchiveException;
import dev.memlane.archive.ArchiveExporter;
import dev.memlane.archive.ArchiveFile;
import dev.memlane.archive.ArchiveImporter;
import dev.memlane.archive.ArchiveSource;
import dev.memlane.archive.ExportReport;
import dev.memlane.archive.ImportReport;
import dev.memlane.cli.internal.terminal.StopSignal;
import dev.memlane.embedded.Memlane;
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
import dev.memlane.model.store.Operation;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.DeleteReport;
import dev.memlane.orchestrator.Edits;
import dev.memlane.orchestrator.Expired;
import dev.memlane.orchestrator.HistoryPage;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.Page;
import dev.memlane.orchestrator.SearchHit;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.orchestrator.Statistics;
import dev.memlane.orchestrator.TimePage;
import dev.memlane.orchestrator.VerifyReport;
import dev.memlane.server.SharedMemory;
import dev.memlane.storage.postgres.DatabaseBuilder;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A memory that this process has opened. It is closed by the command, or when the program is asked to stop. */
public final class LocalMemory implements OpenMemory {

  private final MemoryOrchestrator memory;
  private final AutoCloseable whole;
  private final StopSignal stop;

  public LocalMemory(SharedMemory.Opened opened, StopSignal stop) {
    this.memory = opened.memory();
    this.whole = opened.close();
    this.stop = stop;
    stop.onStop(this::closeWhole);
  }

  /** The memory itself, for commands that need more than {@link OpenMemory} has. */
  public MemoryOrchestrator memory() {
    return memory;
  }

  /**
   * Begins to open more connections to the memory's database, which are closed before the memory; empty if the memory is not
   * that of a directory.
   */
  public Optional<DatabaseBuilder> database() {
    return whole instanceof Memlane memlane ? Optional.of(memlane.database()) : Optional.empty();
  }

  public BlockingMemory blocking() {
    return memory.blocking();
  }

  @Override
  public CompletableFuture<List<WriteOutcome>> addMemories(List<NewMemory> memories) {
    return memory.addMemories(memories);
  }

  @Override
  public Memory updateMemory(MemoryUpdate update) {
    return blocking().updateMemory(update);
  }

  @Override
  public WriteOutcome.Deleted deleteMemory(MemoryDeletion deletion) {
    return blocking().deleteMemory(deletion);
  }

  @Override
  public DeleteReport deleteAll(Scope scope, @Nullable Filter filter, boolean purgeHistory) {
    return blocking().deleteAll(scope, filter, purgeHistory);
  }

  @Override
  public Optional<Memory> get(MemoryId id, Expired expired) {
    return blocking().get(id, expired);
  }

  @Override
  public Page list(@Nullable Scope scope, @Nullable Filter filter, @Nullable MemoryId after, int limit,
      Expired expired) {
    return blocking().list(scope, filter, after, limit, expired);
  }

  @Override
  public TimePage listByTime(@Nullable Scope scope, @Nullable Filter filter, TimeOrder order,
      @Nullable TimePosition after, int limit, Expired expired) {
    return blocking().listByTime(scope, filter, order, after, limit, expired);
  }

  @Override
  public long count(@Nullable Scope scope, @Nullable Filter filter, Expired expired) {
    return blocking().count(scope, filter, expired);
  }

  @Override
  public List<SearchHit> search(SearchRequest request) {
    return blocking().search(request);
  }

  @Override
  public HistoryPage history(MemoryId id, @Nullable Integer before, int limit) {
    return blocking().history(id, before, limit);
  }

  @Override
  public boolean hasLanded(MemoryId id, OperationId op, @Nullable Scope scope, @Nullable String key) {
    return blocking().hasLanded(id, op);
  }

  @Override
  public VerifyReport verify(boolean repair) {
    return blocking().verify(repair);
  }

  @Override
  public long deleteOldVectors() {
    return blocking().deleteOldVectors();
  }

  @Override
  public StoreState state() {
    Statistics statistics = blocking().statistics();
    return new StoreState(statistics, statistics.unsettled().stream().map(Operation::toString).toList());
  }

  @Override
  public EmbeddingStats embedding() {
    return memory.embeddingStatistics();
  }

  @Override
  public ExportReport exportTo(ArchiveFile file, ExportRequest request) {
    return exporter(request).exportTo(file);
  }

  @Override
  public ExportReport exportTo(OutputStream output, ExportRequest request) {
    return exporter(request).exportTo(output);
  }

  private ArchiveExporter exporter(ExportRequest request) {
    return ArchiveExporter.builder(memory).scope(request.scope()).vectors(request.vectors())
        .format(request.format().format()).progress(request.progress()).stopWhen(request.stopped()).build();
  }

  @Override
  public ImportReport importFrom(InputStream archive, ImportRequest request) {
    try {
      return importer(request).importFrom(archive);
    } catch (ArchiveException e) {
      throw e.reason() == ArchiveException.Reason.NOT_AN_ARCHIVE
          ? new NotAnArchiveException(String.valueOf(e.getMessage()), e)
          : e;
    }
  }

  @Override
  public ImportReport importFrom(ArchiveSource archive, ImportRequest request) {
    return importer(request).importFrom(archive);
  }

  private ArchiveImporter importer(ImportRequest request) {
    return ArchiveImporter.builder(memory).edits(request.acceptEdits() ? Edits.TAKEN : Edits.REFUSED)
        .progress(request.progress()).stopWhen(request.stopped()).onNotice(request.notices()).build();
  }

  @Override
  public void close() {
    closeWhole();
    stop.onStop(null);
  }

  private void closeWhole() {
    try {
      whole.close();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new StoreException("the memory could not be closed in order", e);
    }
  }
}
