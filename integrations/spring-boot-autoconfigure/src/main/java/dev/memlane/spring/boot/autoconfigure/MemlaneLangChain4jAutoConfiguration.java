package dev.memlane.spring.boot.autoconfigure;

import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.memlane.langchain4j.LangChain4jEmbedder;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;

/** The auto-configuration of what LangChain4j and the memory are for each other. */
@AutoConfiguration(before = MemlaneAutoConfiguration.class)
@ConditionalOnClass({EmbeddingModel.class, LangChain4jEmbedder.class})
@ConditionalOnProperty(name = "memlane.enabled", matchIfMissing = true)
@EnableConfigurationProperties(MemlaneProperties.class)
public final class MemlaneLangChain4jAutoConfiguration {

  @Bean
  EmbedderSource langChain4jEmbedderSource(ObjectProvider<EmbeddingModel> models, MemlaneProperties properties) {
    return new LangChain4jEmbedderSource(models, properties.embedding());
  }
}
