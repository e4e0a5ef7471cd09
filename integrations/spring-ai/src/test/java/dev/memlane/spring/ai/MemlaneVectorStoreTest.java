package dev.memlane.spring.ai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemoryId;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import dev.memlane.model.store.VectorIndex;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.SearchRequest.Mode;
import dev.memlane.storage.core.PostgresCoreStore;
import dev.memlane.storage.history.PostgresHistoryStore;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.storage.vector.LuceneVectorIndex;
import dev.memlane.testing.FaultInjector;
import dev.memlane.testing.TestServer;
import io.micrometer.observation.ObservationRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.ai.content.Media;
import org.springframework.ai.document.Document;
import org.springframework.ai.vectorstore.SearchRequest;
import org.springframework.ai.vectorstore.VectorStore;
import org.springframework.ai.vectorstore.observation.VectorStoreObservationContext;
import org.springframework.util.MimeTypeUtils;

@Tag("programs")
class MemlaneVectorStoreTest {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);
  private static final Scope ADA = Scope.user("ada");

  @TempDir
  private Path directory;
  private Database database;
  private FaultInjector<VectorIndex> index;
  private MemoryOrchestrator memory;
  private VectorStore store;

  @BeforeEach
  void open() {
    HashEmbedder embedder = new HashEmbedder();
    database = Database.builder(TestServer.freshDatabase(TABLES)).poolSize(5).open();
    index = FaultInjector.around(VectorIndex.class, LuceneVectorIndex.builder(directory).model(embedder.model())
        .dimension(embedder.dimension()).open());
    memory = MemoryOrchestrator.builder().embedder(embedder).writeDeadline(Duration.ofSeconds(2))
        .stores(database.units(), PostgresCoreStore.open(database, embedder.model(), embedder.dimension()),
            new PostgresHistoryStore(database), index.store())
        .open();
    store = MemlaneVectorStore.builder(memory, ADA).build();
  }

  @AfterEach
  void close() {
    memory.close();
    database.close();
  }

  private static SearchRequest search(String query) {
    return SearchRequest.builder().query(query).topK(10).build();
  }

  private List<String> ids(String query) {
    return store.similaritySearch(search(query)).stream().map(Document::getId).toList();
  }

  @Test
  void add_isFoundWithIdTextMetadataScoreAndDistance() {
    store.add(List.of(new Document("ada/1 \"ö\"", "Ada plays the oboe",
        Map.of("topic", "music", "year", 1657, "rating", 4.5, "live", true, "tags", List.of("reed", "duo")))));

    Document found = store.similaritySearch(search("Ada plays the oboe")).getFirst();

    assertThat(found.getId()).isEqualTo("ada/1 \"ö\"");
    assertThat(found.getText()).isEqualTo("Ada plays the oboe");
    assertThat(found.getScore()).isCloseTo(1, within(1e-6));
    Map<String, Object> metadata = new HashMap<>(found.getMetadata());
    assertThat((Double) metadata.remove("distance")).isCloseTo(0, within(1e-6));
    assertThat(metadata).isEqualTo(
        Map.of("topic", "music", "year", 1657L, "rating", 4.5, "live", true, "tags", List.of("reed", "duo")));
  }

  @Test
  void add_underTheSameId_replaces_alsoAfterADeletion() {
    store.add(List.of(new Document("1", "Ada lives in Porto", Map.of("since", 2020))));
    store.add(List.of(new Document("1", "Ada lives in Lisbon", Map.of())));

    Document found = store.similaritySearch(search("where does Ada live?")).getFirst();
    assertThat(found.getText()).isEqualTo("Ada lives in Lisbon");
    assertThat(found.getMetadata()).containsOnlyKeys("distance");
    assertThat(ids("Ada")).containsExactly("1");

    store.delete(List.of("1"));
    assertThat(ids("Ada")).isEmpty();

    store.add(List.of(new Document("1", "Ada lives in Faro", Map.of())));
    assertThat(store.similaritySearch(search("Ada")).getFirst().getText()).isEqualTo("Ada lives in Faro");
  }

  @Test
  void add_ofManyWithTheSameIdTwice_keepsTheLast() {
    List<Document> documents = new ArrayList<>(
        IntStream.range(0, 200).mapToObj(i -> new Document("d" + i, "note number " + i, Map.of("n", i))).toList());
    documents.add(new Document("d7", "another note", Map.of("n", 7)));

    store.add(documents);

    assertThat(memory.count(ADA, null).join()).isEqualTo(200);
    assertThat(store.similaritySearch(SearchRequest.builder().query("note").filterExpression("n == 7").build()))
        .singleElement().satisfies(document -> assertThat(document.getText()).isEqualTo("another note"));
  }

  @Test
  void add_ofADocumentThatCannotBeStored_storesNone_andNamesIt() {
    assertThatThrownBy(() -> store.add(List.of(new Document("good", "Ada plays the oboe", Map.of()),
        new Document("nested", "Ada plays the cello", Map.of("a", Map.of("b", 1))))))
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("\"nested\"").hasMessageContaining("an object");
    assertThatThrownBy(() -> store.add(List.of(new Document("blank", " ", Map.of()))))
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("\"blank\"");
    assertThatThrownBy(() -> store.add(List.of(Document.builder().id("picture")
        .media(Media.builder().mimeType(MimeTypeUtils.IMAGE_PNG).data(new byte[1]).build()).build())))
        .isInstanceOf(RuntimeException.class);

    assertThat(memory.count(ADA, null).join()).isZero();
  }

  @Test
  void add_thatFails_namesTheDocumentsThatWereNotStored() {
    index.concerning(arguments -> String.valueOf(arguments[0]).contains(MemoryId.derive(ADA, "b").toString()));
    index.refusing("put");

    assertThatThrownBy(() -> store.add(List.of(new Document("a", "Ada plays the oboe", Map.of()),
        new Document("b", "Ada plays the cello", Map.of()), new Document("c", "Ada plays the harp", Map.of()))))
        .isInstanceOfSatisfying(DocumentWriteException.class, e -> {
          assertThat(e.failures()).containsOnlyKeys("b");
          assertThat(e.failures().get("b")).isInstanceOf(WriteOutcome.RolledBack.class);
          assertThat(e).hasMessageContaining("1 of 3 documents").hasMessageContaining("\"b\"")
              .hasMessageContaining("rolled back").hasMessageNotContaining("cello");
          assertThat(e.copy().failures()).containsOnlyKeys("b");
        });
    assertThat(ids("Ada")).containsExactlyInAnyOrder("a", "c");
  }

  @Test
  void add_whoseOutcomeIsNotKnown_saysSo_andWhatToAsk() {
    index.neverDoing("put");

    assertThatThrownBy(() -> store.add(List.of(new Document("a", "Ada plays the oboe", Map.of()))))
        .isInstanceOfSatisfying(DocumentWriteException.class, e -> {
          assertThat(e).hasMessageContaining("not known yet").hasMessageContaining("hasLanded");
          WriteOutcome.Unsettled unsettled = (WriteOutcome.Unsettled) Objects.requireNonNull(e.failures().get("a"));
          index.heal();
          assertThat(memory.hasLanded(unsettled.id(), unsettled.op()).join()).isTrue();
        });
  }

  @Test
  void search_takesTopKThresholdAndFilter() {
    store.add(List.of(new Document("1", "the oboe is a reed instrument", Map.of("kind", "wind")),
        new Document("2", "the cello is a string instrument", Map.of("kind", "string")),
        new Document("3", "Lisbon is a city", Map.of())));

    assertThat(store.similaritySearch(SearchRequest.builder().query("oboe reed").topK(2).build())).hasSize(2);
    assertThat(store.similaritySearch(SearchRequest.builder().query("oboe reed").topK(0).build())).isEmpty();
    assertThat(store.similaritySearch(SearchRequest.builder().query("oboe reed").topK(10).build())).hasSize(3);
    List<Document> near = store
        .similaritySearch(
            SearchRequest.builder().query("oboe reed instrument").topK(10).similarityThreshold(0.5).build());
    assertThat(near).extracting(Document::getId).containsExactly("1");
    assertThat(near).allSatisfy(document -> assertThat(document.getScore()).isGreaterThanOrEqualTo(0.5));
    assertThat(store.similaritySearch(SearchRequest.builder().query("instrument").topK(10)
        .filterExpression("kind IN ['string'] || kind == 'brass'").build())).extracting(Document::getId)
        .containsExactly("2");
    assertThatThrownBy(() -> store.similaritySearch(SearchRequest.builder().query("oboe").topK(5_000).build()))
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("5000");
  }

  @Test
  void search_scoresFallWithTheOrder_andAreCosines() {
    store.add(
        List.of(new Document("1", "oboe and cello", Map.of()), new Document("2", "oboe and cello and harp", Map.of()),
            new Document("3", "a city in Portugal", Map.of())));

    List<Document> found = store.similaritySearch(search("oboe and cello"));

    assertThat(found).extracting(Document::getId).containsExactly("1", "2", "3");
    assertThat(found).extracting(Document::getScore).isSortedAccordingTo((a, b) -> Double.compare(b, a));
    assertThat(found).allSatisfy(document -> assertThat((Double) document.getMetadata().get("distance"))
        .isCloseTo(1 - Objects.requireNonNull(document.getScore()), within(1e-9)));
  }

  @Test
  void search_hybrid_findsByWordsToo_withTheScoreOfTheSearch() {
    VectorStore hybrid = MemlaneVectorStore.builder(memory, ADA).mode(Mode.HYBRID).build();
    hybrid.add(
        List.of(new Document("1", "error E4711 in the pump", Map.of()), new Document("2", "all is well", Map.of())));

    List<Document> found = hybrid.similaritySearch(search("E4711"));

    assertThat(found.getFirst().getId()).isEqualTo("1");
    assertThat(found.getFirst().getScore()).isCloseTo(1, within(1e-6));
  }

  @Test
  void delete_byIds_ignoresThoseThatAreNotThere() {
    store.add(
        List.of(new Document("1", "Ada plays the oboe", Map.of()), new Document("2", "Ada plays the cello", Map.of())));

    store.delete(List.of("1", "1", "unknown", "0198c5a2-7c1e-7a50-9d53-0242ac120002"));
    store.delete(List.of("1"));
    store.delete(List.<String>of());

    assertThat(ids("Ada")).containsExactly("2");
  }

  @Test
  void delete_byFilter_deletesWhatMatches() {
    store.add(
        List.of(new Document("1", "oboe", Map.of("kind", "wind")), new Document("2", "cello", Map.of("kind", "string")),
            new Document("3", "harp", Map.of())));

    store.delete("kind != 'wind'");

    assertThat(ids("oboe")).containsExactly("1");
  }

  @Test
  void delete_thatFails_namesTheDocument() {
    store.add(List.of(new Document("1", "Ada plays the oboe", Map.of())));
    index.refusing("check");

    assertThatThrownBy(() -> store.delete(List.of("1"))).isInstanceOfSatisfying(DocumentWriteException.class,
        e -> assertThat(e.failures()).containsOnlyKeys("1"));
    assertThatThrownBy(() -> store.delete("missing != 'x'")).isInstanceOf(DocumentWriteException.class);

    index.heal();
    assertThat(ids("Ada")).containsExactly("1");
  }

  @Test
  void purging_leavesNoTextInTheHistory() {
    VectorStore purging = MemlaneVectorStore.builder(memory, ADA).purgeHistory(true).build();
    purging.add(List.of(new Document("1", "oboe", Map.of("kind", "wind")), new Document("2", "cello", Map.of())));

    purging.delete(List.of("2"));
    purging.delete("kind == 'wind'");

    for (String key : List.of("1", "2")) {
      assertThat(memory.history(MemoryId.derive(ADA, key)).join().toString()).doesNotContain("oboe", "cello");
    }
  }

  @Test
  void memories_storedOtherwise_areFoundAndDeletedByTheirOwnIds() {
    MemoryId withoutKey = memory.addMemory(NewMemory.of("Ada plays the oboe", ADA)).join().id();
    MemoryId ofARun = memory.addMemory(NewMemory.builder("Ada plays the cello", ADA.withRun("7")).key("k").build())
        .join().id();
    MemoryId ofBen = memory.addMemory(NewMemory.of("Ben plays the harp", Scope.user("ben"))).join().id();

    assertThat(ids("plays")).containsExactlyInAnyOrder(withoutKey.toString(), ofARun.toString());

    store.delete(List.of(withoutKey.toString(), ofARun.toString(), ofBen.toString()));

    assertThat(ids("plays")).isEmpty();
    assertThat(memory.get(ofBen).join()).isPresent();
  }

  @Test
  void scope_ofTheCaller_separatesUsers() {
    AtomicReference<Scope> caller = new AtomicReference<>(ADA);
    VectorStore ofCaller = MemlaneVectorStore.builder(memory, caller::get).build();
    ofCaller.add(List.of(new Document("1", "Ada plays the oboe", Map.of())));
    caller.set(Scope.user("ben"));
    ofCaller.add(List.of(new Document("1", "Ben plays the cello", Map.of())));

    assertThat(ofCaller.similaritySearch(search("plays"))).extracting(Document::getText)
        .containsExactly("Ben plays the cello");
    ofCaller.delete("missing != 'x'");
    ofCaller.delete(List.of("1"));
    caller.set(ADA);
    assertThat(ofCaller.similaritySearch(search("plays"))).extracting(Document::getText)
        .containsExactly("Ada plays the oboe");
  }

  @Test
  void observations_andNativeClient_areThoseOfSpring() {
    List<VectorStoreObservationContext> observed = new ArrayList<>();
    ObservationRegistry registry = ObservationRegistry.create();
    registry.observationConfig().observationHandler(context -> observed.add((VectorStoreObservationContext) context));
    MemlaneVectorStore observedStore = MemlaneVectorStore.builder(memory, ADA).observationRegistry(registry).build();

    observedStore.add(List.of(new Document("1", "Ada plays the oboe", Map.of())));
    observedStore.similaritySearch(search("oboe"));
    observedStore.delete(List.of("1"));

    assertThat(observed).extracting(VectorStoreObservationContext::getDatabaseSystem).containsOnly("memlane");
    assertThat(observed).extracting(VectorStoreObservationContext::getOperationName).containsExactly("add", "query",
        "delete");
    assertThat(observedStore.<MemoryOrchestrator>getNativeClient()).contains(memory);
  }
}
