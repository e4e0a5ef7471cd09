package dev.memlane.orchestrator;

import dev.memlane.embedding.EmbeddingStats;
import dev.memlane.model.IndexSummary;
import dev.memlane.model.store.Operation;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A snapshot of what the stores hold and of what this process has done since opening.
 *
 * @param memories the number of live memories that have not expired
 * @param entries the number of entries of the history
 * @param coreBytes the size of core on disk, in bytes
 * @param historyBytes the size of the history on disk, in bytes
 * @param index what the index holds; null while it can't be read
 * @param indexProblem why the index can't be read; null if it can. It is reopened in the background
 * @param embedding what the embedder has done
 * @param writesInFlight the number of writes that have begun and not ended
 * @param unsettled the operations that are being settled in the background
 * @param unindexed the memories that the index could not follow; each is tried again in the background
 * @param background the kinds of work in the background, each with its last success and failure
 * @param modelChange the change of the model that is under way, or the last one since opening; null if there was none
 */
public record Statistics(long memories, long entries, long coreBytes, long historyBytes,
    @Nullable IndexSummary index, @Nullable String indexProblem, EmbeddingStats embedding, int writesInFlight,
    List<Operation> unsettled,
    List<Unindexed> unindexed, List<BackgroundWork> background,
    ModelChange.@Nullable Status modelChange) {

  public Statistics {
    unsettled = List.copyOf(unsettled);
    unindexed = List.copyOf(unindexed);
    background = List.copyOf(background);
  }
}
