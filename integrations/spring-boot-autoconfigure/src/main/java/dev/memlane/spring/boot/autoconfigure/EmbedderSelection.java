package dev.memlane.spring.boot.autoconfigure;

import dev.memlane.embedding.Embedder;
import dev.memlane.embedding.EmbedderPool;
import dev.memlane.embedding.EmbeddingSettings;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.InvalidInputException;
import dev.memlane.orchestrator.OrchestratorBuilder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.core.env.Environment;

/**
 * The choice of what makes vectors: a name in the properties; or else the one of endpoints in the properties, an
 * {@link EmbedderPool} or {@link Embedder} bean, and a framework's embedding model; or else the sentence model.
 *
 * <p>
 * Vectors of different models can't be compared, so two candidates are an error, and never a silent choice.
 */
final class EmbedderSelection {

  private final MemlaneProperties properties;
  private final Environment environment;
  private final ObjectProvider<EmbedderPool> pools;
  private final ObjectProvider<Embedder> embedders;
  private final List<EmbedderSource> sources;
  /** The clients of the endpoints in the properties, until the memory owns them. */
  private @Nullable EmbedderPool made;

  EmbedderSelection(MemlaneProperties properties, Environment environment, ObjectProvider<EmbedderPool> pools,
      ObjectProvider<Embedder> embedders, List<EmbedderSource> sources) {
    this.properties = properties;
    this.environment = environment;
    this.pools = pools;
    this.embedders = embedders;
    this.sources = List.copyOf(sources);
  }

  /** Sets the embedder, or none if the sentence model is to be used. */
  void apply(OrchestratorBuilder builder) {
    if (properties.embedder() != null) {
      if (!properties.embedding().endpoints().isEmpty()) {
        throw new MemoryOpeningException(
            "memlane.embedder and memlane.embedding.endpoints both say what makes vectors; set one of them", null);
      }
      if (properties.embedder() == MemlaneProperties.EmbedderName.HASH) {
        builder.embedder(new HashEmbedder());
      }
      return;
    }
    Map<String, Runnable> candidates = candidates(builder);
    if (candidates.size() > 1) {
      List<String> names = candidates.keySet().stream().sorted().toList();
      throw new MemoryOpeningException("There are several candidates for what makes vectors: "
          + String.join(", ", names)
          + ". Remove all but one; or define an Embedder bean, or set memlane.embedder=local, "
          + "if the memory is to use none of the framework's models", null);
    }
    candidates.values().forEach(Runnable::run);
  }

  /** Closes the clients that were made here, after the memory could not be opened. Beans are closed by the context. */
  void closeMade() {
    if (made != null) {
      made.closeEmbedders();
      made = null;
    }
  }

  private Map<String, Runnable> candidates(OrchestratorBuilder builder) {
    Map<String, Runnable> candidates = new HashMap<>();
    if (!properties.embedding().endpoints().isEmpty()) {
      candidates.put("memlane.embedding.endpoints", () -> {
        made = endpoints();
        builder.embedders(made);
      });
    }
    EmbedderPool pool = SingleBean.find(pools, "EmbedderPool beans", SingleBean.OF_VECTORS);
    // Embedder beans may be its parts.
    Embedder embedder = pool == null ? SingleBean.find(embedders, "Embedder beans", SingleBean.OF_VECTORS) : null;
    if (pool != null) {
      candidates.put("an EmbedderPool bean", () -> builder.embedders(pool));
    } else if (embedder != null) {
      candidates.put("an Embedder bean", () -> builder.embedder(embedder));
    }
    if (candidates.isEmpty()) {
      // What was chosen for Memlane goes before models that the application may have for other reasons.
      for (EmbedderSource source : sources) {
        Embedder found = source.find();
        if (found != null) {
          candidates.put("an EmbeddingModel bean of " + source.framework(), () -> builder.embedder(found));
        }
      }
    }
    return candidates;
  }

  private EmbedderPool endpoints() {
    MemlaneProperties.Embedding settings = properties.embedding();
    List<EmbeddingSettings.Endpoint> endpoints = new ArrayList<>();
    Map<String, String> keys = new HashMap<>();
    for (MemlaneProperties.Endpoint each : settings.endpoints()) {
      endpoints.add(new EmbeddingSettings.Endpoint(each.name(), each.url(), each.deployment(), each.apiVersion(),
          each.keyFrom(), each.modelThere(), each.concurrency(), each.requestsPerMinute(), each.tokensPerMinute(),
          each.tokensPerRequest(), each.texts(), each.timeout(), each.weight(), each.unencryptedKey(), each.base64()));
      String key = each.keyFrom() == null ? null : environment.getProperty(each.keyFrom());
      if (each.keyFrom() != null && key != null) {
        keys.put(each.keyFrom(), key);
      }
    }
    try {
      return new EmbeddingSettings(settings.model(), settings.dimension() == null ? 0 : settings.dimension(),
          settings.shorten(), settings.policy().name(), settings.attempts(), endpoints).pool(keys);
    } catch (InvalidInputException e) {
      throw new MemoryOpeningException("memlane.embedding: " + e.getMessage(), e);
    }
  }
}
