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
import dev.memlane.model.IndexSummary;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Metadata;
import dev.memlane.model.OperationId;
import dev.memlane.model.Receipt;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreKind;
import dev.memlane.model.StoreResult;
import dev.memlane.model.StoreResult.Applied;
import dev.memlane.model.StoreResult.NotApplied;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.model.store.IndexHits;
import dev.memlane.model.store.IndexHits.IndexHit;
import dev.memlane.model.store.IndexQuery;
import dev.memlane.model.store.VectorIndex;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every vector index does; each implementation is a small subclass. */
public abstract class VectorIndexContract {

  private static final Scope ADA = Scope.user("ada");
  private static final Scope BOB = Scope.user("bob");
  private static final Instant LATER = Instant.parse("9999-01-01T00:00:00Z");
  private static final Instant LONG_AGO = Instant.parse("2000-01-01T00:00:00Z");

  private VectorIndex index;

  /** Opens an empty index for {@link TestMemories#MODEL}; called once before each test. */
  protected abstract VectorIndex open();

  /** Closes the index; called once after each test. */
  protected void close(VectorIndex opened) {
    opened.close();
  }

  @BeforeEach
  void openIndex() {
    index = open();
  }

  @AfterEach
  void closeIndex() {
    close(index);
  }

  // Writes.

  @Test
  void put_answersWithTheReceiptOfItsVersion() {
    Memory second = changed(memory(1, ADA, "Ada plays the oboe"), op(2), "Ada plays the bassoon");

    assertThat(index.put(document(second), LATER).join())
        .isEqualTo(new Applied(new Receipt(StoreKind.VECTOR, second.id(), second.op(), 2)));
  }

  @Test
  void put_twice_leavesOneDocument() {
    put(document(1, ADA, "Ada plays the oboe"));
    put(document(1, ADA, "Ada plays the oboe"));

    assertThat(names()).containsExactly(name(1, 1));
    assertThat(semantic(embedding("oboe"), null, null, 10)).containsExactly(name(1, 1));
    assertThat(index.summary().documents()).isEqualTo(1);
  }

  @Test
  void put_ofAnotherOperation_standsBesideTheFirst() {
    Memory first = memory(1, ADA, "Ada plays the oboe");
    Memory second = changed(first, op(2), "Ada plays the bassoon");
    put(document(first));
    put(document(second));

    assertThat(names()).containsExactly(name(1, 1), name(1, 2));
    List<IndexHit> hits = search(null, "oboe bassoon", null, null, 10).lexical();
    assertThat(hits).extracting(IndexHit::name).containsExactlyInAnyOrder(name(1, 1), name(1, 2));
    assertThat(hits).extracting(IndexHit::contentHash)
        .containsExactlyInAnyOrder(first.contentHash(), second.contentHash());
  }

  @Test
  void put_afterTheDeadline_isWithdrawn() {
    assertThat(index.put(document(1, ADA, "Ada plays the oboe"), LONG_AGO).join()).isInstanceOf(NotApplied.class);

    assertThat(names()).isEmpty();
  }

  @Test
  void put_ofAnotherModelOrDimension_isNotApplied() {
    Memory memory = memory(1, ADA, "Ada plays the oboe");
    Embedding otherModel = embedding("other", TestMemories.DIMENSION, new Random(1));
    Embedding otherDimension = embedding(TestMemories.MODEL, TestMemories.DIMENSION + 1, new Random(1));

    for (Embedding other : List.of(otherModel, otherDimension)) {
      StoreResult result = index.put(new IndexDocument(memory, other), LATER).join();
      assertThat(result).isInstanceOfSatisfying(NotApplied.class, notApplied -> assertThat(notApplied.cause())
          .isInstanceOf(StoreException.class).hasMessageContaining(TestMemories.MODEL)
          .hasMessageContaining(other.model()).hasMessageContaining(Integer.toString(other.dimension())));
    }
    assertThat(names()).isEmpty();
  }

