package dev.memlane.testing;

import static dev.memlane.testing.TestMemories.document;
import static dev.memlane.testing.TestMemories.embedding;
import static dev.memlane.testing.TestMemories.id;
import static dev.memlane.testing.TestMemories.op;
import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.Memory;
import dev.memlane.model.Metadata;
import dev.memlane.model.store.IndexHits;
import dev.memlane.model.store.IndexHits.IndexHit;
import dev.memlane.model.store.IndexQuery;
import dev.memlane.model.store.VectorIndex;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Searches by words. */
abstract class IndexTextContract extends VectorIndexTestCase {

  IndexTextContract(Supplier<VectorIndex> open, Consumer<VectorIndex> close) {
    super(open, close);
  }

  @Test
  void search_byWords_findsTheRightOnesBestFirst() {
    put(document(1, ADA, "The oboe lies in the red room"));
    put(document(2, ADA, "An oboe, an oboe and another oboe"));
    put(document(3, ADA, "A violin lies in the red room"));

    List<IndexHit> hits = search(null, "Where is the OBOE?", null, null, 10).lexical();

    assertThat(hits).extracting(IndexHit::name).containsExactly(name(2, 2), name(1, 1));
    assertThat(hits).allSatisfy(hit -> assertThat(hit.score()).isPositive());
    assertThat(search(null, "violin oboe", null, null, 10).lexical()).hasSize(3);
  }

  @Test
  void search_byWords_findsTheActor() {
    Memory said = new Memory(id(1), ADA, null, "Grace", "we met in May", Metadata.empty(), null,
        Instant.parse("2026-01-01T00:00:00Z"), Instant.parse("2026-01-01T00:00:00Z"), null, 1, op(1));
    put(document(said));

    List<IndexHit> hits = search(null, "grace", null, null, 10).lexical();

    assertThat(hits).extracting(IndexHit::contentHash).containsExactly(said.contentHash());
  }

  @Test
  void search_withLeastWordsButAQueryWithoutWords_findsNothing() {
    put(document(1, ADA, "that is the oboe"));

    assertThat(
        index.search(new IndexQuery(embedding("x"), "that is the", List.of(), null, 10, false, Set.of(), -1, 1)).join())
        .isEqualTo(IndexHits.NONE);
    assertThat(index.search(new IndexQuery(null, "?!", List.of(), null, 10, false, Set.of(), -1, 1)).join())
        .isEqualTo(IndexHits.NONE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "!?", "\uD83D\uDE00", "\u0000\u0007", "\"", "*", "AND OR NOT", "(", "+ -",
      "user:ada",
      "\uD83D", "the of and"})
  void search_forATextWithoutWordsOfAnyDocument_findsNothing(String text) {
    put(document(1, ADA, "Ada plays oboe"));

    IndexHits hits = search(null, text, null, null, 10);

    assertThat(hits.lexical()).isEmpty();
    assertThat(hits.exhausted()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"oboe", "\"oboe", "oboe)", "(oboe", "*oboe*", "oboe~2", "oboe^-1", "+oboe -ada", "NOT oboe",
      "user:bob oboe", "oboe\u0000", "[oboe TO", "/oboe/", "\\oboe", "oboe\uD83D", "\uD83D\uDE00 oboe",
      "oboe' OR 1=1 --"})
  void search_forATextWithOperators_readsThemAsText(String text) {
    put(document(1, ADA, "Ada plays oboe"));

    assertThat(search(null, text, ADA, null, 10).lexical()).extracting(IndexHit::name).containsExactly(name(1, 1));
  }

  @Test
  void search_withoutABlankBetweenWildcardAndWord_matchesNoOtherWord() {
    put(document(1, ADA, "oboist"));

    assertThat(search(null, "obo*", null, null, 10).lexical()).isEmpty();
  }

  @Test
  void search_forAVeryLongText_findsItsFirstWords() {
    put(document(1, ADA, "beginning"));
    String text = "beginning " + IntStream.range(0, 50_000).mapToObj(i -> "w" + i).collect(Collectors.joining(" "));

    assertThat(search(null, text, null, null, 10).lexical()).hasSize(1);
  }

  @Test
  void search_forTextsOfOtherScripts_findsThem() {
    put(document(1, ADA, "\u6771\u4EAC\u306B\u4F4F\u3093\u3067\u3044\u307E\u3059"));
    put(document(2, ADA, "\u042F \u0436\u0438\u0432\u0443 \u0432 \u041C\u043E\u0441\u043A\u0432\u0435"));

    assertThat(search(null, "\u6771\u4EAC", null, null, 10).lexical()).extracting(IndexHit::name)
        .containsExactly(name(1, 1));
    assertThat(search(null, "\u043C\u043E\u0441\u043A\u0432\u0435", null, null, 10).lexical())
        .extracting(IndexHit::name).containsExactly(name(2, 2));
  }
}
