package dev.memlane.spark;

import dev.memlane.embedding.Embedder;
import dev.memlane.embedding.OpenAiEmbedder;
import dev.memlane.embedding.OpenAiEmbedderBuilder;
import dev.memlane.endpoints.http.ApiKey;
import dev.memlane.model.InvalidInputException;
import dev.memlane.orchestrator.WriterSettings;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The embedder, as the task that needs it creates it. Immutable. */
sealed interface EmbedderOptions extends WriterSettings.EmbedderFactory {

  /**
   * Checks on the driver what can be checked without creating the embedder.
   *
   * @throws InvalidInputException if it can't be created
   */
  void check();

  /** A class that the job has. */
  record OfClass(OptionClass type) implements EmbedderOptions {

    OfClass(String name) {
      this(
          new OptionClass(SourceOptions.EMBEDDER, name, List.of(Embedder.class, WriterSettings.EmbedderFactory.class)));
    }

    @Override
    public void check() {
      type.check();
    }

    @Override
    public Embedder create() {
      Object created = type.create();
      return created instanceof WriterSettings.EmbedderFactory factory ? factory.create() : (Embedder) created;
    }
  }

  /**
   * A service that offers OpenAI's API.
   *
   * @param url its address before {@code /embeddings}
   * @param dimension how many numbers a vector has
   * @param keyVariable the environment variable of each executor that holds the key, or null if it needs none
   */
  record OfService(String url, String model, int dimension, @Nullable String keyVariable) implements EmbedderOptions {

    @Override
    public void check() {
      // The key is the executors'.
      OpenAiEmbedder.at(url, model, dimension).build().close();
    }

    @Override
    public Embedder create() {
      OpenAiEmbedderBuilder builder = OpenAiEmbedder.at(url, model, dimension);
      if (keyVariable != null) {
        builder.apiKey(ApiKey.from(System.getenv(), keyVariable));
      }
      return builder.build();
    }

    @Override
    public String toString() {
      return "OfService[" + model + "]";
    }
  }
}
