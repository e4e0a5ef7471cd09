package dev.memlane.orchestrator;

import dev.memlane.embedding.EmbeddingStats;
import dev.memlane.model.IndexSummary;
import dev.memlane.model.store.Operation;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A snapshot of what the stores hold and what this process has done since opening.
 *
 * @param memories live memories that are not expired
 * @param entries entries of the history
 * @param coreBytes what core takes on disk
 * @param historyBytes what the history takes on disk
 * @param index what the index holds; null while it can't be read
 * @param indexProblem why the index can't be read; null if it can. It is opened again in the background
 * @param writesInFlight writes that have begun and not ended
 * @param unsettled operations that are being settled behind
 * @param unindexed memories that the index could not be made to agree about; each is tried again behind
 * @param background the kinds of work that go on in the background, and how each went last
 */
public record Statistics(long memories, long entries, long coreBytes, long historyBytes,
    @Nullable IndexSummary index, @Nullable String indexProblem, EmbeddingStats embedding, int writesInFlight,
    List<Operation> unsettled,
    List<Unindexed> unindexed, List<BackgroundWork> background) {

  public Statistics {
    unsettled = List.copyOf(unsettled);
    unindexed = List.copyOf(unindexed);
    background = List.copyOf(background);
  }
}
