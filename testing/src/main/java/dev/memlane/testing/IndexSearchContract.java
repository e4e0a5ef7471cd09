package dev.memlane.testing;

import static dev.memlane.testing.TestMemories.changed;
import static dev.memlane.testing.TestMemories.document;
import static dev.memlane.testing.TestMemories.embedding;
import static dev.memlane.testing.TestMemories.id;
import static dev.memlane.testing.TestMemories.memory;
import static dev.memlane.testing.TestMemories.op;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.memlane.model.Embedding;
import dev.memlane.model.Filter;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Metadata;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.model.store.IndexHits;
import dev.memlane.model.store.IndexHits.IndexHit;
import dev.memlane.model.store.IndexQuery;
import dev.memlane.model.store.VectorIndex;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Searches by meaning or both, their limits, and runs. */
abstract class IndexSearchContract extends VectorIndexTestCase {

  private final double tolerance;

  IndexSearchContract(Supplier<VectorIndex> open, Consumer<VectorIndex> close, int oneIn, double tolerance) {
    super(open, close, oneIn);
    this.tolerance = tolerance;
  }

  @Test
  void search_afterEachWrite_seesIt() {
    for (int i = 0; i < 50; i++) {
      put(document(i, ADA, "marker" + i));
      assertThat(search(null, "marker" + i, null, null, 1).lexical()).hasSize(1);
      index.remove(name(i, i)).join();
      assertThat(search(null, "marker" + i, null, null, 1).lexical()).isEmpty();
    }
  }

  @Test
  void search_byMeaning_ranksByCosineAndScoresIt() {
    Map<DocumentName, Embedding> all = new HashMap<>();
    Random random = new Random(11);
    for (int i = 0; i < 200; i++) {
      Embedding embedding = embedding(TestMemories.MODEL, TestMemories.DIMENSION, random);
      // Lengths must not matter.
      float length = (float) Math.pow(10, random.nextInt(-18, 18));
      for (int d = 0; d < TestMemories.DIMENSION; d++) {
        embedding.vector()[d] *= length;
      }
      IndexDocument document = new IndexDocument(memory(i, ADA, "memory " + i), embedding);
      put(document);
      all.put(document.name(), embedding);
    }
    Embedding near = embedding("what is near");

    List<IndexHit> hits = search(near, null, null, null, 200).semantic();

    assertThat(hits).hasSize(200).isSortedAccordingTo(Comparator.comparingDouble(IndexHit::score).reversed());
    for (IndexHit hit : hits) {
      double cosine = TestMemories.cosine(near, Objects.requireNonNull(all.get(hit.name())));
      assertThat((double) hit.score()).isBetween(0.0, 1.0).isEqualTo((1 + cosine) / 2, within(tolerance));
    }
    assertThat(search(near, null, null, null, 7).semantic()).isEqualTo(hits.subList(0, 7));
  }

  @Test
  void search_byMeaning_ofTheSameAndTheOppositeVector_scoresOneAndZero() {
    float[] vector = embedding("same").vector();
    float[] opposite = vector.clone();
    for (int i = 0; i < opposite.length; i++) {
      opposite[i] = -opposite[i];
    }
    put(new IndexDocument(memory(1, ADA, "same"), embedding("same")));
    put(new IndexDocument(memory(2, ADA, "opposite"), new Embedding(TestMemories.MODEL, opposite)));

    List<IndexHit> hits = search(embedding("same"), null, null, null, 5).semantic();

    assertThat(hits).extracting(IndexHit::name).containsExactly(name(1, 1), name(2, 2));
    assertThat(hits.get(0).score()).isEqualTo(1, within(1e-6f)).isLessThanOrEqualTo(1);
    assertThat(hits.get(1).score()).isEqualTo(0, within(1e-6f)).isNotNegative();
  }

  @Test
  void search_byBoth_returnsHitsOfBothKinds() {
    put(document(1, ADA, "Ada plays the oboe"));
    put(document(2, ADA, "Bob cooks"));

    IndexHits hits = search(embedding("Bob cooks"), "oboe", null, null, 10);

    assertThat(hits.semantic()).extracting(IndexHit::name).containsExactly(name(2, 2), name(1, 1));
    assertThat(hits.lexical()).extracting(IndexHit::name).containsExactly(name(1, 1));
    assertThat(hits.exhausted()).isTrue();
  }

