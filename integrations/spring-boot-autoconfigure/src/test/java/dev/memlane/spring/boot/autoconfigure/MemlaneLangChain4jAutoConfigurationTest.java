package dev.memlane.spring.boot.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.store.embedding.EmbeddingSearchRequest;
import dev.langchain4j.store.embedding.EmbeddingStore;
import dev.langchain4j.store.memory.chat.ChatMemoryStore;
import dev.memlane.embedding.Embedder;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.langchain4j.MemlaneChatMemoryStore;
import dev.memlane.langchain4j.MemlaneEmbeddingStore;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.testing.TestServer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The beans of LangChain4j. Its embedding models as embedders are in {@link EmbedderSelectionTest}. */
@Tag("programs")
class MemlaneLangChain4jAutoConfigurationTest {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);

  @TempDir
  @SuppressWarnings("NullAway.Init") // set by JUnit
  private Path directory;

  private ApplicationContextRunner context() {
    return MemlaneContext.withHashesIn(directory)
        .withPropertyValues("memlane.db.url=" + TestServer.freshDatabase(TABLES));
  }

  @Test
  void chatMemoryStore_keepsConversationsInTheMemory() {
    context().run(context -> {
      ChatMemoryStore store = context.getBean(ChatMemoryStore.class);
      assertThat(store).isInstanceOf(MemlaneChatMemoryStore.class);
      store.updateMessages("7", List.of(UserMessage.from("I play the oboe")));
      assertThat(context.getBean(BlockingMemory.class).conversations().window(Scope.run("7"))).hasSize(1);
    });
  }

  @Test
  void embeddingStore_withoutItsAgent_isLeftOut() {
    context().run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(EmbeddingStore.class));
  }

  @Test
  void embeddingStore_ofAnAgent_findsWhatItHolds() {
    Embedder embedder = new HashEmbedder();
    context().withPropertyValues("memlane.documents.agent=shop").withUserConfiguration(Injected.class).run(context -> {
      EmbeddingStore<TextSegment> store = context.getBean(Injected.class).store;
      assertThat(store).isInstanceOf(MemlaneEmbeddingStore.class);
      Embedding vector = Embedding.from(embedder.embed(List.of("Returns are free")).join().getFirst());
      store.add(vector, TextSegment.from("Returns are free"));

      assertThat(store.search(EmbeddingSearchRequest.builder().queryEmbedding(vector).maxResults(1).build()).matches())
          .singleElement().satisfies(match -> assertThat(match.embedded().text()).isEqualTo("Returns are free"));
      assertThat(context.getBean(BlockingMemory.class).count(Scope.agent("shop"), null)).isOne();
    });
  }

  @Test
  void documents_ofABlankAgent_areRefusedByTheProperty() {
    context().withPropertyValues("memlane.documents.agent=${absent: }")
        .run(context -> assertThat(context).getFailure().hasStackTraceContaining("memlane.documents.agent"));
  }

  @Test
  void stores_ofTheApplication_replaceOurs() {
    context().withPropertyValues("memlane.documents.agent=shop").withUserConfiguration(Own.class)
        .run(context -> assertThat(context).hasSingleBean(ChatMemoryStore.class).hasBean("ownChats")
            .hasSingleBean(EmbeddingStore.class).hasBean("ownEmbeddings"));
  }

  @Test
  void beans_disabled_areLeftOut() {
    context().withPropertyValues("memlane.enabled=false", "memlane.documents.agent=shop")
        .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(EmbedderSource.class)
            .doesNotHaveBean(ChatMemoryStore.class).doesNotHaveBean(EmbeddingStore.class));
  }

  @Test
  void beans_withoutOurModule_areLeftOut() {
    context().withClassLoader(new FilteredClassLoader("dev.memlane.langchain4j"))
        .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(ChatMemoryStore.class));
  }

  static class Injected {

    private final EmbeddingStore<TextSegment> store;

    Injected(EmbeddingStore<TextSegment> store) {
      this.store = store;
    }
  }

  @Configuration(proxyBeanMethods = false)
  static class Own {

    @Bean
    ChatMemoryStore ownChats(MemoryOrchestrator memory) {
      return MemlaneChatMemoryStore.of(memory, Scope.user("ada"));
    }

    @Bean
    EmbeddingStore<TextSegment> ownEmbeddings(MemoryOrchestrator memory) {
      return MemlaneEmbeddingStore.of(memory, Scope.agent("own"));
    }
  }
}
