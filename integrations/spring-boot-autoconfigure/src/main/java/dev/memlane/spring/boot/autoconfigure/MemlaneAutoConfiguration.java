package dev.memlane.spring.boot.autoconfigure;

import dev.memlane.embedded.Memlane;
import dev.memlane.embedding.Embedder;
import dev.memlane.embedding.EmbedderPool;
import dev.memlane.embedding.local.LocalEmbedder;
import dev.memlane.embedding.local.LocalModel;
import dev.memlane.model.listen.MemoryListener;
import dev.memlane.model.store.SharedIndexOpener;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.OrchestratorBuilder;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/**
 * The auto-configuration of a memory: {@link Memlane} where {@code memlane-embedded} is on the class path, and the
 * {@link MemoryOrchestrator}, with what builds on it.
 *
 * <p>
 * <b>Life cycle.</b> The memory opens while the context starts, before the web server accepts requests. It is closed as a
 * bean, and so after all beans that use it and after everything with a life cycle, such as the web server: requests under
 * way finish their writes first. Memlane adds no shutdown hook of its own, because the JVM would run it at the same time.
 */
@AutoConfiguration
@ConditionalOnClass(MemoryOrchestrator.class)
@ConditionalOnProperty(name = "memlane.enabled", matchIfMissing = true)
@EnableConfigurationProperties(MemlaneProperties.class)
public final class MemlaneAutoConfiguration {

  @Bean
  MemoryOpening memlaneOpening(MemlaneProperties properties, ListableBeanFactory beans, Environment environment,
      ObjectProvider<EmbedderPool> pools, ObjectProvider<Embedder> embedders, ObjectProvider<EmbedderSource> sources,
      ObjectProvider<SharedIndexOpener> sharedIndexes, ObjectProvider<MemoryListener> listeners,
      ObjectProvider<OrchestratorBuilderCustomizer> customizers) {
    return new MemoryOpening(properties, beans,
        new EmbedderSelection(properties, environment, pools, embedders, sources.orderedStream().toList()),
        new SharedIndexSelection(properties.opensearch(), sharedIndexes), listeners.orderedStream().toList(),
        customizers.orderedStream().toList());
  }

  @Bean
  @ConditionalOnMissingBean
  @ConditionalOnSingleCandidate(MemoryOrchestrator.class)
  BlockingMemory blockingMemory(MemoryOrchestrator memory) {
    return memory.blocking();
  }

  /** A memory with an embedded server, or on a server of the application's. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(Memlane.class)
  static class EmbeddedConfiguration {

    @Bean(destroyMethod = "close")
    @ConditionalOnMissingBean({Memlane.class, MemoryOrchestrator.class})
    Memlane memlane(MemoryOpening opening) {
      Memlane.Builder builder = Memlane.builder(opening.directory()).rebuildIndex(opening.rebuildIndex())
          .sharedIndex(opening.sharedIndex()).shutdownHook(false).settings(opening::apply);
      String model = opening.model();
      if (model != null) {
        builder.model(LocalModel.valueOf(model));
      }
      opening.database(builder::postgres, builder::postgres);
      return opening.open(builder::open);
    }

    // Memlane closes it.
    @Bean(destroyMethod = "")
    @ConditionalOnMissingBean
    @ConditionalOnSingleCandidate(Memlane.class)
    MemoryOrchestrator memoryOrchestrator(Memlane memlane) {
      return memlane.memory();
    }
  }

  /** A memory on a server of the application's. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnMissingClass("dev.memlane.embedded.Memlane")
  static class OrchestratorConfiguration {

    @Bean(destroyMethod = "close")
    @ConditionalOnMissingBean
    MemoryOrchestrator memoryOrchestrator(MemoryOpening opening, ObjectProvider<LocalOpening> localOpening) {
      OrchestratorBuilder builder = MemoryOrchestrator.builder().rebuildIndex(opening.rebuildIndex());
      SharedIndexOpener shared = opening.sharedIndex();
      if (shared != null) {
        builder.sharedIndex(shared);
      } else {
        builder.indexDirectory(opening.directory().resolve("vectors"));
      }
      if (!opening.database(builder::postgres, builder::postgres)) {
        throw new MemoryOpeningException("There is no database. Set memlane.db.url or memlane.db.data-source; or add "
            + "memlane-embedded and memlane-postgres-binaries, which bring a server along", null);
      }
      return opening.open(() -> {
        opening.apply(builder);
        return builder.hasEmbedder() ? builder.open() : openWith(localOpening.getIfAvailable(), builder);
      });
    }

    private static MemoryOrchestrator openWith(@Nullable LocalOpening local, OrchestratorBuilder builder) {
      if (local == null) {
        throw new MemoryOpeningException(
            "There is nothing that makes vectors. Set memlane.embedding.endpoints, define an "
                + "Embedder bean, or add memlane-embedding-local, the sentence model inside the process",
            null);
      }
      return local.open(builder);
    }
  }

  /** Opens a memory with the sentence model. */
  @FunctionalInterface
  interface LocalOpening {

    MemoryOrchestrator open(OrchestratorBuilder builder);
  }

  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(LocalEmbedder.class)
  static class LocalModelConfiguration {

    @Bean
    LocalOpening memlaneLocalOpening(MemoryOpening opening) {
      return builder -> {
        String model = opening.model();
        LocalEmbedder local = model == null ? new LocalEmbedder() : new LocalEmbedder(LocalModel.valueOf(model));
        try {
          // If it can't be loaded, the embedder logs it, and the first text fails with the reason.
          CompletableFuture<Void> unused = local.warmUp();
          return builder.embedder(local).open();
        } catch (RuntimeException e) {
          local.close();
          throw e;
        }
      };
    }
  }
}