  @Test
  void search_withLimits_findsEverythingWithinThem_andNothingElse() {
    List<String> words = List.of("oboe", "violin", "lake");
    Random random = new Random(17);
    Map<MemoryId, IndexDocument> all = new HashMap<>();
    for (int i = 0; i < 400; i++) {
      int chosen = random.nextInt(8);
      String content = "memory " + i + IntStream.range(0, 3).filter(word -> (chosen & 1 << word) != 0)
          .mapToObj(word -> " " + words.get(word)).collect(Collectors.joining());
      IndexDocument document = new IndexDocument(
          memory(id(i), op(i), ADA, content, Metadata.of("third", i % 3 == 0)),
          embedding(TestMemories.MODEL, TestMemories.DIMENSION, random));
      all.put(document.memory().id(), document);
    }
    putAll(List.copyOf(all.values()));
    Embedding near = embedding("what is near");

    for (Filter filter : Arrays.asList(null, Filter.equal("third", true))) {
      for (double minSimilarity : new double[]{-1, -0.2, 0.3, 0.9}) {
        for (int minWords : new int[]{0, 1, 2, 3, 7}) {
          // What is as near as the limit may be found or not.
          double nearer = minSimilarity + 2 * tolerance;
          double farther = minSimilarity - 2 * tolerance;
          Set<MemoryId> allowed = all.values().stream()
              .filter(document -> TestMemories.cosine(near, document.embedding()) >= farther
                  && words.stream().filter(document.memory().content()::contains).count() >= Math.min(3, minWords)
                  && (filter == null || filter.matches(document.memory())))
              .map(document -> document.memory().id()).collect(Collectors.toSet());
          Set<MemoryId> expected = allowed.stream().filter(memory -> minSimilarity == -1
              || TestMemories.cosine(near, Objects.requireNonNull(all.get(memory)).embedding()) >= nearer)
              .collect(Collectors.toSet());
          int depth = 1;
          IndexHits hits;
          do {
            depth *= 4;
            hits = index
                .search(new IndexQuery(near, "oboe the violin, violin lakes", List.of(ADA), filter, depth,
                    false, Set.of(),
                    minSimilarity, minWords))
                .join();
            assertThat(found(hits)).as("%s, %s, %s, %s", filter, minSimilarity, minWords, depth)
                .hasSizeGreaterThanOrEqualTo(Math.min(depth, expected.size())).isSubsetOf(allowed);
          } while (!hits.exhausted());
          assertThat(found(hits)).as("%s, %s, %s", filter, minSimilarity, minWords).containsAll(expected);
        }
      }
    }
  }

  private static Set<MemoryId> found(IndexHits hits) {
    return Stream.concat(hits.semantic().stream(), hits.lexical().stream()).map(hit -> hit.name().memory())
        .collect(Collectors.toSet());
  }

  @Test
  void search_withDocumentsToLookUp_returnsTheExistingOnes() {
    put(document(1, ADA, "tea"));
    put(document(2, ADA, "coffee"));
    put(document(3, ADA, "milk"));
    index.remove(name(3, 3)).join();
    Set<DocumentName> asked = Set.of(name(2, 2), name(2, 1), name(3, 3), name(4, 4));

    assertThat(index.search(new IndexQuery(null, "tea", List.of(ADA), null, 1, false, asked)).join().held())
        .containsExactly(name(2, 2));
    assertThat(search(null, "tea", ADA, null, 1).held()).isEmpty();
  }

  @Test
  void search_returnsTheTimeOfTheEventOrOfAcceptance() {
    Instant noon = Instant.parse("2026-03-01T12:00:00.123456Z");
    Memory stored = memory(2, ADA, "tea");
    put(document(occurred(memory(1, ADA, "tea"), noon)));
    put(document(stored));

    assertThat(search(null, "tea", null, null, 10).lexical()).extracting(IndexHit::time)
        .containsExactlyInAnyOrder(noon, stored.createdAt());
  }

  @Test
  void search_ofAnEmptyIndex_isExhausted() {
    IndexHits hits = search(embedding("x"), "x", null, null, 10);

    assertThat(hits.semantic()).isEmpty();
    assertThat(hits.lexical()).isEmpty();
    assertThat(hits.exhausted()).isTrue();
  }

