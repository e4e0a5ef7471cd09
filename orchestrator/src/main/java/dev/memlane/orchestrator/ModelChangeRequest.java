package dev.memlane.orchestrator;

import dev.memlane.embedding.Embedder;
import dev.memlane.embedding.EmbedderPool;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.store.SharedIndexOpener;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A change to another embedding model while a memory serves calls; see {@link MemoryOrchestrator#changeModel}. Immutable.
 *
 * <pre>{@code
 * ModelChange change = memory.changeModel(ModelChangeRequest.to(embedder).textsPerSecond(50));
 * change.completion().join();
 * }</pre>
 */
public final class ModelChangeRequest {

  private final UnaryOperator<OrchestratorBuilder> model;
  private final @Nullable SharedIndexOpener sharedIndex;
  private final int textsPerSecond;
  private final long mostTokens;
  private final boolean together;
  private final Progress progress;

  private ModelChangeRequest(UnaryOperator<OrchestratorBuilder> model, @Nullable SharedIndexOpener sharedIndex,
      int textsPerSecond, long mostTokens, boolean together, Progress progress) {
    this.model = model;
    this.sharedIndex = sharedIndex;
    this.textsPerSecond = textsPerSecond;
    this.mostTokens = mostTokens;
    this.together = together;
    this.progress = progress;
  }

  /** A change to the model of an embedder, which belongs to the memory once the change has succeeded. */
  public static ModelChangeRequest to(Embedder embedder) {
    Objects.requireNonNull(embedder, "embedder");
    return new ModelChangeRequest(builder -> builder.embedder(embedder), null, Integer.MAX_VALUE, Long.MAX_VALUE, false,
        Progress.NONE);
  }

  /** A change to the model of a pool, whose embedders belong to the memory once the change has succeeded. */
  public static ModelChangeRequest to(EmbedderPool pool) {
    Objects.requireNonNull(pool, "pool");
    return new ModelChangeRequest(builder -> builder.embedders(pool), null, Integer.MAX_VALUE, Long.MAX_VALUE, false,
        Progress.NONE);
  }

  /**
   * Sets the index for the new model, for a memory with a {@link OrchestratorBuilder#sharedIndex}. It must have another name
   * than the present one.
   */
  public ModelChangeRequest sharedIndex(SharedIndexOpener opener) {
    return new ModelChangeRequest(model, Objects.requireNonNull(opener, "opener"), textsPerSecond, mostTokens,
        together, progress);
  }

  /**
   * Bounds how many stored texts are embedded a second, to spare a provider's limits and the calls that are served
   * meanwhile. Texts that are written during the change are embedded as they come. Unbounded unless set.
   *
   * @throws InvalidInputException if it is less than 1
   */
  public ModelChangeRequest textsPerSecond(int most) {
    if (most < 1) {
      throw new InvalidInputException("textsPerSecond is " + most + "; it must be at least 1");
    }
    return new ModelChangeRequest(model, sharedIndex, most, mostTokens, together, progress);
  }

  /**
   * Bounds how many tokens of stored texts are embedded, and so what a provider asks for it: a sum of money divided by the price
   * of a token. Tokens are counted as the embedder estimates them. A change that would need more ends, and the old model goes on
   * serving; the vectors that were made are kept, so another change needs only the rest. Unbounded unless set.
   *
   * @throws InvalidInputException if it is less than 1
   */
  public ModelChangeRequest mostTokens(long most) {
    if (most < 1) {
      throw new InvalidInputException("mostTokens is " + most + "; it must be at least 1");
    }
    return new ModelChangeRequest(model, sharedIndex, textsPerSecond, most, together, progress);
  }

  /**
   * Lets calls go over to the new model only when {@link ModelChange#announceSwitch} has been called, in this process or in another
   * one of the database. So all processes that change together switch within about a second of each other. Until then the old
   * model serves, and each memory that is written is embedded by both models.
   */
  public ModelChangeRequest together() {
    return new ModelChangeRequest(model, sharedIndex, textsPerSecond, mostTokens, true, progress);
  }

  /** Sets a listener to how many stored texts have been embedded, of how many. */
  public ModelChangeRequest progress(Progress listener) {
    return new ModelChangeRequest(model, sharedIndex, textsPerSecond, mostTokens, together,
        Objects.requireNonNull(listener, "listener"));
  }

  /** The settings of a memory, with the new model. */
  OrchestratorBuilder applyTo(OrchestratorBuilder present) {
    OrchestratorBuilder changed = model.apply(present.copy());
    if (sharedIndex != null) {
      changed.sharedIndex(sharedIndex);
    }
    if (changed.followEvery != null && changed.followEvery.isZero()) {
      // The engine that serves calls until then is a writer like another process.
      changed.followEvery = null;
    }
    return changed;
  }

  boolean hasSharedIndex() {
    return sharedIndex != null;
  }

  int mostPerSecond() {
    return textsPerSecond;
  }

  long tokens() {
    return mostTokens;
  }

  boolean isTogether() {
    return together;
  }

  Progress listener() {
    return progress;
  }

  @Override
  public String toString() {
    return "ModelChangeRequest[" + (textsPerSecond == Integer.MAX_VALUE ? "" : textsPerSecond + " texts a second")
        + (mostTokens == Long.MAX_VALUE ? "" : ", at most " + mostTokens + " tokens")
        + (together ? ", together" : "") + "]";
  }
}
