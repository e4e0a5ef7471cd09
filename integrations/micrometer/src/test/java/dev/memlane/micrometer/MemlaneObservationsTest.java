package dev.memlane.micrometer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.embedding.Embedder;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.testing.TestServer;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.tracing.handler.DefaultTracingObservationHandler;
import io.micrometer.tracing.otel.bridge.OtelCurrentTraceContext;
import io.micrometer.tracing.otel.bridge.OtelTracer;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.LinkData;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.data.StatusData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The spans of a real memory, by way of Micrometer Tracing and OpenTelemetry's SDK. */
@Tag("programs")
class MemlaneObservationsTest {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);
  private static final Scope ADA = Scope.user("ada");
  private static final AttributeKey<String> OPERATION = AttributeKey.stringKey("gen_ai.operation.name");
  private static final AttributeKey<String> OUTCOME = AttributeKey.stringKey("memlane.outcome");
  private static final AttributeKey<String> QUERY = AttributeKey.stringKey("gen_ai.memory.query.text");
  private static final AttributeKey<String> RECORDS = AttributeKey.stringKey("gen_ai.memory.records");

  private final InMemorySpanExporter exporter = InMemorySpanExporter.create();
  private final SdkTracerProvider provider = SdkTracerProvider.builder()
      .addSpanProcessor(SimpleSpanProcessor.create(exporter)).build();
  private final Tracer otel = provider.get("test");
  private final OtelTracer tracer = new OtelTracer(otel, new OtelCurrentTraceContext(), event -> {});
  private final ObservationRegistry registry = ObservationRegistry.create();
  private final HangingEmbedder embedder = new HangingEmbedder();
  private @TempDir Path directory;
  private MemoryOrchestrator memory;

  /** Embeds by hash. Hangs on the text "first" until it is released, and makes a span of its own for each request. */
  private final class HangingEmbedder implements Embedder {
    private final HashEmbedder hash = new HashEmbedder();
    final CompletableFuture<Void> release = new CompletableFuture<>();

    @Override
    public CompletableFuture<List<float[]>> embed(List<String> texts) {
      otel.spanBuilder("provider").startSpan().end();
      return texts.stream().anyMatch(text -> text.contains("first"))
          ? release.thenCompose(done -> hash.embed(texts))
          : hash.embed(texts);
    }

    @Override
    public String model() {
      return hash.model();
    }

    @Override
    public int dimension() {
      return hash.dimension();
    }

    @Override
    public Limits limits() {
      return hash.limits();
    }
  }

  @BeforeEach
  void open() {
    registry.observationConfig().observationHandler(new ObservationHandler.FirstMatchingCompositeObservationHandler(
        new MemlaneTracingHandler(tracer), new DefaultTracingObservationHandler(tracer)));
    memory = open(new MemlaneObservations(registry));
  }

  private MemoryOrchestrator open(MemlaneObservations observations) {
    return MemoryOrchestrator.builder().postgres(TestServer.freshDatabase(TABLES), null, null)
        .indexDirectory(directory.resolve("index" + System.nanoTime())).embedder(embedder).embeddingConcurrency(1)
        .listener(observations).open();
  }

  @AfterEach
  void close() {
    memory.close();
    provider.close();
  }

  private List<SpanData> named(String name) {
    return exporter.getFinishedSpanItems().stream().filter(span -> span.getName().equals(name)).toList();
  }

  private SpanData only(String name) {
    assertThat(named(name)).as(name).hasSize(1);
    return named(name).getFirst();
  }

  private List<String> childrenOf(SpanData parent) {
    return exporter.getFinishedSpanItems().stream()
        .filter(span -> span.getParentSpanId().equals(parent.getSpanId())).map(SpanData::getName).sorted().toList();
  }

  @Test
  void add_isOneSpan_withItsStepsBelow_inTheCallersTrace() {
    Observation caller = Observation.start("caller", registry);
    Memory stored;
    try (Observation.Scope scope = caller.openScope()) {
      assertThat(scope.isNoop()).isFalse();
      stored = memory.addMemory(NewMemory.of("Ada plays the oboe", ADA)).join();
    }
    caller.stop();

    SpanData add = only("create_memory");
    assertThat(add.getParentSpanId()).isEqualTo(only("caller").getSpanId());
    assertThat(add.getAttributes().get(OPERATION)).isEqualTo("create_memory");
    assertThat(add.getAttributes().get(OUTCOME)).isEqualTo("stored");
    assertThat(add.getAttributes().get(AttributeKey.stringKey("gen_ai.memory.record.id")))
        .isEqualTo(stored.id().toString());
    assertThat(add.getAttributes().get(AttributeKey.longKey("gen_ai.memory.record.count"))).isEqualTo(1);
    assertThat(childrenOf(add)).containsExactly("database write", "embedding", "index write");
    assertThat(childrenOf(only("embedding"))).containsExactly("embeddings " + embedder.model());
    assertThat(childrenOf(only("embeddings " + embedder.model()))).containsExactly("provider");
    assertThat(childrenOf(only("database write"))).containsExactly("commit queue", "transaction");
    assertThat(exporter.getFinishedSpanItems()).extracting(SpanData::getTraceId).containsOnly(add.getTraceId());
  }

  @Test
  void fiftyCallers_eachHaveTheirOwnTrace_andSharedBatchesAreLinkedToAllOfThem() throws Exception {
    List<CompletableFuture<?>> adds = new ArrayList<>();
    adds.add(memory.add(NewMemory.of("the first", ADA)));
    List<Thread> callers = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      NewMemory request = NewMemory.of("memory " + i, ADA);
      callers.add(Thread.ofPlatform().start(() -> Observation.createNotStarted("caller", registry)
          .observe(() -> {
            CompletableFuture<?> add = memory.add(request);
            synchronized (adds) {
              adds.add(add);
            }
          })));
    }
    for (Thread caller : callers) {
      caller.join();
    }
    embedder.release.complete(null);
    adds.forEach(CompletableFuture::join);

    Map<String, SpanData> byId = exporter.getFinishedSpanItems().stream()
        .collect(Collectors.toMap(SpanData::getSpanId, Function.identity()));
    assertThat(named("create_memory")).hasSize(51);
    assertThat(named("create_memory").stream().filter(add -> byId.containsKey(add.getParentSpanId())))
        .as("each in its caller's trace").hasSize(50)
        .allSatisfy(
            add -> assertThat(byId.get(add.getParentSpanId())).extracting(SpanData::getName).isEqualTo("caller"));
    for (String step : List.of("embedding", "index write", "database write")) {
      assertThat(named(step)).as(step).extracting(SpanData::getParentSpanId).doesNotHaveDuplicates()
          .containsExactlyInAnyOrderElementsOf(named("create_memory").stream().map(SpanData::getSpanId).toList());
    }
    assertServeAll(named("embeddings " + embedder.model()), named("embedding"));
    assertServeAll(named("transaction"), named("database write"));
    assertThat(named("embeddings " + embedder.model())).anyMatch(request -> request.getLinks().size() > 1);
  }

  /** Each of the shared spans is the child of the one that it serves, or is linked to all that it serves. */
  private static void assertServeAll(List<SpanData> shared, List<SpanData> served) {
    List<String> found = new ArrayList<>();
    for (SpanData span : shared) {
      if (span.getLinks().isEmpty()) {
        found.add(span.getParentSpanId());
      } else {
        assertThat(span.getParentSpanContext().isValid()).isFalse();
        span.getLinks().stream().map(LinkData::getSpanContext).forEach(context -> found.add(context.getSpanId()));
      }
    }
    assertThat(found).containsExactlyInAnyOrderElementsOf(served.stream().map(SpanData::getSpanId).toList());
  }

  @Test
  void content_isLeftOut_unlessItIsAskedFor() {
    everyOperation();

    assertThat(exporter.getFinishedSpanItems()).isNotEmpty().allSatisfy(span -> {
      assertThat(span.getAttributes().asMap()).doesNotContainKeys(QUERY, RECORDS);
      assertThat(span.getAttributes().toString()).doesNotContain("oboe", "flute", "ada");
    });
  }

  @Test
  void content_isThere_ifItIsAskedFor() {
    memory.close();
    memory = open(new MemlaneObservations(registry, true));

    everyOperation();

    assertThat(only("create_memory").getAttributes().get(RECORDS))
        .isEqualTo("[{\"content\":\"Ada plays the \\\"oboe\\\"\"}]");
    assertThat(only("update_memory").getAttributes().get(RECORDS)).contains("Ada plays the flute");
    assertThat(only("search_memory").getAttributes().get(QUERY)).isEqualTo("oboe");
    assertThat(only("search_memory").getAttributes().get(RECORDS)).contains("\"score\":", "oboe");
  }

  private void everyOperation() {
    Memory stored = memory.addMemory(NewMemory.of("Ada plays the \"oboe\"", ADA)).join();
    memory.search(SearchRequest.builder("oboe").scope(ADA).build()).join();
    memory.get(stored.id()).join();
    memory.updateMemory(MemoryUpdate.builder(stored.id()).content("Ada plays the flute").build()).join();
    memory.deleteMemory(MemoryDeletion.of(stored.id())).join();
    memory.deleteAll(ADA, null, true).join();
  }

  @Test
  void operations_haveTheNamesOfTheConvention_andCounts() {
    everyOperation();

    assertThat(exporter.getFinishedSpanItems()).extracting(SpanData::getName)
        .contains("create_memory", "search_memory", "get_memory", "update_memory", "delete_memory");
    assertThat(childrenOf(only("search_memory"))).containsExactly("database read", "embedding", "index search");
    assertThat(only("search_memory").getAttributes().get(AttributeKey.longKey("gen_ai.memory.record.count")))
        .isEqualTo(1);
  }

  @Test
  void partsOfABatch_areBelowIt() {
    memory.addMemories(List.of(NewMemory.of("one", ADA), NewMemory.of("two", ADA))).join();

    SpanData batch = named("create_memory").stream().filter(span -> !span.getParentSpanContext().isValid()).findFirst()
        .orElseThrow();
    assertThat(childrenOf(batch)).containsExactly("create_memory", "create_memory");
  }

  @Test
  void failedOperation_isAnError_withItsType() {
    memory.close();

    memory.add(NewMemory.of("too late", ADA)).join();
    memory.search(SearchRequest.builder("too late").scope(ADA).build()).handle((hits, failure) -> failure).join();

    assertThat(only("create_memory").getAttributes().get(OUTCOME)).isEqualTo("refused");
    SpanData search = only("search_memory");
    assertThat(search.getStatus().getStatusCode()).isEqualTo(StatusData.error().getStatusCode());
    assertThat(search.getAttributes().get(AttributeKey.stringKey("error.type")))
        .isEqualTo("dev.memlane.model.StoreException");
  }

  /** Without the handler of ours, spans still have the right parents, whatever span is current in a thread. */
  @Test
  void withMicrometersOwnHandler_parentsAreRight() {
    memory.close();
    exporter.reset();
    ObservationRegistry plain = ObservationRegistry.create();
    plain.observationConfig().observationHandler(new DefaultTracingObservationHandler(tracer));
    memory = open(new MemlaneObservations(plain));

    io.micrometer.tracing.@Nullable Span current = tracer.nextSpan().name("current").start();
    try (io.micrometer.tracing.Tracer.SpanInScope scope = tracer.withSpan(current)) {
      assertThat(scope).isNotNull();
      memory.add(NewMemory.of("Ada plays the oboe", ADA)).join();
    }
    current.end();

    SpanData add = only("create_memory");
    assertThat(childrenOf(only("current"))).containsExactly("create_memory");
    assertThat(childrenOf(add)).containsExactly("database write", "embedding", "index write");
  }
}
