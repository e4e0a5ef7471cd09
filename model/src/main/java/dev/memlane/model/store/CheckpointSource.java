package dev.memlane.model.store;

import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The source of the checkpoints that an index records with its commits. A checkpoint is a text that says how far the
 * committed documents agree with the log; the index keeps it and doesn't read it.
 *
 * <p>
 * Safe for use by several threads.
 */
@FunctionalInterface
public interface CheckpointSource {

  /** A checkpoint under way, for one commit. */
  @FunctionalInterface
  interface Pending {

    /**
     * Completes the checkpoint. Called once the documents of the commit are fixed, or when the commit is given up. Doesn't
     * block. Another call returns null.
     *
     * @return the text to record, which describes exactly this commit; null if nothing can be said of it
     */
    @Nullable
    String complete();
  }

  /**
   * Begins a checkpoint, before the documents of a commit are fixed.
   *
   * @return completes when the documents may be fixed, within seconds; never fails
   */
  CompletableFuture<Pending> begin();
}
