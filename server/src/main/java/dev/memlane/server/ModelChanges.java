package dev.memlane.server;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemlaneException;
import dev.memlane.orchestrator.ModelChange;
import dev.memlane.orchestrator.Progress;
import org.jspecify.annotations.Nullable;

/**
 * What begins a change of the memory's embedding model when a caller of the server asks for one. It makes the embedder, and
 * closes it if the change does not succeed. Implementations must be safe for use by several threads.
 */
@FunctionalInterface
public interface ModelChanges {

  /**
   * Begins a change.
   *
   * @param progress receives how many stored texts are embedded, of how many
   * @throws InvalidInputException if the model is unknown, or can't be changed to now; the message says why
   * @throws MemlaneException if it fails for another reason
   */
  ModelChange begin(Request request, Progress progress);

  /**
   * What a caller asks for. Texts come from outside, as they are.
   *
   * @param embedder what makes vectors, such as local; null for what the settings say now
   * @param model the model of that embedder; null for what the settings say now
   * @param index the index for the new model, if processes share one; null for what the settings say now
   * @param textsPerSecond the most stored texts to embed in a second, at least 1; null for no bound
   * @param mostTokens the most tokens of stored texts to embed, at least 1; null for no bound
   * @param together whether calls go over only when the switch is announced
   */
  record Request(@Nullable String embedder, @Nullable String model, @Nullable String index,
      @Nullable Integer textsPerSecond, @Nullable Long mostTokens, boolean together) {}
}
