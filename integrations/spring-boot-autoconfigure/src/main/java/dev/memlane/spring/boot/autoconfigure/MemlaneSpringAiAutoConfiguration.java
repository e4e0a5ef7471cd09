package dev.memlane.spring.boot.autoconfigure;

import dev.memlane.lanes.LaneExecutor;
import dev.memlane.memory.tools.MemoryTools;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.spring.ai.MemlaneAdvisor;
import dev.memlane.spring.ai.MemlaneChatMemoryRepository;
import dev.memlane.spring.ai.MemlaneToolCallbacks;
import dev.memlane.spring.ai.MemlaneVectorStore;
import dev.memlane.spring.ai.SpringAiEmbedder;
import java.util.List;
import org.springframework.ai.chat.client.advisor.api.Advisor;
import org.springframework.ai.chat.memory.ChatMemoryRepository;
import org.springframework.ai.chat.model.ToolContext;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.ai.vectorstore.VectorStore;
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
 * The auto-configuration of what Spring AI and the memory are for each other. It comes after Spring AI's repositories of
 * chat memory in databases, which the application has chosen, and before the one that keeps it in the process alone.
 */
@AutoConfiguration(after = {MemlaneAutoConfiguration.class,
    MemlaneToolsAutoConfiguration.class}, beforeName = "org.springframework.ai.model.chat.memory.autoconfigure.ChatMemoryAutoConfiguration", afterName = {
        "org.springframework.ai.model.chat.memory.repository.cassandra.autoconfigure.CassandraChatMemoryRepositoryAutoConfiguration",
        "org.springframework.ai.model.chat.memory.repository.cosmosdb.autoconfigure.CosmosDBChatMemoryRepositoryAutoConfiguration",
        "org.springframework.ai.model.chat.memory.repository.jdbc.autoconfigure.JdbcChatMemoryRepositoryAutoConfiguration",
        "org.springframework.ai.model.chat.memory.repository.mongo.autoconfigure.MongoChatMemoryAutoConfiguration",
        "org.springframework.ai.model.chat.memory.repository.neo4j.autoconfigure.Neo4jChatMemoryRepositoryAutoConfiguration",
        "org.springframework.ai.model.chat.memory.repository.redis.autoconfigure.RedisChatMemoryRepositoryAutoConfiguration"})
@ConditionalOnClass({EmbeddingModel.class, SpringAiEmbedder.class})
@ConditionalOnProperty(name = "memlane.enabled", matchIfMissing = true)
@EnableConfigurationProperties(MemlaneProperties.class)
public final class MemlaneSpringAiAutoConfiguration {

  @Bean
  EmbedderSource springAiEmbedderSource(ObjectProvider<EmbeddingModel> models, MemlaneProperties properties) {
    return new SpringAiEmbedderSource(models, properties.embedding());
  }

  /** Conversations in the memory's log: one for each conversation id. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(ChatMemoryRepository.class)
  @ConditionalOnSingleCandidate(MemoryOrchestrator.class)
  static class ChatMemoryConfiguration {

    @Bean
    @ConditionalOnMissingBean(ChatMemoryRepository.class)
    MemlaneChatMemoryRepository memlaneChatMemoryRepository(MemoryOrchestrator memory) {
      return MemlaneChatMemoryRepository.of(memory);
    }
  }

  /** Takes part in the calls of a chat client to which the application adds it. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(Advisor.class)
  @ConditionalOnSingleCandidate(MemoryOrchestrator.class)
  static class AdvisorConfiguration {

    @Bean
    @ConditionalOnMissingBean
    MemlaneAdvisor memlaneAdvisor(MemoryOrchestrator memory, ObjectProvider<AdvisorCustomizer> customizers,
        MemlaneProperties properties) {
      MemlaneAdvisor.Builder advisor = MemlaneAdvisor.builder(memory);
      List<AdvisorCustomizer> found = customizers.orderedStream().toList();
      if (properties.chat().remember() && found.isEmpty()) {
        throw new MemoryOpeningException("memlane.chat.remember is set, and nothing can remember conversations. Add "
            + "memlane-extraction", null);
      }
      found.forEach(each -> each.customize(advisor));
      return advisor.build();
    }

    /**
     * The tools for the memories of the user whom the tool context names. It is injected by its name only: whatever
     * collects all tools, such as an MCP server, would offer them to callers of whom it knows no user.
     */
    @Bean(defaultCandidate = false)
    @ConditionalOnMissingBean
    @ConditionalOnSingleCandidate(LaneExecutor.class)
    MemlaneToolCallbacks memlaneToolCallbacks(MemoryOrchestrator memory, LaneExecutor lanes,
        ObjectProvider<ToolsCustomizer> customizers) {
      List<ToolsCustomizer> found = customizers.orderedStream().toList();
      return MemlaneToolCallbacks.scoped(scope -> {
        MemoryTools.Builder tools = MemoryTools.builder(memory, scope);
        found.forEach(each -> each.customize(tools));
        return tools.build();
      }, lanes, AdvisorConfiguration::scope);
    }

    private static Scope scope(ToolContext context) {
      Object user = context.getContext().get(MemlaneAdvisor.USER);
      if (user == null) {
        throw new InvalidInputException("it is not known whose memories the tools are for: put "
            + MemlaneAdvisor.USER + " into the tool context of the request");
      }
      return Scope.user(user.toString());
    }
  }

  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(VectorStore.class)
  @ConditionalOnSingleCandidate(MemoryOrchestrator.class)
  static class VectorStoreConfiguration {

    @Bean
    @ConditionalOnProperty("memlane.documents.agent")
    @ConditionalOnMissingBean(VectorStore.class)
    MemlaneVectorStore memlaneVectorStore(MemoryOrchestrator memory, MemlaneProperties properties) {
      return MemlaneVectorStore.builder(memory, DocumentScope.of(properties)).build();
    }
  }
}
