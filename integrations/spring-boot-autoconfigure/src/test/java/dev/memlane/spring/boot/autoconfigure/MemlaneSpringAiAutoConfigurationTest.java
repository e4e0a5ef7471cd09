package dev.memlane.spring.boot.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.lanes.LaneExecutor;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.spring.ai.MemlaneAdvisor;
import dev.memlane.spring.ai.MemlaneChatMemoryRepository;
import dev.memlane.spring.ai.MemlaneToolCallbacks;
import dev.memlane.spring.ai.MemlaneVectorStore;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.testing.TestServer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.ai.chat.memory.ChatMemoryRepository;
import org.springframework.ai.chat.memory.InMemoryChatMemoryRepository;
import org.springframework.ai.chat.messages.Message;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.chat.model.ToolContext;
import org.springframework.ai.document.Document;
import org.springframework.ai.embedding.Embedding;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.ai.embedding.EmbeddingRequest;
import org.springframework.ai.embedding.EmbeddingResponse;
import org.springframework.ai.tool.ToolCallback;
import org.springframework.ai.tool.ToolCallbackProvider;
import org.springframework.ai.vectorstore.VectorStore;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The beans of Spring AI, and its embedding models as embedders. */
@Tag("programs")
class MemlaneSpringAiAutoConfigurationTest {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);

  @TempDir
  @SuppressWarnings("NullAway.Init") // set by JUnit
  private Path directory;

  private ApplicationContextRunner context() {
    return MemlaneContext.in(directory).withPropertyValues("memlane.db.url=" + TestServer.freshDatabase(TABLES));
  }

  private ApplicationContextRunner contextWithHashes() {
    return context().withPropertyValues("memlane.embedder=hash");
  }

  @Test
  void embeddingModel_isUsedWithNameOfTheProperties() {
    context().withPropertyValues("memlane.embedding.model=mine")
        .withBean(EmbeddingModel.class, () -> new FixedModel(12)).run(context -> {
          var index = Objects.requireNonNull(context.getBean(MemoryOrchestrator.class).status().join().index());
          assertThat(index.model()).isEqualTo("mine");
          assertThat(index.dimension()).isEqualTo(12);
        });
  }

  @Test
  void embeddingModel_withoutAName_isRefused() {
    context().withBean(EmbeddingModel.class, () -> new FixedModel(12)).run(context -> assertThat(context).getFailure()
        .rootCause().isInstanceOf(MemoryOpeningException.class).hasMessageContaining("memlane.embedding.model"));
  }

  @Test
  void embeddingModels_withoutAPrimary_areRefusedByTheirNames() {
    context().withPropertyValues("memlane.embedding.model=mine")
        .withBean("two", EmbeddingModel.class, () -> new FixedModel(12))
        .withBean("one", EmbeddingModel.class, () -> new FixedModel(12))
        .run(context -> assertThat(context).getFailure().rootCause().isInstanceOf(MemoryOpeningException.class)
            .hasMessageContainingAll("EmbeddingModel beans of Spring AI: one, two", "@Primary",
                "memlane.embedder=local"));
  }

  @Test
  void embeddingModels_withAPrimary_useIt() {
    context().withPropertyValues("memlane.embedding.model=mine")
        .withBean("one", EmbeddingModel.class, () -> new FixedModel(12))
        .withBean("two", EmbeddingModel.class, () -> new FixedModel(16), definition -> definition.setPrimary(true))
        .run(context -> assertThat(
            Objects.requireNonNull(context.getBean(MemoryOrchestrator.class).status().join().index()).dimension())
            .isEqualTo(16));
  }

  @Test
  void beans_disabled_areLeftOut() {
    contextWithHashes().withPropertyValues("memlane.enabled=false", "memlane.documents.agent=shop")
        .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(EmbedderSource.class)
            .doesNotHaveBean(ChatMemoryRepository.class).doesNotHaveBean(MemlaneAdvisor.class)
            .doesNotHaveBean(MemlaneToolCallbacks.class).doesNotHaveBean(VectorStore.class));
  }

  @Test
  void toolCallbacks_areForTheUserOfTheToolContext_andInjectedByNameOnly() {
    contextWithHashes().withUserConfiguration(Injected.class).run(context -> {
      Injected injected = context.getBean(Injected.class);
      assertThat(injected.all).isEmpty();
      assertThat(injected.named).isNotNull();
      ToolCallback add = Stream.of(injected.named.getToolCallbacks())
          .filter(tool -> tool.getToolDefinition().name().equals("memory_add")).findFirst().orElseThrow();

      add.call("{\"content\":\"Ada plays the oboe\"}", new ToolContext(Map.of(MemlaneAdvisor.USER, "ada")));

      assertThat(context.getBean(BlockingMemory.class).count(Scope.user("ada"), null)).isOne();
      assertThatThrownBy(() -> add.call("{\"content\":\"a\"}", new ToolContext(Map.of("another", "ada"))))
          .hasMessageContaining(MemlaneAdvisor.USER);
    });
  }

  @Test
  void advisorAndToolCallbacks_ofTheApplication_replaceOurs() {
    contextWithHashes().withUserConfiguration(Own.class).run(context -> assertThat(context)
        .hasSingleBean(MemlaneAdvisor.class).hasBean("ownAdvisor")
        .hasSingleBean(MemlaneToolCallbacks.class).hasBean("ownTools"));
  }

  @Test
  void vectorStore_ofTheApplication_replacesOurs() {
    contextWithHashes().withPropertyValues("memlane.documents.agent=shop").withUserConfiguration(OwnStore.class)
        .run(context -> assertThat(context).hasSingleBean(VectorStore.class).hasBean("ownStore"));
  }

  @Test
  void chatMemory_isKeptInTheMemory() {
    contextWithHashes().run(context -> {
      assertThat(context).hasSingleBean(MemlaneAdvisor.class);
      ChatMemoryRepository conversations = context.getBean(ChatMemoryRepository.class);
      assertThat(conversations).isInstanceOf(MemlaneChatMemoryRepository.class);
      conversations.saveAll("7", List.of(new UserMessage("I play the oboe")));
      assertThat(conversations.findByConversationId("7")).extracting(Message::getText)
          .containsExactly("I play the oboe");
    });
  }

  @Test
  void chatMemory_ofTheApplication_replacesOurs() {
    contextWithHashes().withBean(ChatMemoryRepository.class, InMemoryChatMemoryRepository::new)
        .run(context -> assertThat(context).hasSingleBean(ChatMemoryRepository.class)
            .doesNotHaveBean(MemlaneChatMemoryRepository.class));
  }

  @Test
  void vectorStore_withoutItsAgent_isLeftOut() {
    contextWithHashes().run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(VectorStore.class));
  }

  @Test
  void vectorStore_ofAnAgent_findsItsDocuments() {
    contextWithHashes().withPropertyValues("memlane.documents.agent=shop").run(context -> {
      VectorStore store = context.getBean(VectorStore.class);
      assertThat(store).isInstanceOf(MemlaneVectorStore.class);
      store.add(List.of(new Document("Returns are free for 30 days")));
      assertThat(store.similaritySearch("returns")).extracting(Document::getText)
          .containsExactly("Returns are free for 30 days");
    });
  }

  @Test
  void beans_withoutOurModule_areLeftOut() {
    contextWithHashes().withClassLoader(new FilteredClassLoader("dev.memlane.spring.ai"))
        .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(ChatMemoryRepository.class));
  }

  /** Injects the tools by their bean's name, and all tools that there are. */
  static class Injected {

    private final MemlaneToolCallbacks named;
    private final List<ToolCallbackProvider> all;

    Injected(@Qualifier("memlaneToolCallbacks") MemlaneToolCallbacks named, ObjectProvider<ToolCallbackProvider> all) {
      this.named = named;
      this.all = all.stream().toList();
    }
  }

  @Configuration(proxyBeanMethods = false)
  static class Own {

    @Bean
    MemlaneAdvisor ownAdvisor(MemoryOrchestrator memory) {
      return MemlaneAdvisor.builder(memory).scope(Scope.user("ada")).build();
    }

    @Bean
    MemlaneToolCallbacks ownTools(MemoryToolsFactory tools, LaneExecutor lanes) {
      return MemlaneToolCallbacks.of(tools.tools(Scope.user("ada")), lanes);
    }
  }

  @Configuration(proxyBeanMethods = false)
  static class OwnStore {

    @Bean
    VectorStore ownStore(MemoryOrchestrator memory) {
      return MemlaneVectorStore.builder(memory, Scope.agent("own")).build();
    }
  }

  /** A model that embeds every text alike. */
  private record FixedModel(int dimensions) implements EmbeddingModel {

    @Override
    public EmbeddingResponse call(EmbeddingRequest request) {
      return new EmbeddingResponse(IntStream.range(0, request.getInstructions().size())
          .mapToObj(index -> new Embedding(vector(), index)).toList());
    }

    @Override
    public float[] embed(Document document) {
      return vector();
    }

    private float[] vector() {
      float[] vector = new float[dimensions];
      vector[0] = 1;
      return vector;
    }
  }
}