  @Test
  void check_ofAnIndexThatTakesWrites_isApplied() {
    assertThat(index.check(name(1, 1), LATER).join()).isInstanceOfSatisfying(Applied.class, applied -> {
      assertThat(applied.receipt().store()).isEqualTo(StoreKind.VECTOR);
      assertThat(applied.receipt().memory()).isEqualTo(id(1));
      assertThat(applied.receipt().op()).isEqualTo(op(1));
    });
    assertThat(index.check(name(1, 1), LONG_AGO).join()).isInstanceOf(NotApplied.class);
    assertThat(names()).isEmpty();
  }

  @Test
  void retain_removesTheMemorysOtherDocumentsOnly() {
    Memory first = memory(1, ADA, "one");
    put(document(first));
    put(document(changed(first, op(2), "two")));
    put(document(changed(first, op(3), "three")));
    put(document(4, ADA, "four"));

    index.retain(name(1, 2)).join();

    assertThat(names()).containsExactly(name(1, 2), name(4, 4));
  }

  @Test
  void retain_ofADocumentThatIsNotThere_leavesNone() {
    put(document(1, ADA, "one"));

    index.retain(name(1, 2)).join();

    assertThat(names()).isEmpty();
  }

  @Test
  void remove_removesThisDocumentOnly() {
    Memory first = memory(1, ADA, "one");
    put(document(first));
    put(document(changed(first, op(2), "two")));

    index.remove(name(1, 2)).join();
    index.remove(name(1, 3)).join();

    assertThat(names()).containsExactly(name(1, 1));
    assertThat(search(null, "two", null, null, 10).lexical()).isEmpty();
  }

  @Test
  void removeAll_removesAllDocumentsOfTheMemory() {
    Memory first = memory(1, ADA, "one");
    put(document(first));
    put(document(changed(first, op(2), "two")));
    put(document(3, ADA, "three"));

    index.removeAll(id(1)).join();

    assertThat(names()).containsExactly(name(3, 3));
  }

  @Test
  void clear_removesEveryDocument_andTakesNewOnes() {
    for (int i = 0; i < 20; i++) {
      put(document(i, ADA, "memory " + i));
    }

    index.clear().join();
    put(document(7, ADA, "seven again"));

    assertThat(names()).containsExactly(name(7, 7));
    assertThat(index.summary().documents()).isEqualTo(1);
  }

  @Test
  void clear_amongPutsThatNobodyWaitsFor_removesTheEarlierOnesOnly() {
    List<CompletableFuture<StoreResult>> puts = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      puts.add(index.put(document(i, ADA, "memory " + i), LATER));
    }
    CompletableFuture<Void> clear = index.clear();
    for (int i = 100; i < 200; i++) {
      puts.add(index.put(document(i, ADA, "memory " + i), LATER));
    }
    clear.join();
    puts.forEach(put -> assertThat(put.join()).isInstanceOf(Applied.class));

