package dev.memlane.langchain4j;

import static dev.langchain4j.store.embedding.filter.MetadataFilterBuilder.metadataKey;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.document.Metadata;
import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.rag.query.Query;
import dev.langchain4j.store.embedding.EmbeddingMatch;
import dev.langchain4j.store.embedding.EmbeddingSearchRequest;
import dev.langchain4j.store.embedding.filter.Filter;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.Expired;
import dev.memlane.orchestrator.MemoryOrchestrator;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("programs")
class MemlaneEmbeddingStoreTest {

  @TempDir
  private static Path directory;

  private static MemoryOrchestrator memory;

  private Scope scope;
  private MemlaneEmbeddingStore store;

  @BeforeAll
  static void open() {
    memory = TestMemories.open(directory);
  }

  @AfterAll
  static void close() {
    memory.close();
  }

  @BeforeEach
  void openStore() {
    scope = Scope.agent(UUID.randomUUID().toString());
    store = MemlaneEmbeddingStore.of(memory, scope);
  }

  private void add(String id, String text) {
    add(id, text, new Metadata());
  }

  private void add(String id, String text, Metadata metadata) {
    store.addAll(List.of(id), List.of(TestMemories.vector(text)), List.of(TextSegment.from(text, metadata)));
  }

  private List<EmbeddingMatch<TextSegment>> search(String query) {
    return search(query, null);
  }

  private List<EmbeddingMatch<TextSegment>> search(String query, @Nullable Filter filter) {
    return store.search(EmbeddingSearchRequest.builder().queryEmbedding(TestMemories.vector(query)).maxResults(10)
        .filter(filter).build()).matches();
  }

  private List<String> texts(List<EmbeddingMatch<TextSegment>> matches) {
    return matches.stream().map(match -> match.embedded().text()).toList();
  }

  @Test
  void add_underAnIdThatIsThere_replacesTextVectorAndMetadata() {
    add("1", "Ada plays the oboe", new Metadata().put("topic", "music"));

    add("1", "Ada moved to Lisbon", new Metadata().put("topic", "home"));

    EmbeddingMatch<TextSegment> match = search("Ada moved to Lisbon").getFirst();
    assertThat(match.embeddingId()).isEqualTo("1");
    assertThat(match.score()).isGreaterThan(0.999);
    assertThat(match.embedded())
        .isEqualTo(TextSegment.from("Ada moved to Lisbon", new Metadata().put("topic", "home")));
    assertThat(search("oboe", metadataKey("topic").isEqualTo("music"))).isEmpty();
    assertThat(search("anything")).hasSize(1);
  }

  @Test
  void add_underAnIdThatWasRemoved_bringsItBack() {
    add("1", "Ada plays the oboe");
    store.remove("1");
    assertThat(search("oboe")).isEmpty();

    add("1", "Ada plays the cello");

    assertThat(texts(search("cello"))).containsExactly("Ada plays the cello");
  }

  @Test
  void addAll_withEqualIds_keepsTheLast() {
    store.addAll(List.of("1", "1"), List.of(TestMemories.vector("first"), TestMemories.vector("second")),
        List.of(TextSegment.from("first"), TextSegment.from("second")));

    assertThat(texts(search("any"))).containsExactly("second");
  }

  @Test
  void addAll_withAVectorThatDoesNotFit_namesItAndWritesNothing() {
    List<Embedding> vectors = List.of(TestMemories.vector("one"), Embedding.from(new float[384]));

    assertThatThrownBy(() -> store.addAll(List.of("good", "zero"), vectors, null))
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("\"zero\"");
    assertThat(search("one")).isEmpty();

    assertThatThrownBy(() -> store.add("short", Embedding.from(new float[]{1, 2})))
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("\"short\"").hasMessageContaining("384");
  }

  @Test
  void embeddingsWithAndWithoutText_inOneCall_areTold_apart() {
    store.addAll(List.of("with", "without"), List.of(TestMemories.vector("a text"), TestMemories.vector("no text")),
        Arrays.asList(TextSegment.from("a text"), null));

    assertThat(search("no text").getFirst()).satisfies(match -> {
      assertThat(match.embeddingId()).isEqualTo("without");
      assertThat(match.embedded()).isNull();
      assertThat(match.embedding()).isEqualTo(TestMemories.vector("no text"));
    });
    assertThat(MemlaneContentRetriever.of(memory, scope).retrieve(Query.from("without text"))).hasSize(1);
  }

  @Test
  void search_withTheQueryText_countsWordsForTheOrder() {
    add("1", "the quick brown fox jumps over the lazy dog");
    add("2", "invoice 4711 was paid to the quick courier");
    add("3", "Lisbon lies at seven hills and one river");

    List<EmbeddingMatch<TextSegment>> matches = store.search(EmbeddingSearchRequest.builder()
        .queryEmbedding(TestMemories.vector("the quick brown fox")).query("4711").maxResults(2).build()).matches();

    assertThat(texts(search("the quick brown fox"))).first().asString().startsWith("the quick");
    assertThat(texts(matches)).first().isEqualTo("invoice 4711 was paid to the quick courier");
    assertThat(matches.get(0).score()).as("scores say how near the vectors are").isLessThan(matches.get(1).score());
    assertThat(texts(MemlaneEmbeddingStore.builder(memory, scope).hybrid(false).build()
        .search(EmbeddingSearchRequest.builder().queryEmbedding(TestMemories.vector("the quick brown fox"))
            .query("4711").maxResults(2).build())
        .matches())).first().asString().startsWith("the quick");
  }

