package dev.memlane.cli.internal.command;

import dev.memlane.embedded.Memlane;
import dev.memlane.embedding.Embedder;
import dev.memlane.embedding.EmbedderPool;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.embedding.local.LocalEmbedder;
import dev.memlane.embedding.local.LocalModel;
import dev.memlane.orchestrator.ModelChangeRequest;
import org.jspecify.annotations.Nullable;

/** What makes vectors, as the settings name it. */
sealed interface ModelChoice {

  /** Makes a memory that is opened use it. */
  void applyTo(Memlane.Builder builder);

  /** Makes a request to change to it. */
  Wanted wanted();

  /**
   * A request to change to a model.
   *
   * @param close closes the embedders, which is to be done if the change does not succeed
   */
  record Wanted(ModelChangeRequest request, Runnable close) {

    private static Wanted of(Embedder embedder) {
      return new Wanted(ModelChangeRequest.to(embedder), embedder::close);
    }
  }

  /** A sentence model in the process; null for the default one. */
  record Local(@Nullable LocalModel model) implements ModelChoice {

    @Override
    public void applyTo(Memlane.Builder builder) {
      if (model != null) {
        builder.model(model);
      }
    }

    @Override
    public Wanted wanted() {
      return Wanted.of(new LocalEmbedder(model == null ? LocalModel.ALL_MINILM_L6_V2 : model));
    }
  }

  /** Shared words alone. */
  record Hash() implements ModelChoice {

    @Override
    public void applyTo(Memlane.Builder builder) {
      builder.embedder(new HashEmbedder());
    }

    @Override
    public Wanted wanted() {
      return Wanted.of(new HashEmbedder());
    }
  }

  /** The endpoints of the configuration. */
  record Endpoints(EmbedderPool pool) implements ModelChoice {

    @Override
    public void applyTo(Memlane.Builder builder) {
      builder.embedders(pool);
    }

    @Override
    public Wanted wanted() {
      return new Wanted(ModelChangeRequest.to(pool), pool::closeEmbedders);
    }
  }
}