    assertThat(names()).extracting(DocumentName::memory)
        .containsExactlyElementsOf(IntStream.range(100, 200).mapToObj(TestMemories::id).toList());
  }

  @Test
  void writesToOneMemory_areAppliedInTheOrderAskedFor() {
    Memory memory = memory(1, ADA, "version 0");
    List<CompletableFuture<?>> writes = new ArrayList<>();
    for (int i = 1; i <= 300; i++) {
      Memory next = changed(memory, op(i), "version " + i);
      writes.add(index.put(document(next), LATER));
      writes.add(switch (i % 3) {
        case 0 -> index.retain(name(1, i));
        case 1 -> index.remove(name(1, i));
        default -> index.removeAll(id(1));
      });
    }
    writes.add(index.put(document(changed(memory, op(301), "last")), LATER));
    CompletableFuture.allOf(writes.toArray(CompletableFuture[]::new)).join();

    assertThat(names()).containsExactly(name(1, 300), name(1, 301));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void randomWrites_leaveWhatTheirOrderSays(long seed) {
    Random random = new Random(seed);
    Map<MemoryId, Set<OperationId>> expected = new TreeMap<>();
    List<CompletableFuture<?>> writes = new ArrayList<>();
    for (int i = 0; i < 3_000; i++) {
      MemoryId memory = id(random.nextInt(40));
      Set<OperationId> ops = expected.computeIfAbsent(memory, key -> new HashSet<>());
      DocumentName name = new DocumentName(memory, op(random.nextInt(4)));
      switch (random.nextInt(20)) {
        case 0, 1, 2, 3, 4 -> {
          ops.retainAll(Set.of(name.op()));
          writes.add(index.retain(name));
        }
        case 5, 6, 7 -> {
          ops.remove(name.op());
          writes.add(index.remove(name));
        }
        case 8 -> {
          ops.clear();
          writes.add(index.removeAll(memory));
        }
        default -> {
          ops.add(name.op());
          writes.add(index.put(document(memory(memory, name.op(), ADA, "text " + i, Metadata.empty())), LATER));
        }
      }
      if (random.nextInt(1_000) == 0) {
        expected.clear();
        writes.add(index.clear());
      }
      if (random.nextInt(50) == 0) {
        writes.add(index.commit());
      }
      if (random.nextInt(30) == 0) {
        CompletableFuture.allOf(writes.toArray(CompletableFuture[]::new)).join();
        assertThat(names()).as("seed %d, after %d writes", seed, i).containsExactlyInAnyOrderElementsOf(flat(expected));
      }
    }
    CompletableFuture.allOf(writes.toArray(CompletableFuture[]::new)).join();
    assertThat(names()).as("seed %d", seed).containsExactlyInAnyOrderElementsOf(flat(expected));
  }

  @Test
  void puts_fromEightThreads_areAllFound() throws InterruptedException {
    int threads = 8;
    int each = 500;
    List<Thread> writers = new ArrayList<>();
    List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch start = new CountDownLatch(1);
    for (int t = 0; t < threads; t++) {
      int first = t * each;
      writers.add(Thread.ofPlatform().uncaughtExceptionHandler((thread, failure) -> failures.add(failure))
          .start(() -> {
            await(start);
            for (int i = first; i < first + each; i++) {
              put(document(i, ADA, "memory number" + i));
            }
          }));
    }
    start.countDown();
    for (Thread writer : writers) {
      writer.join();
    }

    assertThat(failures).isEmpty();
    assertThat(names()).hasSize(threads * each);
    assertThat(index.summary().documents()).isEqualTo((long) threads * each);
    assertThat(search(embedding("x"), null, ADA, null, threads * each).semantic()).hasSize(threads * each)
        .extracting(IndexHit::name).doesNotHaveDuplicates();
    for (int i = 0; i < threads * each; i += 97) {
      assertThat(search(null, "number" + i, null, null, 2).lexical()).extracting(IndexHit::name)
          .containsExactly(name(i, i));
    }
  }

  // Searches.

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
      assertThat((double) hit.score()).isBetween(0.0, 1.0).isEqualTo((1 + cosine) / 2, within(1e-5));
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
  void search_byWords_findsWhoSaidIt() {
    Memory said = new Memory(id(1), ADA, null, "Grace", "we met in May", Metadata.empty(), null,
        Instant.parse("2026-01-01T00:00:00Z"), Instant.parse("2026-01-01T00:00:00Z"), null, 1, op(1));
    put(document(said));

    List<IndexHit> hits = search(null, "grace", null, null, 10).lexical();

    assertThat(hits).extracting(IndexHit::contentHash).containsExactly(said.contentHash());
  }

  @Test
  void search_byBoth_answersBoth() {
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
      put(document);
      all.put(document.memory().id(), document);
    }
    Embedding near = embedding("what is near");

    for (Filter filter : Arrays.asList(null, Filter.equal("third", true))) {
      for (double minSimilarity : new double[]{-1, -0.2, 0.3, 0.9}) {
        for (int minWords : new int[]{0, 1, 2, 3, 7}) {
          Set<MemoryId> expected = all.values().stream()
              .filter(document -> TestMemories.cosine(near, document.embedding()) >= minSimilarity
                  && words.stream().filter(document.memory().content()::contains).count() >= Math.min(3, minWords)
                  && (filter == null || filter.matches(document.memory())))
              .map(document -> document.memory().id()).collect(Collectors.toSet());
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
                .hasSizeGreaterThanOrEqualTo(Math.min(depth, expected.size())).isSubsetOf(expected);
          } while (!hits.exhausted());
          assertThat(found(hits)).as("%s, %s, %s", filter, minSimilarity, minWords).isEqualTo(expected);
        }
      }
    }
  }

  private static Set<MemoryId> found(IndexHits hits) {
    return Stream.concat(hits.semantic().stream(), hits.lexical().stream()).map(hit -> hit.name().memory())
        .collect(Collectors.toSet());
  }

  @Test
  void search_withLeastWords_ofAQueryWithoutAny_findsNothing() {
    put(document(1, ADA, "that is the oboe"));

    assertThat(
        index.search(new IndexQuery(embedding("x"), "that is the", List.of(), null, 10, false, Set.of(), -1, 1)).join())
        .isEqualTo(IndexHits.NONE);
    assertThat(index.search(new IndexQuery(null, "?!", List.of(), null, 10, false, Set.of(), -1, 1)).join())
        .isEqualTo(IndexHits.NONE);
  }

  @Test
  void search_inAScope_matchesWhatItNames() {
    List<Scope> scopes = List.of(ADA, BOB, ADA.withRun("7"), ADA.withAgent("cook"),
        ADA.withAgent("cook").withRun("7"), Scope.agent("cook"), Scope.run("7"), Scope.run("ada"), Scope.user("Ada"));
    for (int i = 0; i < scopes.size(); i++) {
      put(document(i, scopes.get(i), "same words"));
    }

    for (Scope scope : scopes) {
      Set<DocumentName> expected = IntStream.range(0, scopes.size()).filter(i -> scope.matches(scopes.get(i)))
          .mapToObj(i -> name(i, i)).collect(Collectors.toSet());
      IndexHits hits = search(embedding("x"), "words", scope, null, 100);
      assertThat(hits.semantic()).as("in %s", scope).extracting(IndexHit::name)
          .containsExactlyInAnyOrderElementsOf(expected);
      assertThat(hits.lexical()).as("in %s", scope).extracting(IndexHit::name)
          .containsExactlyInAnyOrderElementsOf(expected);
      assertThat(hits.exhausted()).isTrue();
    }
  }

  @Test
  void search_inSeveralScopes_matchesWhatAnyOfThemNames_eachOnce() {
    put(document(1, ADA, "same words"));
    put(document(2, BOB.withAgent("cook"), "same words"));
    put(document(3, Scope.agent("cook"), "same words"));
    put(document(4, Scope.user("eve"), "same words"));

    IndexHits hits = index.search(new IndexQuery(embedding("x"), "words",
        List.of(ADA, Scope.agent("cook"), BOB), Filter.not(Filter.exists("k")), 10, true)).join();

    assertThat(hits.semantic()).extracting(IndexHit::name).containsExactlyInAnyOrder(name(1, 1), name(2, 2),
        name(3, 3));
    assertThat(hits.lexical()).extracting(IndexHit::name).containsExactlyInAnyOrder(name(1, 1), name(2, 2), name(3, 3));
    assertThat(hits.exhausted()).isTrue();
  }

  @Test
  void search_thatAsksForDocuments_saysWhichStand() {
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
  void search_tellsWhenItOccurred_orWasStored() {
    Instant noon = Instant.parse("2026-03-01T12:00:00.123456Z");
    Memory stored = memory(2, ADA, "tea");
    put(document(occurred(memory(1, ADA, "tea"), noon)));
    put(document(stored));

    assertThat(search(null, "tea", null, null, 10).lexical()).extracting(IndexHit::time)
        .containsExactlyInAnyOrder(noon, stored.createdAt());
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void search_withAFilter_findsWhatTheFilterMatches(long seed) {
    Random random = new Random(seed);
    Map<DocumentName, Memory> all = new HashMap<>();
    for (int i = 0; i < 150; i++) {
      Memory memory = occurred(memory(id(i), op(i), ADA, "same words", RandomFilters.metadata(random)),
          RandomFilters.time(random));
      put(document(memory));
      all.put(name(i, i), memory);
    }
    for (int i = 0; i < 20; i++) {
      index.remove(name(i, i)).join();
      all.remove(name(i, i));
    }

    for (int i = 0; i < 400; i++) {
      Filter filter = RandomFilters.filter(random, random.nextInt(5));
      Set<DocumentName> expected = all.entrySet().stream().filter(entry -> filter.matches(entry.getValue()))
          .map(Map.Entry::getKey).collect(Collectors.toSet());
      IndexHits hits = search(embedding("x"), "words", null, filter, 200);
      assertThat(hits.semantic()).as("seed %d, %s", seed, filter).extracting(IndexHit::name)
          .containsExactlyInAnyOrderElementsOf(expected);
      assertThat(hits.lexical()).as("seed %d, %s", seed, filter).extracting(IndexHit::name)
          .containsExactlyInAnyOrderElementsOf(expected);
    }
  }

  @Test
  void search_withARangeOverAList_needsOneElementWithinBothBounds() {
    put(document(memory(id(1), op(1), ADA, "outside on both sides", Metadata.of("n", List.of(1, 9)))));
    put(document(memory(id(2), op(2), ADA, "one within", Metadata.of("n", List.of(1, 5, 9)))));

    assertThat(semantic(embedding("x"), null, Filter.between("n", 3, 7), 10)).containsExactly(name(2, 2));
  }

  @Test
  void search_withTheLongestKeysAndTexts_findsThem() {
    String key = "\uFFEE".repeat(Metadata.LONGEST_KEY);
    String text = "\uFFEE".repeat(Metadata.LONGEST_TEXT);
    String less = "\uFFEE".repeat(Metadata.LONGEST_TEXT - 1) + "a";
    put(document(memory(id(1), op(1), ADA, "longest", Metadata.of(key, text))));
    put(document(memory(id(2), op(2), ADA, "less", Metadata.of(key, List.of(less, "short")))));

    assertThat(semantic(embedding("x"), null, Filter.equal(key, text), 10)).containsExactly(name(1, 1));
    assertThat(semantic(embedding("x"), null, Filter.greaterThan(key, less), 10)).containsExactly(name(1, 1));
    assertThat(semantic(embedding("x"), null, Filter.between(key, less, less), 10)).containsExactly(name(2, 2));
    assertThat(semantic(embedding("x"), null, Filter.in(key, "none", "short"), 10)).containsExactly(name(2, 2));
  }

  @Test
  void search_withManyAndDeepConditions_findsWhatTheyMatch() {
    for (int i = 0; i < 30; i++) {
      put(document(memory(id(i), op(i), ADA, "memory " + i, Metadata.of("n", i))));
    }
    List<Filter> either = new ArrayList<>();
    List<Filter> neither = new ArrayList<>();
    List<Object> values = new ArrayList<>();
    for (int i = 0; i < 5_000; i++) {
      either.add(Filter.equal("n", 2 * i));
      neither.add(Filter.not(Filter.equal("n", 2 * i)));
    }
    for (int i = 0; i < Filter.MOST_VALUES; i++) {
      values.add(3 * i);
    }
    Filter deep = Filter.equal("n", 6);
    for (int i = 1; i < Filter.DEEPEST; i++) {
      deep = i % 2 == 0 ? Filter.not(deep) : Filter.or(deep, Filter.in("n", values.toArray()));
    }

    for (Filter filter : List.of(new Filter.Or(either), new Filter.And(neither),
        Filter.and(new Filter.Or(either), Filter.in("n", values.toArray()), new Filter.In("n", values)), deep)) {
      Set<DocumentName> expected = IntStream.range(0, 30).filter(i -> filter.matches(Metadata.of("n", i), null))
          .mapToObj(i -> name(i, i)).collect(Collectors.toSet());
      assertThat(semantic(embedding("x"), ADA, filter, 100)).containsExactlyInAnyOrderElementsOf(expected);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "!?", "\uD83D\uDE00", "\u0000\u0007", "\"", "*", "AND OR NOT", "(", "+ -",
      "user:ada",
      "\uD83D", "the of and"})
  void search_forATextThatHasNoWordOfAnyDocument_findsNothing(String text) {
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

  @Test
  void search_ofAnEmptyIndex_isExhausted() {
    IndexHits hits = search(embedding("x"), "x", null, null, 10);

    assertThat(hits.semantic()).isEmpty();
    assertThat(hits.lexical()).isEmpty();
    assertThat(hits.exhausted()).isTrue();
  }

  @Test
  void runs_ofTheBest_areInOrderOfTime_eachMemoryOnce_withoutThoseOfOthers() {
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

  private static Memory occurred(Memory memory, @Nullable Instant time) {
    return new Memory(memory.id(), memory.scope(), null, null, memory.content(), memory.metadata(), time,
        memory.createdAt(), memory.updatedAt(), null, 1, memory.op());
  }

  @Test
  void exhausted_isToldExactlyIfNeitherKindHasMore() {
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

  // Names.

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void names_pageByPage_listEveryDocumentInOrderAndNoMemoryTwice(long seed) {
    Random random = new Random(seed);
    Map<MemoryId, Set<OperationId>> expected = new TreeMap<>();
    List<CompletableFuture<?>> writes = new ArrayList<>();
    for (int i = 0; i < 800; i++) {
      MemoryId memory = TestMemories.id(random);
      Set<OperationId> ops = expected.computeIfAbsent(memory, key -> new HashSet<>());
      for (int o = random.nextInt(1, 5); o > 0; o--) {
        OperationId op = op(random.nextInt(1_000_000));
        ops.add(op);
        writes.add(index.put(document(memory(memory, op, ADA, "text " + i, Metadata.empty())), LATER));
      }
      if (random.nextInt(3) == 0) {
        OperationId gone = ops.iterator().next();
        ops.remove(gone);
        writes.add(index.remove(new DocumentName(memory, gone)));
      }
      if (i % 100 == 0) {
        // Spreads the documents over several segments, where the index has such a thing.
        CompletableFuture.allOf(writes.toArray(CompletableFuture[]::new)).join();
        assertThat(index.names(null, 1).join()).hasSizeLessThan(6);
      }
    }
    CompletableFuture.allOf(writes.toArray(CompletableFuture[]::new)).join();
    List<DocumentName> all = flat(expected);

    for (int limit : List.of(1, 7, 100, 10_000)) {
      List<DocumentName> listed = new ArrayList<>();
      MemoryId after = null;
      while (true) {
        List<DocumentName> page = index.names(after, limit).join();
        if (page.isEmpty()) {
          break;
        }
        MemoryId last = page.getLast().memory();
        assertThat(page.stream().filter(name -> !name.memory().equals(last)).count()).as("seed %d", seed)
            .isLessThan(limit);
        listed.addAll(page);
        after = last;
      }
      assertThat(listed).as("seed %d, limit %d", seed, limit).hasSameSizeAs(all)
          .containsExactlyInAnyOrderElementsOf(all)
          .isSortedAccordingTo(Comparator.comparing(DocumentName::memory));
    }
  }

  @Test
  void names_afterAMemoryThatIsNotThere_beginsWithTheNext() {
    put(document(1, ADA, "one"));
    put(document(3, ADA, "three"));

    assertThat(index.names(id(0), 10).join()).containsExactly(name(1, 1), name(3, 3));
    assertThat(index.names(id(2), 10).join()).containsExactly(name(3, 3));
    assertThat(index.names(id(3), 10).join()).isEmpty();
  }

  @Test
  void names_ofSomeMemories_areAllOfTheirDocuments() {
    put(document(1, ADA, "one"));
    put(document(2, ADA, "two"));
    put(document(3, ADA, "three"));
    index.put(document(memory(id(3), op(33), ADA, "three anew", Metadata.empty())), LATER).join();
    index.remove(name(2, 2)).join();

    assertThat(index.names(List.of(id(3), id(2), id(0))).join()).containsExactlyInAnyOrder(name(3, 3), name(3, 33));
    assertThat(index.names(List.of()).join()).isEmpty();
  }

  // The rest of its life.

  @Test
  void commit_ofWhatWasWritten_completes() {
    put(document(1, ADA, "one"));

    index.commit().join();
    index.commit().join();

    assertThat(names()).containsExactly(name(1, 1));
  }

  @Test
  void expunge_ofRemovedDocuments_keepsTheOthersAndHoldsNothingOfThem() {
    for (int i = 0; i < 40; i++) {
      put(document(i, ADA, "memory " + i));
    }
    index.commit().join();
    assertThat(index.holdsRemoved(List.of(id(1), id(2))).join()).isFalse();
    index.removeAll(id(1)).join();
    put(document(changed(memory(2, ADA, "memory 2"), op(102), "changed")));
    index.retain(name(2, 102)).join();
    assertThat(index.holdsRemoved(List.of(id(7), id(1))).join()).isTrue();
    assertThat(index.holdsRemoved(List.of(id(2))).join()).isTrue();
    assertThat(index.holdsRemoved(List.of(id(7))).join()).isFalse();

    index.expunge().join();
    index.expunge().join();

    assertThat(index.holdsRemoved(IntStream.range(0, 40).mapToObj(TestMemories::id).toList()).join()).isFalse();
    assertThat(names()).hasSize(39).contains(name(2, 102)).doesNotContain(name(1, 1), name(2, 2));
    assertThat(index.search(new IndexQuery(null, "memory", List.of(ADA), null, 100, false)).join().lexical())
        .hasSize(38);
  }

  @Test
  void summary_tellsModelDimensionAndDocuments() {
    put(document(1, ADA, "one"));
    put(document(2, ADA, "two"));
    index.remove(name(2, 2)).join();
    index.commit().join();

    IndexSummary summary = index.summary();

    assertThat(summary.model()).isEqualTo(TestMemories.MODEL);
    assertThat(summary.dimension()).isEqualTo(TestMemories.DIMENSION);
    assertThat(summary.documents()).isEqualTo(1);
    assertThat(summary.bytes()).isPositive();
  }

  @Test
  void closedIndex_refusesEverythingClearly() {
    index.close();
    index.close();

    assertThat(index.put(document(1, ADA, "one"), LATER).join()).isInstanceOf(NotApplied.class);
    assertThat(index.check(name(1, 1), LATER).join()).isInstanceOf(NotApplied.class);
    for (CompletableFuture<?> refused : List.of(index.retain(name(1, 1)), index.remove(name(1, 1)),
        index.removeAll(id(1)), index.clear(), index.commit(), index.expunge(),
        index.holdsRemoved(List.of(id(1))), index.names(null, 1),
        index.search(new IndexQuery(embedding("x"), null, List.of(), null, 1, false)))) {
      assertThatThrownBy(refused::join).hasCauseInstanceOf(StoreException.class).hasMessageContaining("closed");
    }
  }

  private static List<DocumentName> flat(Map<MemoryId, Set<OperationId>> ops) {
    return ops.entrySet().stream()
        .flatMap(entry -> entry.getValue().stream().map(op -> new DocumentName(entry.getKey(), op))).toList();
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody interrupts this test", e);
    }
  }

  private void put(IndexDocument document) {
    assertThat(index.put(document, LATER).join()).isInstanceOf(Applied.class);
  }

  private List<DocumentName> names() {
    return index.names(null, 100_000).join();
  }

  private List<DocumentName> semantic(Embedding vector, @Nullable Scope scope, @Nullable Filter filter, int depth) {
    return search(vector, null, scope, filter, depth).semantic().stream().map(IndexHit::name).toList();
  }

  private IndexHits search(@Nullable Embedding vector, @Nullable String text, @Nullable Scope scope,
      @Nullable Filter filter, int depth) {
    return index.search(new IndexQuery(vector, text, scope == null ? List.of() : List.of(scope), filter, depth, true))
        .join();
  }

  private static DocumentName name(long memory, long op) {
    return new DocumentName(id(memory), op(op));
  }
}