  @Test
  void search_withACustomizersFilter_keepsTheRequests() {
    add("1", "Ada plays the oboe", new Metadata().put("topic", "music").put("year", 2026));
    add("2", "Ada played the flute", new Metadata().put("topic", "music").put("year", 2025));
    add("3", "Ada lives in Lisbon", new Metadata().put("topic", "home").put("year", 2026));

    MemlaneEmbeddingStore thisYear = MemlaneEmbeddingStore.builder(memory, scope)
        .search(search -> search.filter(dev.memlane.model.Filter.equal("year", 2026))).build();

    assertThat(texts(thisYear.search(EmbeddingSearchRequest.builder().queryEmbedding(TestMemories.vector("Ada"))
        .maxResults(10).filter(metadataKey("topic").isEqualTo("music")).build()).matches()))
        .containsExactly("Ada plays the oboe");
    assertThat(thisYear.search(EmbeddingSearchRequest.builder().queryEmbedding(TestMemories.vector("Ada"))
        .maxResults(10).build()).matches()).hasSize(2);
  }

  @Test
  void search_findsWhatOtherDoorsStored_andRemovesItByItsId() {
    Memory other = memory.blocking().addMemory(NewMemory.builder("Ada plays the oboe", scope.withRun("7"))
        .metadata("tags", List.of("music", "wood")).metadata("loud", true).build());

    EmbeddingMatch<TextSegment> match = search("oboe", metadataKey("tags").isEqualTo("wood")).getFirst();
    assertThat(match.embeddingId()).isEqualTo(other.id().toString());
    assertThat(match.embedded().metadata().getString("tags")).isEqualTo("[\"music\",\"wood\"]");
    assertThat(match.embedded().metadata().getString("loud")).isEqualTo("true");

    store.remove(match.embeddingId());

    assertThat(search("oboe")).isEmpty();
  }

  @Test
  void remove_ofAnExpiredMemoryByItsId_purgesItsHistory() {
    Memory expired = memory.blocking().addMemory(NewMemory.builder("Ada plays the oboe", scope)
        .expiresAt(Instant.parse("2026-01-01T00:00:00Z")).build());

    MemlaneEmbeddingStore.builder(memory, scope).purging(true).build().remove(expired.id().toString());

    assertThat(memory.blocking().get(expired.id(), Expired.INCLUDED)).isEmpty();
    assertThat(memory.blocking().history(expired.id())).allMatch(entry -> entry.newContent() == null);
  }

  @Test
  void remove_reachesNothingOutsideTheScope() {
    Memory foreign = memory.blocking().addMemory(NewMemory.of("Ben plays the cello", Scope.user("ben")));
    MemlaneEmbeddingStore another = MemlaneEmbeddingStore.of(memory, Scope.agent("another"));
    another.add("1", TestMemories.vector("another"));

    store.removeAll(List.of(foreign.id().toString(), "1", "no such id"));
    store.removeAll();

    assertThat(memory.blocking().get(foreign.id())).isPresent();
    assertThat(memory.blocking().get(MemoryId.derive(Scope.agent("another"), "1"))).isPresent();
  }

  @Test
  void removeAll_byFilter_removesWhatMatchesOnly() {
    add("1", "one", new Metadata().put("page", 1));
    add("2", "two", new Metadata().put("page", 2));
    add("3", "three");

    store.removeAll(metadataKey("page").isNotEqualTo(2));

    assertThat(texts(search("any"))).containsExactly("two");
  }

  @Test
  void wholeNumbersBeyond2To53_areFoundExactly() {
    long large = (1L << 53) + 1;
    add("1", "one", new Metadata().put("number", large));
    add("2", "two", new Metadata().put("number", large - 1));

    assertThat(texts(search("any", metadataKey("number").isEqualTo(large)))).containsExactly("one");
    assertThat(texts(search("any", metadataKey("number").isGreaterThan(5L)))).containsExactlyInAnyOrder("one", "two");
    assertThat(search("any", metadataKey("number").isEqualTo(large)).getFirst().embedded().metadata().getLong("number"))
        .isEqualTo(large);
  }

  @Test
  void addAll_ofMany_isFoundAtOnce() {
    List<String> ids = IntStream.range(0, 500).mapToObj(i -> "id-" + i).toList();

    store.addAll(ids, ids.stream().map(TestMemories::vector).toList(), ids.stream().map(TextSegment::from).toList());

    assertThat(memory.blocking().count(scope, null)).isEqualTo(500);
    assertThat(search("id-77").getFirst().embeddingId()).isEqualTo("id-77");
  }
}
