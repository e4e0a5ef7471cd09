package dev.memlane.spark;

import dev.memlane.embedding.Embedder;
import dev.memlane.embedding.OpenAiEmbedder;
import dev.memlane.embedding.OpenAiEmbedderBuilder;
import dev.memlane.endpoints.http.ApiKey;
import dev.memlane.model.InvalidInputException;
import dev.memlane.orchestrator.WriterSettings;
import java.lang.reflect.Constructor;
import org.jspecify.annotations.Nullable;

/** The embedder, as the task that needs it creates it. Immutable. */
sealed interface EmbedderOptions extends WriterSettings.EmbedderFactory {

  /**
   * Checks on the driver what can be checked without creating the embedder.
   *
   * @throws InvalidInputException if it can't be created
   */
  void check();

  /** A class with a public constructor without parameters. */
  record OfClass(String name) implements EmbedderOptions {

    @Override
    public void check() {
      type();
    }

    @Override
    public Embedder create() {
      Class<?> type = type();
      try {
        Object created = type.getConstructor().newInstance();
        return created instanceof WriterSettings.EmbedderFactory factory ? factory.create() : (Embedder) created;
      } catch (ReflectiveOperationException e) {
        throw new InvalidInputException("the embedder " + name + " could not be created", e);
      }
    }

    private Class<?> type() {
      try {
        // Spark's loader, which knows the jars of the job.
        Class<?> type = Class.forName(name, true, Thread.currentThread().getContextClassLoader());
        Constructor<?> unused = type.getConstructor();
        if (Embedder.class.isAssignableFrom(type) || WriterSettings.EmbedderFactory.class.isAssignableFrom(type)) {
          return type;
        }
      } catch (ClassNotFoundException e) {
        throw new InvalidInputException("the class " + name + " of the option " + SourceOptions.EMBEDDER
            + " is not on the class path; add its jar to the job", e);
      } catch (NoSuchMethodException e) {
        throw unfit(e);
      }
      throw unfit(null);
    }

    private InvalidInputException unfit(@Nullable Exception cause) {
      return new InvalidInputException("the class " + name + " of the option " + SourceOptions.EMBEDDER
          + " must be an Embedder or a WriterSettings.EmbedderFactory with a public constructor without parameters",
          cause);
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
