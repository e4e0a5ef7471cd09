package dev.memlane.spring.boot.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.output.Response;
import dev.memlane.embedding.Embedder;
import dev.memlane.embedding.EmbedderPool;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.IndexSummary;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.testing.EmbeddingProvider;
import dev.memlane.testing.TestServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** What makes vectors, of everything that an application may have. */
@Tag("programs")
class EmbedderSelectionTest {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);

  @TempDir
  @SuppressWarnings("NullAway.Init") // set by JUnit
  private Path directory;

  private ApplicationContextRunner context() {
    return MemlaneContext.in(directory).withPropertyValues("memlane.db.url=" + TestServer.freshDatabase(TABLES));
  }

  private static IndexSummary model(AssertableApplicationContext context) {
    return Objects.requireNonNull(context.getBean(MemoryOrchestrator.class).status().join().index());
  }

  private static String problem(AssertableApplicationContext context) {
    Throwable failure = Objects.requireNonNull(context.getStartupFailure());
    while (failure.getCause() != null && !(failure instanceof MemoryOpeningException)) {
      failure = failure.getCause();
    }
    return failure.getClass().getSimpleName() + ": " + failure.getMessage();
  }

  @Test
  void embedderBean_isUsed() {
    context().withBean(Embedder.class, () -> new HashEmbedder(16))
        .run(context -> assertThat(model(context).dimension()).isEqualTo(16));
  }

  @Test
  void poolBean_isUsed_thoughItsPartsAreBeansToo() {
    context().withBean("part", Embedder.class, () -> new HashEmbedder(16)).withBean(EmbedderPool.class,
        () -> EmbedderPool.builder().endpoint("one", new HashEmbedder(24)).build())
        .run(context -> assertThat(model(context).dimension()).isEqualTo(24));
  }

  @Test
  void name_goesBeforeBeans() {
    context().withPropertyValues("memlane.embedder=hash").withBean(Embedder.class, () -> new HashEmbedder(16))
        .run(context -> assertThat(model(context).dimension()).isNotEqualTo(16));
  }

  @Test
  void endpoints_areAPoolWithKeysFromTheEnvironment() {
    try (EmbeddingProvider provider = EmbeddingProvider.start(8)) {
      EmbeddingProvider.Key key = provider.key("sk-1");
      context().withPropertyValues("memlane.embedding.model=test", "memlane.embedding.dimension=8",
          "memlane.embedding.endpoints[0].name=east", "memlane.embedding.endpoints[0].url=" + provider.url(),
          "memlane.embedding.endpoints[0].key-from=KEY_EAST", "memlane.embedding.endpoints[0].timeout=5",
          "KEY_EAST=sk-1").run(context -> {
            MemoryOrchestrator memory = context.getBean(MemoryOrchestrator.class);
            memory.addMemory(NewMemory.of("Ada plays the oboe", Scope.user("ada"))).join();
            assertThat(model(context).model()).isEqualTo("test");
            assertThat(memory.embeddingStatistics().endpoints()).singleElement()
                .satisfies(endpoint -> assertThat(endpoint.name()).isEqualTo("east"));
          });
      assertThat(key.texts()).isOne();
    }
  }

  @Test
  void endpoint_withoutItsKey_isRefused() {
    context().withPropertyValues("memlane.embedding.model=test", "memlane.embedding.dimension=8",
        "memlane.embedding.endpoints[0].url=https://example.com/v1",
        "memlane.embedding.endpoints[0].key-from=sk-secret")
        .run(context -> assertThat(problem(context)).startsWith("MemoryOpeningException: memlane.embedding: key-from")
            .doesNotContain("sk-secret"));
  }

  @Test
  void endpointsAndBean_areRefused() {
    context().withPropertyValues("memlane.embedding.endpoints[0].url=https://example.com/v1")
        .withBean(Embedder.class, HashEmbedder::new).run(context -> assertThat(problem(context))
            .contains("several candidates", "an Embedder bean, memlane.embedding.endpoints"));
  }

  @Test
  void endpointsAndName_areRefused() {
    context().withPropertyValues("memlane.embedding.endpoints[0].url=https://example.com/v1", "memlane.embedder=local")
        .run(context -> assertThat(problem(context)).contains("memlane.embedder and memlane.embedding.endpoints"));
  }

  @Test
  void embedders_withoutAPrimary_areRefused() {
    context().withBean("one", Embedder.class, HashEmbedder::new).withBean("two", Embedder.class, HashEmbedder::new)
        .run(context -> assertThat(problem(context)).contains("several Embedder beans: one, two"));
  }

  @Test
  void pools_withoutAPrimary_areRefused() {
    context().withBean("one", EmbedderPool.class, () -> EmbedderPool.of(new HashEmbedder(), 1, Duration.ofSeconds(1)))
        .withBean("two", EmbedderPool.class, () -> EmbedderPool.of(new HashEmbedder(), 1, Duration.ofSeconds(1)))
        .run(context -> assertThat(problem(context)).contains("several EmbedderPool beans: one, two"));
  }

  /** The threads of HTTP clients that are open. */
  private static Set<Thread> clients() {
    return Thread.getAllStackTraces().keySet().stream().filter(thread -> thread.getName().startsWith("HttpClient-"))
        .collect(Collectors.toSet());
  }

  @Test
  void clientsOfEndpoints_areClosedIfTheMemoryCantBeOpened() {
    Set<Thread> before = clients();
    List<Thread> opened = new ArrayList<>();
    context().withPropertyValues("memlane.embedding.model=test", "memlane.embedding.dimension=8",
        "memlane.embedding.endpoints[0].url=https://example.com/v1")
        .withBean(OrchestratorBuilderCustomizer.class, () -> builder -> {
          opened.addAll(clients());
          opened.removeAll(before);
          throw new IllegalStateException("the customizer failed");
        }).run(context -> assertThat(context).getFailure().hasStackTraceContaining("the customizer failed"));

    assertThat(opened).isNotEmpty();
    await().until(() -> opened.stream().noneMatch(Thread::isAlive));
  }

  @Test
  void clientsOfEndpoints_areClosedIfALaterOneIsInvalid() {
    Set<Thread> before = clients();
    context().withPropertyValues("memlane.embedding.model=test", "memlane.embedding.dimension=8",
        "memlane.embedding.endpoints[0].url=https://example.com/v1",
        "memlane.embedding.endpoints[1].url=https://example.com/v1",
        "memlane.embedding.endpoints[1].key-from=KEY_WEST")
        .run(context -> assertThat(problem(context)).contains("key-from"));

    await().until(() -> before.containsAll(clients()));
  }

  @Test
  void langChain4jModel_isUsedWithItsOwnNameAndDimension() {
    context().withBean(EmbeddingModel.class, () -> new FixedModel("fixed", 12)).run(context -> {
      assertThat(model(context).model()).isEqualTo("fixed");
      assertThat(model(context).dimension()).isEqualTo(12);
    });
  }

  @Test
  void langChain4jModel_isUsedWithNameOfTheProperties() {
    context().withPropertyValues("memlane.embedding.model=mine", "memlane.embedding.dimension=12")
        .withBean(EmbeddingModel.class, () -> new FixedModel("unknown", 12))
        .run(context -> assertThat(model(context).model()).isEqualTo("mine"));
  }

  @Test
  void langChain4jModel_withoutAName_isRefused() {
    context().withBean(EmbeddingModel.class, () -> new FixedModel("unknown", 12))
        .run(context -> assertThat(problem(context)).contains("memlane.embedding.model"));
  }

  @Test
  void langChain4jModels_withoutAPrimary_areRefused() {
    context().withBean("one", EmbeddingModel.class, () -> new FixedModel("one", 12))
        .withBean("two", EmbeddingModel.class, () -> new FixedModel("two", 12))
        .run(context -> assertThat(problem(context)).contains("EmbeddingModel beans of LangChain4j: one, two",
            "@Primary", "memlane.embedder=local"));
  }

  @Test
  void langChain4jModel_isIgnoredForAnEmbedderBean() {
    context().withBean(EmbeddingModel.class, () -> new FixedModel("fixed", 12))
        .withBean(Embedder.class, () -> new HashEmbedder(16))
        .run(context -> assertThat(model(context).dimension()).isEqualTo(16));
  }

  @Test
  void langChain4jModel_withoutOurModule_isIgnored() {
    context().withBean(EmbeddingModel.class, () -> new FixedModel("fixed", 12))
        .withClassLoader(new FilteredClassLoader("dev.memlane.langchain4j"))
        .run(context -> assertThat(model(context).model()).contains("MiniLM"));
  }

  /** A model that embeds every text alike. */
  private record FixedModel(String modelName, int dimension) implements EmbeddingModel {

    @Override
    public Response<List<Embedding>> embedAll(List<TextSegment> segments) {
      float[] vector = new float[dimension];
      vector[0] = 1;
      return Response.from(segments.stream().map(segment -> Embedding.from(vector)).toList());
    }
  }
}
