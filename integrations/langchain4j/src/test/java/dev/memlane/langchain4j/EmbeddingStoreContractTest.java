package dev.memlane.langchain4j;

import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.store.embedding.EmbeddingStore;
import dev.langchain4j.store.embedding.EmbeddingStoreWithFilteringIT;
import dev.langchain4j.store.embedding.EmbeddingStoreWithRemovalIT;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;

/**
 * LangChain4j's contract of stores. Its suite with filters extends {@code EmbeddingStoreIT}, and that
 * {@code EmbeddingStoreWithoutMetadataIT}, so all four suites run.
 */
@Tag("programs")
class EmbeddingStoreContractTest {

  @Nested
  class WithFiltering extends EmbeddingStoreWithFilteringIT {

    private final EmbeddingStore<TextSegment> store = ContractMemory.store();

    @Override
    protected EmbeddingStore<TextSegment> embeddingStore() {
      return store;
    }

    @Override
    protected EmbeddingModel embeddingModel() {
      return ContractMemory.model();
    }

    @Override
    protected boolean supportsContains() {
      return true;
    }
  }

  @Nested
  class WithRemoval extends EmbeddingStoreWithRemovalIT {

    private final EmbeddingStore<TextSegment> store = ContractMemory.store();

    @Override
    protected EmbeddingStore<TextSegment> embeddingStore() {
      return store;
    }

    @Override
    protected EmbeddingModel embeddingModel() {
      return ContractMemory.model();
    }
  }
}