  @Test
  void runs_ofTheBestHits_areInOrderOfTimeWithEachMemoryOnce() {
    Instant noon = Instant.parse("2026-03-01T12:00:00Z");
    Scope run = ADA.withRun("7");
    put(document(inRun(3, run, "the third speaks of tea", noon.plusSeconds(2))));
    put(document(inRun(4, run, "the first", noon)));
    put(document(inRun(2, run, "the second", noon.plusSeconds(1))));
    put(document(changed(inRun(2, run, "the second", noon.plusSeconds(1)), op(22), "the second, changed")));
    put(document(inRun(5, BOB.withRun("7"), "another one's run of this name", noon)));
    put(document(inRun(6, ADA, "in no run, of tea", noon)));
    put(document(inRun(7, ADA.withRun("8"), "alone in its run, of tea", noon)));

    assertThat(search(null, "tea", null, null, 10).runs()).containsExactly(List.of(id(4), id(2), id(3)));
    assertThat(search(embedding("x"), null, run, null, 1).runs()).containsExactly(List.of(id(4), id(2), id(3)));
    assertThat(index.search(new IndexQuery(null, "tea", List.of(), null, 10, false)).join().runs()).isEmpty();
    index.removeAll(id(2)).join();
    assertThat(search(null, "tea", null, null, 10).runs()).containsExactly(List.of(id(4), id(3)));
  }

  @Test
  void runs_ofMemoriesOfTheSameTime_areInTheOrderOfTheirAcceptance() {
    Instant day = Instant.parse("2026-03-01T00:00:00Z");
    Scope run = ADA.withRun("7");
    int[] said = {5, 2, 8, 3, 7, 1, 4, 6};
    for (int i = 0; i < said.length; i++) {
      put(document(
          accepted(inRun(said[i], run, "part " + i + " of the talk about tea", day), day.plusNanos(1_000L * i))));
    }

    assertThat(search(null, "tea", null, null, 10).runs())
        .containsExactly(Arrays.stream(said).mapToObj(TestMemories::id).toList());
  }

  private static Memory accepted(Memory memory, Instant createdAt) {
    return new Memory(memory.id(), memory.scope(), null, null, memory.content(), memory.metadata(), memory.occurredAt(),
        createdAt, createdAt, null, 1, memory.op());
  }

  private static Memory inRun(long number, Scope scope, String content, Instant occurredAt) {
    return occurred(memory(number, scope, content), occurredAt);
  }

  @Test
  void exhausted_isTrueExactlyIfNeitherKindHasMore() {
    for (int i = 0; i < 10; i++) {
      put(document(i, i < 6 ? ADA : BOB, i < 3 ? "oboe" : "violin"));
    }
    Embedding x = embedding("x");

    assertThat(search(x, null, null, null, 9).exhausted()).isFalse();
    assertThat(search(x, null, null, null, 10).exhausted()).isTrue();
    assertThat(search(x, null, ADA, null, 5).exhausted()).isFalse();
    assertThat(search(x, null, ADA, null, 6).exhausted()).isTrue();
    assertThat(search(null, "oboe", null, null, 2).exhausted()).isFalse();
    assertThat(search(null, "oboe", null, null, 3).exhausted()).isTrue();
    assertThat(search(null, "violin", ADA, null, 3).exhausted()).isTrue();
    assertThat(search(x, "oboe", null, null, 9).exhausted()).isFalse();
    assertThat(search(x, "violin", ADA, null, 6).exhausted()).isTrue();
    assertThat(search(x, "oboe", null, null, Integer.MAX_VALUE).exhausted()).isTrue();
    index.removeAll(id(0)).join();
    assertThat(search(null, "oboe", null, null, 2).exhausted()).isTrue();
    assertThat(search(x, null, ADA, null, 5).exhausted()).isTrue();
  }

  @Test
  void search_withAVectorOfAnotherModel_failsAndNamesBoth() {
    Embedding other = embedding("other", TestMemories.DIMENSION, new Random(1));

    assertThatThrownBy(() -> search(other, null, null, null, 1)).hasCauseInstanceOf(StoreException.class)
        .hasMessageContaining("other").hasMessageContaining(TestMemories.MODEL);
  }
}
