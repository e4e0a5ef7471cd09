package dev.memlane.spring.boot.autoconfigure;

import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.store.embedding.EmbeddingStore;
import dev.langchain4j.store.memory.chat.ChatMemoryStore;
import dev.memlane.langchain4j.LangChain4jEmbedder;
import dev.memlane.langchain4j.MemlaneChatMemoryStore;
import dev.memlane.langchain4j.MemlaneEmbeddingStore;
import dev.memlane.orchestrator.MemoryOrchestrator;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * The auto-configuration of what LangChain4j and the memory are for each other. It comes before LangChain4j's own, whose
 * store of embeddings is in the process alone.
 *
 * <p>
 * There is no {@code ChatMemoryProvider} bean: LangChain4j would give it to every {@code @AiService}, and one whose methods
 * have no {@code @MemoryId} would keep all users' messages in one conversation.
 */
@AutoConfiguration(after = MemlaneAutoConfiguration.class, beforeName = "dev.langchain4j.spring.LangChain4jAutoConfig")
@ConditionalOnClass({EmbeddingModel.class, LangChain4jEmbedder.class})
@ConditionalOnProperty(name = "memlane.enabled", matchIfMissing = true)
@EnableConfigurationProperties(MemlaneProperties.class)
public final class MemlaneLangChain4jAutoConfiguration {

  @Bean
  EmbedderSource langChain4jEmbedderSource(ObjectProvider<EmbeddingModel> models, MemlaneProperties properties) {
    return new LangChain4jEmbedderSource(models, properties.embedding());
  }

  @Configuration(proxyBeanMethods = false)
  @ConditionalOnSingleCandidate(MemoryOrchestrator.class)
  static class StoreConfiguration {

    @Bean
    @ConditionalOnMissingBean(ChatMemoryStore.class)
    MemlaneChatMemoryStore memlaneChatMemoryStore(MemoryOrchestrator memory) {
      return MemlaneChatMemoryStore.of(memory);
    }

    @Bean
    @ConditionalOnProperty("memlane.documents.agent")
    @ConditionalOnMissingBean(EmbeddingStore.class)
    MemlaneEmbeddingStore memlaneEmbeddingStore(MemoryOrchestrator memory, MemlaneProperties properties) {
      return MemlaneEmbeddingStore.of(memory, DocumentScope.of(properties));
    }
  }
}
