package dev.memlane.spring.boot.autoconfigure;

import dev.memlane.embedded.Memlane;
import dev.memlane.extraction.BackgroundRemembering;
import dev.memlane.extraction.ChatModel;
import dev.memlane.extraction.ChatModelPool;
import dev.memlane.extraction.FactCategory;
import dev.memlane.extraction.MemoryExtractor;
import dev.memlane.extraction.ProfileKeeper;
import dev.memlane.extraction.Redaction;
import dev.memlane.extraction.RememberMode;
import dev.memlane.extraction.TokenBudget;
import dev.memlane.langchain4j.LangChain4jChatModel;
import dev.memlane.memory.tools.MemoryTools;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.spring.ai.MemlaneAdvisor;
import dev.memlane.spring.ai.SpringAiChatModel;
import dev.memlane.spring.boot.autoconfigure.MemlaneProperties.Chat;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.postgres.DatabaseBuilder;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.springframework.ai.chat.client.advisor.api.Advisor;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigureOrder;
import org.springframework.boot.autoconfigure.condition.AnyNestedCondition;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.core.env.Environment;

/**
 * The auto-configuration of what remembers conversations, where {@code memlane-extraction} and a chat model are there: a bean of
 * Memlane's {@link ChatModel}, or one that the properties name, or else a framework's. It comes after all others, so that
 * it sees the frameworks' beans.
 *
 * <p>
 * <b>Shutdown.</b> Each bean is closed before those that it uses: first {@link BackgroundRemembering}, which lets what is
 * under way finish within {@code memlane.chat.grace}; then the extractor, which interrupts what is left; then the model and the
 * database; at last the memory. All of it comes after everything with a life cycle, so requests under way have added to their
 * conversations by then.
 */
@AutoConfiguration(after = MemlaneAutoConfiguration.class)
@AutoConfigureOrder(Ordered.LOWEST_PRECEDENCE)
@ConditionalOnClass({MemoryOrchestrator.class, MemoryExtractor.class})
@ConditionalOnProperty(name = "memlane.enabled", matchIfMissing = true)
@ConditionalOnSingleCandidate(MemoryOrchestrator.class)
@EnableConfigurationProperties(MemlaneProperties.class)
public final class MemlaneExtractionAutoConfiguration {

  private static final String CHAT_MODEL = "memlaneChatModel";

  /** @param extractor closes after it */
  @Bean(destroyMethod = "close")
  @ConditionalOnMissingBean
  @ConditionalOnSingleCandidate(MemoryExtractor.class)
  BackgroundRemembering backgroundRemembering(MemoryExtractor extractor, MemlaneProperties properties) {
    Chat chat = properties.chat();
    return MemoryOpening.checked("chat.grace", chat.grace(),
        grace -> BackgroundRemembering.of(extractor, BackgroundRemembering.MOST_CONVERSATIONS, grace));
  }

  /** Has the advisor remember facts. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass({Advisor.class, MemlaneAdvisor.class})
  @ConditionalOnProperty("memlane.chat.remember")
  static class AdvisorConfiguration {

    @Bean
    AdvisorCustomizer memlaneFactsOfChats(ObjectProvider<BackgroundRemembering> background) {
      return advisor -> advisor.rememberFacts(background.getIfAvailable(() -> {
        throw new MemoryOpeningException("memlane.chat.remember is set, and there is no chat model. Set "
            + "memlane.chat.model, or define a ChatModel bean", null);
      }));
    }
  }

  /**
   * Adds {@code memory_remember} to the tool callbacks. Not to {@link MemoryToolsFactory}: a framework's chat model may need the
   * tools that an application makes with it, and the extractor needs the chat model.
   */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(MemoryTools.class)
  static class ToolsConfiguration {

    @Bean
    ToolsCustomizer memlaneRememberingTools(ObjectProvider<MemoryExtractor> extractors) {
      return tools -> tools.remembering(extractors.getIfUnique());
    }
  }

  /** More connections to the memory's own database. */
  @FunctionalInterface
  interface MoreConnections extends Supplier<DatabaseBuilder> {}

