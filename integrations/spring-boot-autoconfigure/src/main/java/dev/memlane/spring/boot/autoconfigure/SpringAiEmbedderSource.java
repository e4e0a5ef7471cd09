package dev.memlane.spring.boot.autoconfigure;

import dev.memlane.embedding.Embedder;
import dev.memlane.spring.ai.SpringAiEmbedder;
import org.jspecify.annotations.Nullable;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.beans.factory.ObjectProvider;

/** The embedding model of Spring AI among the application's beans. */
final class SpringAiEmbedderSource implements EmbedderSource {

  private final ObjectProvider<EmbeddingModel> models;
  private final MemlaneProperties.Embedding settings;

  SpringAiEmbedderSource(ObjectProvider<EmbeddingModel> models, MemlaneProperties.Embedding settings) {
    this.models = models;
    this.settings = settings;
  }

  @Override
  public @Nullable Embedder find() {
    EmbeddingModel model = SingleBean.find(models, "EmbeddingModel beans of Spring AI", SingleBean.OF_VECTORS);
    if (model == null) {
      return null;
    }
    String name = settings.model();
    if (name == null || name.isBlank()) {
      throw new MemoryOpeningException("The EmbeddingModel bean of Spring AI doesn't say which model it is. Set "
          + "memlane.embedding.model to the model's name, which is stored with each vector; or set memlane.embedder=local, "
          + "if the memory is not to use it", null);
    }
    Integer dimension = settings.dimension();
    return SpringAiEmbedder.of(model, name, dimension == null ? model.dimensions() : dimension);
  }

  @Override
  public String framework() {
    return "Spring AI";
  }
}
