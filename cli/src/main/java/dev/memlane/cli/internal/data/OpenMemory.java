package dev.memlane.cli.internal.data;

import dev.memlane.archive.ArchiveFile;
import dev.memlane.archive.ArchiveSource;
import dev.memlane.archive.ExportReport;
import dev.memlane.archive.ImportReport;
import dev.memlane.archive.LineNotice;
import dev.memlane.embedding.EmbeddingStats;
import dev.memlane.model.Filter;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.MemoryWriteException;
import dev.memlane.model.NewMemory;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.TimeOrder;
import dev.memlane.model.TimePosition;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.DeleteReport;
import dev.memlane.orchestrator.Expired;
import dev.memlane.orchestrator.HistoryPage;
import dev.memlane.orchestrator.Page;
import dev.memlane.orchestrator.Progress;
import dev.memlane.orchestrator.SearchHit;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.orchestrator.Statistics;
import dev.memlane.orchestrator.TimePage;
import dev.memlane.orchestrator.VerifyReport;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The memory that a command uses, wherever it is. The calls mean what those of
 * {@link dev.memlane.orchestrator.BlockingMemory} mean, and fail with the same exceptions: {@link MemoryWriteException} with the
 * outcome, {@link InvalidInputException}, or another {@link MemlaneException} whose message says what to do. Closed at the
 * command's end. {@link #addMemories} may be called while its earlier calls run; the other calls come one after the other.
 */
public interface OpenMemory extends AutoCloseable {

  CompletableFuture<List<WriteOutcome>> addMemories(List<NewMemory> memories);

  Memory updateMemory(MemoryUpdate update);

  WriteOutcome.Deleted deleteMemory(MemoryDeletion deletion);

  DeleteReport deleteAll(Scope scope, @Nullable Filter filter, boolean purgeHistory);

  Optional<Memory> get(MemoryId id, Expired expired);

  Page list(@Nullable Scope scope, @Nullable Filter filter, @Nullable MemoryId after, int limit, Expired expired);

  TimePage listByTime(@Nullable Scope scope, @Nullable Filter filter, TimeOrder order, @Nullable TimePosition after,
      int limit, Expired expired);

  long count(@Nullable Scope scope, @Nullable Filter filter, Expired expired);

  List<SearchHit> search(SearchRequest request);

  HistoryPage history(MemoryId id, @Nullable Integer before, int limit);

  /**
   * Finds out what became of a write that was reported as unsettled.
   *
   * @param scope the memory's scope, and
   * @param key its key: a server asks holders of bound keys for them; null otherwise
   */
  boolean hasLanded(MemoryId id, OperationId op, @Nullable Scope scope, @Nullable String key);

  VerifyReport verify(boolean repair);

  StoreState state();

  /** Deletes the vectors that other models than the present one have made. Returns how many. */
  long deleteOldVectors();

  /**
   * What the stores hold and do.
   *
   * @param statistics without the unsettled operations
   * @param unsettled the operations that are being settled, for human readers
   */
  record StoreState(Statistics statistics, List<String> unsettled) {

    public StoreState {
      unsettled = List.copyOf(unsettled);
    }
  }

  /** What the embedder has done for this command; null if it works for others at the same time. */
  @Nullable
  EmbeddingStats embedding();

  /**
   * What to export.
   *
   * @param scope null for all scopes
   * @param stopped is asked again and again whether to stop
   */
  record ExportRequest(@Nullable Scope scope, boolean vectors, ExportFormat format, Progress progress,
      BooleanSupplier stopped) {}

  /** Writes an archive to a file, which appears whole or not at all. */
  ExportReport exportTo(ArchiveFile file, ExportRequest request);

  /** Writes an archive to a stream, and leaves it open. */
  ExportReport exportTo(OutputStream output, ExportRequest request);

  /**
   * How to import.
   *
   * @param acceptEdits whether lines that were edited are imported as edits
   * @param stopped is asked again and again whether to stop
   * @param notices receives the notices, also those that the report lists
   */
  record ImportRequest(boolean acceptEdits, Progress progress, BooleanSupplier stopped, Consumer<LineNotice> notices) {}

  /**
   * Restores an archive of JSON Lines, and leaves the stream open.
   *
   * @throws NotAnArchiveException if it does not begin as an archive does
   */
  ImportReport importFrom(InputStream archive, ImportRequest request);

  /** Restores an archive of any format, and leaves it open. */
  ImportReport importFrom(ArchiveSource archive, ImportRequest request);

  @Override
  void close();
}