  /** The extractor and what it needs, unless the application has an extractor of its own. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnMissingBean(MemoryExtractor.class)
  @ConditionalOnBean(MemoryOpening.class)
  @Conditional(OnChatModel.class)
  static class ExtractorConfiguration {

    @Bean(destroyMethod = "close")
    @ConditionalOnMissingBean
    Database memlaneDatabase(MemoryOpening opening, ObjectProvider<MoreConnections> connections) {
      return opening.openMore(connections.getIfAvailable());
    }

    @Bean
    @ConditionalOnMissingBean
    TokenBudget tokenBudget(Database database, MemlaneProperties properties) {
      Chat chat = properties.chat();
      TokenBudget budget = TokenBudget.in(database);
      Long aDay = chat.tokensADay();
      if (aDay != null) {
        budget = MemoryOpening.checked("chat.tokens-a-day", aDay, budget::withTokensADay);
      }
      Long aCall = chat.tokensACall();
      return aCall == null ? budget : MemoryOpening.checked("chat.tokens-a-call", aCall, budget::withTokensACall);
    }

    @Bean(name = CHAT_MODEL, destroyMethod = "close")
    @ConditionalOnMissingBean(ChatModel.class)
    ChatModel memlaneChatModel(MemlaneProperties properties, Environment environment,
        ObjectProvider<ChatModelSource> sources) {
      return new ChatModelSelection(properties.chat(), environment, sources.orderedStream().toList()).make();
    }

    /** @param memory closes after it, as do the others */
    @Bean(destroyMethod = "close")
    MemoryExtractor memoryExtractor(MemoryOrchestrator memory, Database database, TokenBudget budget,
        ObjectProvider<ChatModelPool> pools, ObjectProvider<ChatModel> models, MemlaneProperties properties,
        BeanFactory beans) {
      Chat chat = properties.chat();
      ChatModel model = model(pools, models);
      if (!beans.containsBean(CHAT_MODEL) && ChatModelSelection.isNamed(chat)) {
        throw new MemoryOpeningException("memlane.chat and a ChatModel bean of Memlane's both say which chat model to "
            + "use; remove one of them", null);
      }
      return MemoryOpening.explained("memlane.chat", () -> MemoryExtractor.builder(memory, database, model)
          .concurrency(chat.concurrency()).redaction(redaction(chat)).budget(budget)
          .mode(RememberMode.valueOf(chat.mode().name())).instructions(chat.instructions())
          .categories(chat.categories().entrySet().stream()
              .map(category -> new FactCategory(category.getKey(), category.getValue())).toList())
          .conversationsPerCall(chat.conversationsPerCall()).packAcrossScopes(chat.packAcrossScopes()).build());
    }

    @Bean(destroyMethod = "close")
    @ConditionalOnMissingBean
    ProfileKeeper profileKeeper(MemoryOrchestrator memory, TokenBudget budget, ObjectProvider<ChatModelPool> pools,
        ObjectProvider<ChatModel> models, MemlaneProperties properties) {
      ChatModel model = model(pools, models);
      return MemoryOpening.explained("memlane.chat", () -> ProfileKeeper.builder(memory, model)
          .redaction(redaction(properties.chat())).budget(budget).build());
    }

    private static UnaryOperator<String> redaction(Chat chat) {
      return chat.redact() ? new Redaction() : UnaryOperator.identity();
    }

    /** Other models may be the parts of a pool. */
    private static ChatModel model(ObjectProvider<ChatModelPool> pools, ObjectProvider<ChatModel> models) {
      String remedy = "that remembers conversations with @Primary";
      ChatModel pool = SingleBean.find(pools, "ChatModelPool beans", remedy);
      ChatModel model = pool == null ? SingleBean.find(models, "ChatModel beans of Memlane's", remedy) : pool;
      if (model == null) {
        throw new MemoryOpeningException("There is no chat model that could remember conversations. Set "
            + "memlane.chat.model, or define a ChatModel bean", null);
      }
      return model;
    }
  }

  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(Memlane.class)
  static class EmbeddedConfiguration {

    @Bean
    @ConditionalOnSingleCandidate(Memlane.class)
    MoreConnections memlaneMoreConnections(Memlane memlane) {
      return memlane::database;
    }
  }

  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass({org.springframework.ai.chat.model.ChatModel.class, SpringAiChatModel.class,
      org.springframework.ai.chat.client.ChatClient.class})
  static class SpringAiConfiguration {

    @Bean
    ChatModelSource springAiChatModelSource(ObjectProvider<org.springframework.ai.chat.model.ChatModel> models,
        MemlaneProperties properties) {
      return new SpringAiChatModelSource(models, properties.chat());
    }
  }

  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass({dev.langchain4j.model.chat.ChatModel.class, LangChain4jChatModel.class})
  static class LangChain4jConfiguration {

    @Bean
    ChatModelSource langChain4jChatModelSource(ObjectProvider<dev.langchain4j.model.chat.ChatModel> models,
        MemlaneProperties properties) {
      return new LangChain4jChatModelSource(models, properties.chat());
    }
  }

  /** There is a chat model, or the properties mean to name one. */
  static final class OnChatModel extends AnyNestedCondition {

    OnChatModel() {
      super(ConfigurationPhase.REGISTER_BEAN);
    }

    @ConditionalOnBean(ChatModel.class)
    static class OwnModel {}

    @ConditionalOnProperty("memlane.chat.model")
    static class NamedModel {}

    @ConditionalOnProperty("memlane.chat.url")
    static class NamedUrl {}

    @ConditionalOnProperty("memlane.chat.endpoints[0].url")
    static class NamedEndpoint {}

    @ConditionalOnProperty("memlane.chat.endpoints[0].key-from")
    static class NamedKey {}

    @ConditionalOnClass({SpringAiChatModel.class, org.springframework.ai.chat.client.ChatClient.class})
    @ConditionalOnBean(org.springframework.ai.chat.model.ChatModel.class)
    static class SpringAiModel {}

    @ConditionalOnClass(LangChain4jChatModel.class)
    @ConditionalOnBean(dev.langchain4j.model.chat.ChatModel.class)
    static class LangChain4jModel {}
  }
}
