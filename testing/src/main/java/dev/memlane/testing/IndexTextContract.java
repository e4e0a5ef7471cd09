package dev.memlane.testing;

import static dev.memlane.testing.TestMemories.document;
import static dev.memlane.testing.TestMemories.embedding;
import static dev.memlane.testing.TestMemories.id;
import static dev.memlane.testing.TestMemories.op;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.memlane.model.Embedding;
import dev.memlane.model.Memory;
import dev.memlane.model.Metadata;
import dev.memlane.model.Scope;
import dev.memlane.model.SearchPart;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.model.store.IndexHits;
import dev.memlane.model.store.IndexHits.IndexHit;
import dev.memlane.model.store.IndexHits.Traits;
import dev.memlane.model.store.IndexQuery;
import dev.memlane.model.store.VectorIndex;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Searches by words. */
abstract class IndexTextContract extends VectorIndexTestCase {

  IndexTextContract(Supplier<VectorIndex> open, Consumer<VectorIndex> close, int oneIn) {
    super(open, close, oneIn);
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
  void search_byWords_otherScopesDoNotAffectAScore() {
    put(document(1, ADA, "The oboe lies in the red room"));
    put(document(2, ADA, "A violin, and a long story about how it came into the house"));
    put(document(3, ADA.withRun("r"), "oboe"));
    List<IndexHit> before = search(null, "oboe violin house", ADA, null, 10).lexical();

    for (int i = 10; i < 60; i++) {
      put(document(i, Scope.user("ben"), "oboe and house, again and again: oboe oboe house and nothing else " + i));
    }

    assertThat(search(null, "oboe violin house", ADA, null, 10).lexical()).isEqualTo(before);
  }

  @Test
  void search_byWords_stopWordsOfTheLanguageSayNothing_unlessThereIsNothingElse() {
    put(document(1, ADA, "What did you do, and who were you with?"));
    put(document(2, ADA, "An oboe, all day"));

    assertThat(search(null, "What did you do with the oboe?", null, null, 10).lexical()).extracting(IndexHit::name)
        .containsExactly(name(2, 2));
    assertThat(search(null, "What did you do?", null, null, 10).lexical()).extracting(IndexHit::name)
        .containsExactly(name(1, 1));
    assertThat(index.search(new IndexQuery(null, "What did you do with the oboe?", List.of(), null, 10, false,
        Set.of(), -1, 0, null, Set.of(SearchPart.STOP_WORDS))).join().lexical()).hasSize(2);
  }

  private static IndexDocument said(long number, @Nullable String actor, String content) {
    Memory plain = TestMemories.memory(number, ADA, content);
    return document(new Memory(plain.id(), plain.scope(), null, actor, content, plain.metadata(), null,
        plain.createdAt(), plain.updatedAt(), null, 1, plain.op()));
  }

  @Test
  void actors_ofTheScopes_areFoundByTheirNames() {
    put(said(1, "Ada Lovelace", "tea"));
    put(document(2, Scope.user("ben"), "tea"));
    Set<String> asked = Set.of("ada lovelace", "ada *", "ada", "ben", "");

    assertThat(index.actors(List.of(ADA), asked).join()).containsExactlyInAnyOrder("ada lovelace", "ada *");
    assertThat(index.actors(List.of(), asked).join()).containsExactlyInAnyOrder("ada lovelace", "ada *", "");
    assertThat(index.actors(List.of(Scope.user("ben")), asked).join()).containsExactly("");
    index.removeAll(id(1)).join();
    assertThat(index.actors(List.of(ADA), asked).join()).isEmpty();
  }

  @Test
  void search_returnsTheTraitsOfAMemory() {
    put(said(1, "Ada Lovelace", "the red oboe is here"));
    put(said(2, null, "an oboe?"));
    put(said(3, null, "oboe violin flute harp drum"));

    IndexHits hits = search(null, "oboe", ADA, null, 10);

    assertThat(hits.medianWords()).isEqualTo(5);
    assertThat(hits.lexical()).extracting(IndexHit::name, IndexHit::traits).containsExactlyInAnyOrder(
        tuple(name(1, 1), new Traits("ada lovelace", null, 5, false)),
        tuple(name(2, 2), new Traits(null, null, 1, true)),
        tuple(name(3, 3), new Traits(null, null, 5, false)));
  }

  @Test
  void search_withAVectorForWhatActorsSay_comparesTheOthersWithTheQuestionAsItIs() {
    put(said(1, "Ada", "tea"));
    put(said(2, null, "coffee"));
    Embedding plain = TestMemories.embedding("coffee");
    Embedding spoken = TestMemories.embedding("Ada: tea");

    for (double limit : new double[]{-1, 0.9}) {
      IndexHits hits = index
          .search(new IndexQuery(plain, "tea coffee", List.of(ADA), null, 10, false, Set.of(), limit, 0,
              spoken, Set.of()))
          .join();
      assertThat(hits.semantic()).extracting(IndexHit::score).containsExactly(1f, 1f);
      assertThat(hits.lexical()).extracting(IndexHit::name).containsExactlyInAnyOrder(name(1, 1), name(2, 2));
    }
    assertThat(index.search(new IndexQuery(plain, null, List.of(ADA), null, 10, false)).join().semantic())
        .extracting(IndexHit::name).first().isEqualTo(name(2, 2));
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
