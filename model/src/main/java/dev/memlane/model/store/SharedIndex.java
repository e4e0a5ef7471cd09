package dev.memlane.model.store;

import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The contract of an index that several processes share. Each of them puts and removes documents in it.
 *
 * <p>
 * The orchestrator removes documents by name alone: {@link #retain} and {@link #removeAll} would remove what other
 * processes have put.
 *
 * <p>
 * {@link #clear} makes the index anew, without a checkpoint: no position from before is one of it.
 *
 * <p>
 * A put or a removal whose answer was lost may still be applied at any later time, also after its process has died. So
 * the names of documents alone don't tell what will be there later. The arrivals do: they list every document once it is
 * there, however late it came.
 *
 * <p>
 * Documents of one memory are always seen together: a view that shows the removal of a document shows everything that had
 * been applied to the same memory before.
 */
public interface SharedIndex extends VectorIndex {

  /**
   * Reads which documents have been put, in order of arrival.
   *
   * @param after the position after which the page begins; null for the beginning of the index
   * @param until the position at which the last page ends, from {@link #end}
   * @param limit the most documents of a page; at least 1
   * @return fails with an {@link dev.memlane.model.ExpiredCursorException} if {@code after} is no position of this index,
   * for example because the index was made anew
   */
  CompletableFuture<Arrivals> arrivals(@Nullable String after, String until, int limit);

  /** The present end of the arrivals: every put that has been applied before this call is before it. */
  CompletableFuture<String> end();

  /** Reads the checkpoint that was recorded last, by whichever process; completes with null if the index has none. */
  CompletableFuture<@Nullable String> lastCheckpoint();

  /** Records a checkpoint, a text of at most a few megabytes that the index keeps and doesn't read. */
  CompletableFuture<Void> recordCheckpoint(String checkpoint);
}
