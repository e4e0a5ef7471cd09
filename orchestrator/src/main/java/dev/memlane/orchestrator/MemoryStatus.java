package dev.memlane.orchestrator;

import dev.memlane.embedding.EmbeddingStats;
import dev.memlane.model.IndexSummary;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What goes on in this process now. Unlike {@link Statistics}, it is read without asking the database.
 *
 * @param writesInFlight the number of writes that have begun and not ended
 * @param writesWaiting the number of callers that wait until their write may begin, because too many are in flight
 * @param unitsWaiting the number of writes that wait in the commit queue
 * @param unsettled the number of operations that are being settled in the background
 * @param unindexed the number of memories that the index could not follow; each is tried again in the background
 * @param followerLag searches here find all that other processes wrote longer ago than this, except changes of memories that
 * are being written here. Null if this process follows no others
 * @param index what the index holds; null while it can't be read
 * @param indexProblem why the index can't be read; null if it can. It is reopened in the background
 * @param embedding what the embedder has done
 * @param background the kinds of work in the background, each with its last success and failure
 * @param modelChange the change of the model that is under way, or the last one since opening; null if there was none
 */
public record MemoryStatus(int writesInFlight, int writesWaiting, int unitsWaiting, int unsettled, int unindexed,
    @Nullable Duration followerLag, @Nullable IndexSummary index, @Nullable String indexProblem,
    EmbeddingStats embedding, List<BackgroundWork> background,
    ModelChange.@Nullable Status modelChange) {

  public MemoryStatus {
    background = List.copyOf(background);
  }
}
