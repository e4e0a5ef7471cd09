package dev.memlane.spring.boot.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.embedded.DirectoryInUseException;
import dev.memlane.embedded.Memlane;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.embedding.local.LocalEmbedder;
import dev.memlane.lanes.LaneExecutor;
import dev.memlane.lanes.ToolCall;
import dev.memlane.memory.tools.MemoryTools;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemoryId;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.VectorType;
import dev.memlane.model.WriteOutcome;
import dev.memlane.model.listen.MemoryListener;
import dev.memlane.model.listen.OperationEnd;
import dev.memlane.model.store.SharedIndexOpener;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.storage.opensearch.OpenSearchIndex;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.storage.vector.LuceneVectorIndex;
import dev.memlane.testing.TestServer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.ds.PGSimpleDataSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.context.properties.source.MutuallyExclusiveConfigurationPropertiesException;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.core.io.support.SpringFactoriesLoader;

/** Which beans there are under which conditions, and their life cycle. */
@Tag("programs")
class MemlaneAutoConfigurationTest {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);
  private static final Scope ADA = Scope.user("ada");

  @TempDir
  @SuppressWarnings("NullAway.Init") // set by JUnit
  private Path directory;

  private static String found(BlockingMemory memory, String query) {
    return memory.search(SearchRequest.builder(query).scope(ADA).limit(1).build()).getFirst().memory().content();
  }

  private static Throwable rootOf(@Nullable Throwable failure) {
    Throwable root = Objects.requireNonNull(failure, "the context started");
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root;
  }

  @Tag("slow")
  @Test
  void context_withoutProperties_hasEmbeddedMemoryThatFindsByMeaning() {
    MemlaneContext.in(directory).run(context -> {
      assertThat(context).hasSingleBean(Memlane.class).hasSingleBean(MemoryOrchestrator.class)
          .hasSingleBean(BlockingMemory.class).hasSingleBean(LaneExecutor.class)
          .hasSingleBean(MemoryToolsFactory.class);
      BlockingMemory memory = context.getBean(BlockingMemory.class);
      memory.addMemory(NewMemory.of("Ada is allergic to peanuts", ADA));
      memory.addMemory(NewMemory.of("Ada plays the oboe", ADA));

      assertThat(found(memory, "what makes her throat swell?")).isEqualTo("Ada is allergic to peanuts");
    });

    assertThat(directory.resolve("postgres")).isDirectory();
  }

  @Test
  void context_startedAgainInTheSameProcess_findsWhatWasStored() {
    MemlaneContext.withHashesIn(directory).run(
        context -> context.getBean(BlockingMemory.class).addMemory(NewMemory.of("Ada plays the oboe", ADA)));

    MemlaneContext.withHashesIn(directory).run(
        context -> assertThat(found(context.getBean(BlockingMemory.class), "oboe")).isEqualTo("Ada plays the oboe"));
  }

  @Test
  void context_withDirectoryInUse_failsInPlainWords() {
    MemlaneContext.withHashesIn(directory).run(first -> MemlaneContext.withHashesIn(directory).run(second -> {
      assertThat(second).hasFailed();
      Throwable failure = Objects.requireNonNull(second.getStartupFailure());
      assertThat(rootOf(failure)).isInstanceOf(DirectoryInUseException.class);
      FailureAnalyzer analyzer = SpringFactoriesLoader.forDefaultResourceLocation().load(FailureAnalyzer.class,
          SpringFactoriesLoader.ArgumentResolver.none(), (type, name, reason) -> {}).stream()
          .filter(MemlaneFailureAnalyzer.class::isInstance).findFirst().orElseThrow();
      FailureAnalysis analysis = Objects.requireNonNull(analyzer.analyze(failure));
      assertThat(analysis.getDescription()).startsWith("Memlane can't be opened. The data directory ")
          .contains("is already open in this process. Use the one that is open, or close it first");
    }));
  }

  @Test
  void context_disabled_hasNoMemory() {
    MemlaneContext.withHashesIn(directory).withPropertyValues("memlane.enabled=false").run(
        context -> assertThat(context).hasNotFailed().doesNotHaveBean(MemoryOrchestrator.class)
            .doesNotHaveBean(LaneExecutor.class).doesNotHaveBean(BlockingMemory.class));
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void context_disabledWithAnOwnMemory_addsNothingToIt() {
    MemlaneContext.withHashesIn(directory.resolve("unused")).withUserConfiguration(OwnOrchestrator.class)
        .withPropertyValues("memlane.enabled=false", "own.url=" + TestServer.freshDatabase(TABLES),
            "own.directory=" + directory)
        .run(context -> assertThat(context).hasNotFailed().hasSingleBean(MemoryOrchestrator.class)
            .doesNotHaveBean(BlockingMemory.class).doesNotHaveBean(LaneExecutor.class)
            .doesNotHaveBean(MemoryToolsFactory.class).doesNotHaveBean("memlaneInfoContributor")
            .doesNotHaveBean("memlaneHealthContributor"));
  }

  @Test
  void context_withoutTheMainAutoConfiguration_startsBesideLangChain4j() {
    new ApplicationContextRunner()
        .withConfiguration(AutoConfigurations.of(MemlaneLangChain4jAutoConfiguration.class))
        .run(context -> assertThat(context).hasNotFailed());
  }

  @Test
  void context_withUrl_usesThatServer() {
    MemlaneContext.withHashesIn(directory).withPropertyValues("memlane.db.url=" + TestServer.freshDatabase(TABLES))
        .run(context -> {
          BlockingMemory memory = context.getBean(BlockingMemory.class);
          memory.addMemory(NewMemory.of("Ada plays the oboe", ADA));
          assertThat(found(memory, "oboe")).isEqualTo("Ada plays the oboe");
        });

    assertThat(directory.resolve("postgres")).doesNotExist();
    assertThat(directory.resolve("vectors")).isDirectory();
  }

  @Test
  void context_withATypeOfVectors_buildsTheIndexWithIt() {
    MemlaneContext.withHashesIn(directory).withPropertyValues("memlane.db.url=" + TestServer.freshDatabase(TABLES),
        "memlane.index.vectors=byte").run(context -> assertThat(context).hasNotFailed());

    assertThat(LuceneVectorIndex.vectors(directory.resolve("vectors"))).contains(VectorType.BYTE);
  }

  @Test
  void context_withOpenSearch_opensTheIndexThere_asThePropertiesSay() {
    MemlaneContext.withHashesIn(directory)
        .withPropertyValues("memlane.db.url=" + TestServer.freshDatabase(TABLES),
            "memlane.opensearch.urls=http://127.0.0.1:1,http://127.0.0.1:2", "memlane.opensearch.index=hers",
            "memlane.opensearch.key=a-secret-key", "memlane.opensearch.vectors=byte", "memlane.opensearch.routing=user",
            "memlane.opensearch.refresh=3s", "memlane.opensearch.shards=2", "memlane.opensearch.replicas=0")
        .run(context -> assertThat(context).getFailure().hasStackTraceContaining("\"hers\" on OpenSearch")
            .satisfies(failure -> assertThat(String.valueOf(failure)).doesNotContain("a-secret-key")));

    assertThat(directory.resolve("vectors")).doesNotExist();
  }

  @Test
  void context_withOpenSearchInvalid_namesTheProperties() {
    MemlaneContext.withHashesIn(directory)
        .withPropertyValues("memlane.opensearch.urls=https://localhost:9200", "memlane.opensearch.user=ada",
            "memlane.opensearch.key=a-secret-key")
        .run(context -> assertThat(rootOf(context.getStartupFailure()).getMessage())
            .isEqualTo("user and key both say who asks the cluster; leave one of them out"));
  }

  @Test
  void context_withOpenSearchAndWithoutItsModule_saysWhatToAdd() {
    MemlaneContext.withHashesIn(directory).withClassLoader(new FilteredClassLoader(OpenSearchIndex.class))
        .withPropertyValues("memlane.opensearch.urls=https://localhost:9200")
        .run(context -> assertThat(rootOf(context.getStartupFailure()).getMessage())
            .contains("Add memlane-storage-opensearch"));
  }

  @Test
  void context_withSharedIndexBean_opensItInsteadOfADirectory() {
    MemlaneContext.withHashesIn(directory).withBean(SharedIndexOpener.class, () -> (contents, anew) -> {
      throw new InvalidInputException("asked for " + contents.dimension() + " numbers, anew: " + anew);
    }).withPropertyValues("memlane.db.url=" + TestServer.freshDatabase(TABLES), "memlane.rebuild-index=true")
        .run(context -> assertThat(rootOf(context.getStartupFailure()).getMessage())
            .startsWith("asked for ").endsWith(" numbers, anew: true"));
  }

  @Test
  void context_withUrlAndDataSource_isRefused() {
    MemlaneContext.withHashesIn(directory)
        .withPropertyValues("memlane.db.url=jdbc:postgresql://localhost/a", "memlane.db.data-source=dataSource")
        .run(context -> assertThat(rootOf(context.getStartupFailure()))
            .isInstanceOf(MutuallyExclusiveConfigurationPropertiesException.class)
            .hasMessageContainingAll("memlane.db.url", "memlane.db.data-source"));
  }

  @Test
  void context_withMalformedUrl_isRefusedWithoutRepeatingIt() {
    MemlaneContext.withHashesIn(directory).withPropertyValues("memlane.db.url=mysql://ada:secret@localhost/a")
        .run(context -> assertThat(context).getFailure().hasStackTraceContaining("memlane.db.url: ")
            .satisfies(failure -> assertThat(String.valueOf(rootOf(failure).getMessage())).doesNotContain("secret")));
  }

  @Test
  void context_withDataSource_closesTheMemoryBeforeIt() {
    List<String> events = new ArrayList<>();
    MemlaneContext.withHashesIn(directory)
        .withBean("dataSource", ClosingDataSource.class,
            () -> new ClosingDataSource(TestServer.freshDatabase(TABLES), events))
        .withPropertyValues("memlane.db.data-source=dataSource").run(context -> {
          BlockingMemory memory = context.getBean(BlockingMemory.class);
          memory.addMemory(NewMemory.of("Ada plays the oboe", ADA));
          assertThat(found(memory, "oboe")).isEqualTo("Ada plays the oboe");
          context.getBean(ClosingDataSource.class).memory = memory;
        });

    assertThat(directory.resolve("postgres")).doesNotExist();
    assertThat(events).containsExactly("closed after the memory");
  }

  @Test
  void context_withUnknownDataSource_isToldWhichThereAre() {
    MemlaneContext.withHashesIn(directory)
        .withBean("orders", ClosingDataSource.class, () -> new ClosingDataSource("jdbc:postgresql://localhost/a",
            new ArrayList<>()))
        .withPropertyValues("memlane.db.data-source=dataSource")
        .run(context -> assertThat(rootOf(context.getStartupFailure()))
            .isInstanceOf(InvalidConfigurationPropertyValueException.class)
            .hasMessageContainingAll("memlane.db.data-source", "there are: orders"));
  }

  @Test
  void context_withInvalidValue_namesTheProperty() {
    MemlaneContext.withHashesIn(directory).withPropertyValues("memlane.db.pool-size=2")
        .run(context -> assertThat(rootOf(context.getStartupFailure()))
            .isInstanceOf(InvalidConfigurationPropertyValueException.class)
            .hasMessageContainingAll("memlane.db.pool-size", "it must be at least 4"));
  }

  @Test
  void memory_ofTheApplication_replacesOurs() {
    MemlaneContext.withHashesIn(directory).withUserConfiguration(OwnOrchestrator.class)
        .withPropertyValues("own.url=" + TestServer.freshDatabase(TABLES), "own.directory=" + directory.resolve("own"))
        .run(context -> {
          assertThat(context).hasSingleBean(MemoryOrchestrator.class).doesNotHaveBean(Memlane.class)
              .hasBean("own").hasSingleBean(BlockingMemory.class).hasSingleBean(LaneExecutor.class);
          assertThat(directory.resolve("postgres")).doesNotExist();
        });
  }

  @Test
  void memlane_ofTheApplication_isTheOneThatIsUsed() {
    MemlaneContext.in(directory.resolve("unused")).withUserConfiguration(OwnMemlane.class)
        .withPropertyValues("own.url=" + TestServer.freshDatabase(TABLES), "own.directory=" + directory.resolve("own"))
        .run(context -> {
          assertThat(context).hasSingleBean(Memlane.class);
          assertThat(context.getBean(MemoryOrchestrator.class)).isSameAs(context.getBean(Memlane.class).memory());
        });
    assertThat(directory.resolve("unused")).doesNotExist();
  }

  @Test
  void context_withoutEmbedded_opensOnUrlAndClosesTheMemory() {
    List<MemoryOrchestrator> opened = new ArrayList<>();
    MemlaneContext.withHashesIn(directory).withClassLoader(new FilteredClassLoader(Memlane.class))
        .withPropertyValues("memlane.db.url=" + TestServer.freshDatabase(TABLES)).run(context -> {
          assertThat(context).hasSingleBean(MemoryOrchestrator.class).hasSingleBean(MemoryToolsFactory.class);
          opened.add(context.getBean(MemoryOrchestrator.class));
        });

    assertThatThrownBy(() -> opened.getFirst().blocking().count(null, null)).isInstanceOf(StoreException.class)
        .hasMessageContaining("closed");
  }

  @Test
  void context_withoutEmbeddedAndDatabase_saysWhatToSet() {
    MemlaneContext.withHashesIn(directory).withClassLoader(new FilteredClassLoader(Memlane.class))
        .run(context -> assertThat(rootOf(context.getStartupFailure())).isInstanceOf(MemoryOpeningException.class)
            .hasMessageContainingAll("memlane.db.url", "memlane.db.data-source", "memlane-embedded"));
  }

  @Test
  void context_withoutAnyModel_saysWhatToSet() {
    MemlaneContext.in(directory).withClassLoader(new FilteredClassLoader(Memlane.class, LocalEmbedder.class))
        .withPropertyValues("memlane.db.url=" + TestServer.freshDatabase(TABLES))
        .run(context -> assertThat(rootOf(context.getStartupFailure())).isInstanceOf(MemoryOpeningException.class)
            .hasMessageContainingAll("memlane.embedding.endpoints", "Embedder bean", "memlane-embedding-local"));
  }

  @Test
  void context_withoutEmbeddedButTheModel_usesIt() {
    MemlaneContext.in(directory).withClassLoader(new FilteredClassLoader(Memlane.class))
        .withPropertyValues("memlane.db.url=" + TestServer.freshDatabase(TABLES)).run(context -> assertThat(
            context.getBean(MemoryOrchestrator.class).embeddingStatistics().endpoints().getFirst().name())
            .contains("MiniLM"));
  }

  @Test
  void model_thatIsNotThere_saysWhatToAdd() {
    MemlaneContext.in(directory)
        .withPropertyValues("memlane.db.url=" + TestServer.freshDatabase(TABLES), "memlane.model=e5-small-v2")
        .run(context -> assertThat(rootOf(context.getStartupFailure())).hasMessageContaining("memlane-embedding-e5"));
    MemlaneContext.in(directory).withClassLoader(new FilteredClassLoader(Memlane.class))
        .withPropertyValues("memlane.db.url=" + TestServer.freshDatabase(TABLES), "memlane.model=e5-small-v2")
        .run(context -> assertThat(rootOf(context.getStartupFailure())).hasMessageContaining("memlane-embedding-e5"));
    MemlaneContext.in(directory)
        .withPropertyValues("memlane.db.url=" + TestServer.freshDatabase(TABLES), "memlane.model=all-minilm-l6-v2")
        .run(context -> assertThat(context.getBean(MemoryOrchestrator.class).embeddingModel()).contains("MiniLM"));
  }

  @Test
  void customizer_isCalledAfterTheProperties() {
    MemlaneContext.withHashesIn(directory).withPropertyValues("memlane.db.url=" + TestServer.freshDatabase(TABLES))
        .withBean(OrchestratorBuilderCustomizer.class, () -> builder -> builder.deduplicate(scope -> true))
        .run(context -> {
          MemoryOrchestrator memory = context.getBean(MemoryOrchestrator.class);
          memory.add(NewMemory.of("Ada plays the oboe", ADA)).join();
          assertThat(memory.add(NewMemory.of("Ada plays the oboe", ADA)).join())
              .isInstanceOf(WriteOutcome.DuplicateOf.class);
        });
  }

  @Test
  void listenerBean_hearsOfWrites() {
    List<String> heard = new CopyOnWriteArrayList<>();
    MemlaneContext.withHashesIn(directory).withPropertyValues("memlane.db.url=" + TestServer.freshDatabase(TABLES))
        .withBean(MemoryListener.class, () -> new MemoryListener() {
          @Override
          public void operationEnded(OperationEnd end, @Nullable Object context) {
            heard.add(end.type() + " " + end.outcome());
          }
        }).run(context -> {
          context.getBean(BlockingMemory.class).addMemory(NewMemory.of("Ada plays the oboe", ADA));
          assertThat(heard).containsExactly("ADD stored");
        });
  }

  @Test
  void lanes_ofTheApplication_replaceOurs() {
    MemlaneContext.withHashesIn(directory).withPropertyValues("memlane.db.url=" + TestServer.freshDatabase(TABLES))
        .withBean("own", LaneExecutor.class, () -> LaneExecutor.builder().build())
        .run(context -> assertThat(context).hasSingleBean(LaneExecutor.class).hasBean("own")
            .hasSingleBean(MemoryToolsFactory.class));
  }

  @Test
  void tools_withoutTheirModule_areLeftOut() {
    MemlaneContext.withHashesIn(directory).withPropertyValues("memlane.db.url=" + TestServer.freshDatabase(TABLES))
        .withClassLoader(new FilteredClassLoader(MemoryTools.class))
        .run(context -> assertThat(context).hasSingleBean(MemoryOrchestrator.class)
            .doesNotHaveBean(LaneExecutor.class).doesNotHaveBean("memoryToolsFactory"));
  }

  @Test
  void tools_ofAScope_storeInIt() {
    MemlaneContext.withHashesIn(directory).withPropertyValues("memlane.db.url=" + TestServer.freshDatabase(TABLES))
        .run(context -> {
          MemoryToolsFactory factory = context.getBean(MemoryToolsFactory.class);
          var results = factory.executor(ADA).run(List.of(
              new ToolCall<>("1", "memory_add", "{\"content\":\"Ada plays the oboe\"}")));
          assertThat(MemoryTools.text(results.getFirst())).doesNotStartWith("Error");
          assertThat(context.getBean(BlockingMemory.class).count(ADA, null)).isOne();
        });
  }

  @Configuration(proxyBeanMethods = false)
  static class OwnOrchestrator {

    @Bean
    MemoryOrchestrator own(Environment environment) {
      return MemoryOrchestrator.builder().postgres(environment.getRequiredProperty("own.url"), null, null)
          .indexDirectory(Path.of(environment.getRequiredProperty("own.directory"))).embedder(new HashEmbedder())
          .open();
    }
  }

  @Configuration(proxyBeanMethods = false)
  static class OwnMemlane {

    @Bean
    Memlane own(Environment environment) {
      return Memlane.builder(Path.of(environment.getRequiredProperty("own.directory")))
          .postgres(environment.getRequiredProperty("own.url"), null, null).embedder(new HashEmbedder())
          .shutdownHook(false).open();
    }
  }

  /** A data source that notes whether the memory was closed when it is. */
  static final class ClosingDataSource extends PGSimpleDataSource implements AutoCloseable {

    private static final long serialVersionUID = 1;

    private final transient List<String> events;
    private transient @Nullable BlockingMemory memory;

    ClosingDataSource(String url, List<String> events) {
      setUrl(url);
      this.events = events;
    }

    @Override
    public void close() {
      if (memory == null) {
        return;
      }
      try {
        memory.get(MemoryId.derive(ADA, "any"));
        events.add("closed before the memory");
      } catch (StoreException e) {
        events.add("closed after the memory");
      }
    }
  }
}
