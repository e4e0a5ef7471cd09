package dev.memlane.spring.boot.autoconfigure;

import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.memlane.embedding.Embedder;
import dev.memlane.langchain4j.LangChain4jEmbedder;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;

/** The embedding model of LangChain4j among the application's beans. */
final class LangChain4jEmbedderSource implements EmbedderSource {

  private static final String UNKNOWN = "unknown";

  private final ObjectProvider<EmbeddingModel> models;
  private final MemlaneProperties.Embedding settings;

  LangChain4jEmbedderSource(ObjectProvider<EmbeddingModel> models, MemlaneProperties.Embedding settings) {
    this.models = models;
    this.settings = settings;
  }

  @Override
  public @Nullable Embedder find() {
    EmbeddingModel model = SingleBean.find(models, "EmbeddingModel beans of LangChain4j", SingleBean.OF_VECTORS);
    if (model == null) {
      return null;
    }
    String name = settings.model() == null ? model.modelName() : settings.model();
    if (name == null || name.isBlank() || name.equals(UNKNOWN)) {
      throw new MemoryOpeningException("The EmbeddingModel bean of LangChain4j doesn't say which model it is. Set "
          + "memlane.embedding.model to the model's name, which is stored with each vector; or set memlane.embedder=local, "
          + "if the memory is not to use it", null);
    }
    Integer dimension = settings.dimension();
    return LangChain4jEmbedder.of(model, name, dimension == null ? model.dimension() : dimension);
  }

  @Override
  public String framework() {
    return "LangChain4j";
  }
}
