package dev.memlane.storage.vector;

import static dev.memlane.testing.TestMemories.embedding;
import static dev.memlane.testing.TestMemories.id;
import static dev.memlane.testing.TestMemories.memory;
import static dev.memlane.testing.TestMemories.op;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.memlane.model.Embedding;
import dev.memlane.model.Filter;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Metadata;
import dev.memlane.model.Scope;
import dev.memlane.model.VectorType;
import dev.memlane.model.store.DocumentSearch;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.model.store.IndexHits.IndexHit;
import dev.memlane.model.store.IndexQuery;
import dev.memlane.testing.TestMemories;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.SegmentCommitInfo;
import org.apache.lucene.index.SegmentInfos;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The types of vectors: what searches find with each, what each takes on disk, and how an index keeps its type. */
class VectorTypesTest {

  private static final Scope ADA = Scope.user("ada");
  private static final Instant LATER = Instant.parse("9999-01-01T00:00:00Z");
  private static final String MODEL = "test-256";
  private static final int DIMENSION = 256;
  private static final String THIRD = "third";
  private static final int TOPICS = 40;

  @TempDir
  private Path folder;

  /**
   * So many documents that none of the searches compares all by floats: with and without a graph, everywhere and within a
   * filter. The last documents are in no segment yet.
   */
  @ParameterizedTest
  @CsvSource({"FLOAT, true", "FLOAT, false", "BYTE, true", "BYTE, false", "BIT, true", "BIT, false"})
  void search_findsNearlyAllOfTheNearest_withTheScoresOfTheirVectors(VectorType type, boolean graph) {
    List<Embedding> all = vectors(4_000, new Random(5));
    List<Embedding> questions = vectors(10, new Random(6));
    LuceneVectorIndexBuilder options = builder(type);
    try (LuceneVectorIndex index = (graph ? options.exactLimit(0).graphThreshold(50) : options).open()) {
      putAll(index, all, 0, all.size() - 5);
      index.commit().join();
      assertThat(index.names(null, 1).join()).hasSize(1);
      putAll(index, all, all.size() - 5, all.size());

      for (Filter filter : new @Nullable Filter[]{null, Filter.equal(THIRD, 1)}) {
        int found = 0;
        for (Embedding question : questions) {
          List<Integer> nearest = nearest(question, all, 10, number -> filter == null || number % 3 == 1);
          List<IndexHit> hits = index.search(new IndexQuery(question, null, List.of(), filter, 10, false)).join()
              .semantic();
          assertThat(hits).hasSize(10).isSortedAccordingTo(Comparator.comparingDouble(IndexHit::score).reversed());
          for (IndexHit hit : hits) {
            int number = number(hit);
            assertThat((double) hit.score())
                .isEqualTo((1 + TestMemories.cosine(question, all.get(number))) / 2, within(tolerance(type)));
            found += nearest.contains(number) ? 1 : 0;
          }
        }
        assertThat(found).as("of 100, %s", filter).isGreaterThanOrEqualTo(95);
      }
    }
  }

  /** Also those of small segments and of documents that are in no segment yet. */
  @ParameterizedTest
  @EnumSource(VectorType.class)
  void search_inAScopeOfAHundred_findsExactlyTheNearest(VectorType type) {
    List<Embedding> all = vectors(100, new Random(7));
    Embedding question = vectors(1, new Random(8)).getFirst();
    List<Integer> nearest = nearest(question, all, 5, number -> true);
    try (LuceneVectorIndex index = builder(type).open()) {
      putAll(index, all, 0, 95);
      assertThat(index.names(null, 1).join()).hasSize(1);
      putAll(index, all, 95, 100);

      List<IndexHit> hits = index.search(new IndexQuery(question, null, List.of(ADA), null, 5, false)).join()
          .semantic();

      assertThat(hits.stream().map(VectorTypesTest::number)).containsExactlyElementsOf(nearest);
    }
  }

  @ParameterizedTest
  @EnumSource(VectorType.class)
  void index_afterMergesAndExpunging_isFoundInAsBefore_alsoAfterReopening(VectorType type) throws IOException {
    List<Embedding> all = vectors(1_000, new Random(9));
    // One thread writes one segment.
    try (LuceneVectorIndex index = builder(type).graphThreshold(50).writeThreads(1).open()) {
      putAll(index, all, 0, 800);
      index.commit().join();
      putAll(index, all, 800, 1_000);
      index.commit().join();
      for (int i = 0; i < 1_000; i += 2) {
        index.removeAll(id(i)).join();
      }
      index.expunge().join();
      assertFindsTheOddOnes(index, all, type);
    }
    try (LuceneVectorIndex index = builder(type).graphThreshold(50).open()) {
      assertThat(index.summary().documents()).isEqualTo(500);
      assertThat(index.holdsRemoved(List.of(id(0))).join()).isFalse();
      assertFindsTheOddOnes(index, all, type);
    }
    assertThat(segments(folder)).as("one with a graph, one without").anyMatch(segment -> segment.info.maxDoc() > 282);
  }

  private static void assertFindsTheOddOnes(LuceneVectorIndex index, List<Embedding> all, VectorType type) {
    for (int i = 0; i < 20; i++) {
      List<IndexHit> hits = index.search(new IndexQuery(all.get(i), null, List.of(), null, 1, false)).join().semantic();
      assertThat(number(hits.getFirst()) == i).isEqualTo(i % 2 == 1);
      if (i % 2 == 1) {
        assertThat((double) hits.getFirst().score()).isEqualTo(1, within(tolerance(type)));
      }
    }
  }

  /** Documents have the same texts, so indexes differ by their vectors alone. */
  @Test
  void files_ofEachType_haveTheBytesOfItsVectors() {
    List<Embedding> all = vectors(500, new Random(10));
    Map<VectorType, Long> bytes = new HashMap<>();
    for (VectorType type : VectorType.values()) {
      try (LuceneVectorIndex index = LuceneVectorIndex.builder(folder.resolve(type.toString())).model(MODEL)
          .dimension(DIMENSION).vectors(type).open()) {
        putAll(index, all, 0, 500);
        index.commit().join();
        bytes.put(type, index.summary().bytes());
        assertThat(index.summary().vectors()).isEqualTo(type);
      }
    }

    for (VectorType type : VectorType.values()) {
      double beyond = (bytes.getOrDefault(type, 0L) - bytes.getOrDefault(VectorType.FLOAT, 0L)) / 500.0;
      int expected = StoredVectors.of(type).bytes(DIMENSION) - StoredVectors.of(VectorType.FLOAT).bytes(DIMENSION);
      assertThat(beyond).as("%s, bytes of a vector", type).isEqualTo(expected, within(10.0));
    }
    assertThat(StoredVectors.of(VectorType.FLOAT).bytes(DIMENSION)).isEqualTo(1_024);
    assertThat(StoredVectors.of(VectorType.BYTE).bytes(DIMENSION)).isEqualTo(256);
    assertThat(StoredVectors.of(VectorType.BIT).bytes(DIMENSION)).isEqualTo(1_024 + 32 + 16);
  }

  @Test
  void bytes_ofSmallWholeNumbers_keepTheirProportions() {
    for (int largest = 1; largest <= 8; largest++) {
      float[] numbers = new float[largest];
      for (int i = 0; i < largest; i++) {
        numbers[i] = -(i + 1);
      }

      byte[] bytes = DocumentValues.bytes(DocumentValues.unit(numbers));

      for (int i = 0; i < largest; i++) {
        assertThat(bytes[i] * largest).as("%d of %d", i + 1, largest).isNegative()
            .isEqualTo(bytes[largest - 1] * (i + 1));
      }
    }
  }

  /** As many documents as make a graph have far fewer bytes than as floats; merges in between must not build one. */
  @Test
  void mergesOfBytes_withoutRequest_buildNoGraph() throws IOException {
    List<Embedding> all = vectors(1_200, new Random(11));
    try (LuceneVectorIndex index = builder(VectorType.BYTE).graphThreshold(50).commitInterval(Duration.ofHours(1))
        .open()) {
      for (int from = 0; from < 1_200; from += 40) {
        putAll(index, all, from, from + 40);
        index.commit().join();
      }
      // Waits for the merges that are running, and makes others: of what has removed documents, which is little.
      index.removeAll(id(0)).join();
      index.expunge().join();
    }

    assertThat(segments(folder)).hasSizeLessThan(30).allMatch(segment -> segment.info.maxDoc() < 283);
  }

  @Test
  void open_withAnotherType_failsWithAdvice_andHarmsNothing() {
    assertThat(LuceneVectorIndex.vectors(folder)).isEmpty();
    try (LuceneVectorIndex index = builder(VectorType.BYTE).open()) {
      putAll(index, vectors(3, new Random(12)), 0, 3);
    }

    assertThat(LuceneVectorIndex.vectors(folder)).contains(VectorType.BYTE);
    for (VectorType other : List.of(VectorType.FLOAT, VectorType.BIT)) {
      assertThatThrownBy(() -> builder(other).open()).isInstanceOf(IncompatibleIndexException.class)
          .hasMessageContaining(folder.toString()).hasMessageContaining("as byte")
          .hasMessageContaining(other + " is configured").hasMessageContaining("`memlane reindex`");
    }
    try (LuceneVectorIndex index = builder(VectorType.BYTE).open()) {
      assertThat(index.names(null, 10).join()).hasSize(3);
    }
  }

  @Test
  void open_anIndexThatDoesNotNameItsType_hasFloats() throws IOException {
    try (LuceneVectorIndex index = builder(VectorType.FLOAT).open()) {
      putAll(index, vectors(3, new Random(13)), 0, 3);
    }
    commitWith("memlane.vectors", null);

    assertThat(LuceneVectorIndex.vectors(folder)).contains(VectorType.FLOAT);
    assertThatThrownBy(() -> builder(VectorType.BYTE).open()).isInstanceOf(IncompatibleIndexException.class);
    try (LuceneVectorIndex index = builder(VectorType.FLOAT).open()) {
      assertThat(index.names(null, 10).join()).hasSize(3);
    }
  }

  @Test
  void open_anIndexOfATypeThatIsNotKnown_failsWithAdvice() throws IOException {
    builder(VectorType.FLOAT).open().close();
    commitWith("memlane.vectors", "nibble");

    assertThat(LuceneVectorIndex.vectors(folder)).isEmpty();
    assertThatThrownBy(() -> builder(VectorType.FLOAT).open()).isInstanceOf(IncompatibleIndexException.class)
        .hasMessageContaining("as nibble");
  }

  private void commitWith(String key, @Nullable String value) throws IOException {
    try (Directory directory = FSDirectory.open(folder);
        IndexWriter writer = new IndexWriter(directory, new IndexWriterConfig())) {
      Map<String, String> data = new HashMap<>();
      writer.getLiveCommitData().forEach(entry -> data.put(entry.getKey(), entry.getValue()));
      assertThat(data).containsKey(key);
      if (value == null) {
        data.remove(key);
      } else {
        data.put(key, value);
      }
      writer.setLiveCommitData(data.entrySet());
      writer.commit();
    }
  }

  @ParameterizedTest
  @EnumSource(VectorType.class)
  void temporaryIndex_ofEachType_scoresAsTheIndexDoes(VectorType type) {
    List<Embedding> all = vectors(50, new Random(14));
    Embedding question = vectors(1, new Random(15)).getFirst();
    try (LuceneVectorIndex index = builder(type).open()) {
      putAll(index, all, 0, 50);
      DocumentSearch temporary = index.temporary(documents(all, 0, 50)).join();
      IndexQuery query = new IndexQuery(question, null, List.of(), null, 50, false);

      assertThat(temporary.search(query).join().semantic()).hasSize(50)
          .isEqualTo(index.search(query).join().semantic());
    }
  }

  private static double tolerance(VectorType type) {
    return type == VectorType.BYTE ? 0.01 : 1e-5;
  }

  private LuceneVectorIndexBuilder builder(VectorType type) {
    return LuceneVectorIndex.builder(folder).model(MODEL).dimension(DIMENSION).vectors(type);
  }

  /** Vectors around some topics, as those of sentences are, and not evenly in all directions. */
  private static List<Embedding> vectors(int count, Random random) {
    Random ofTopics = new Random(3);
    List<float[]> topics = Stream.generate(() -> embedding(MODEL, DIMENSION, ofTopics).vector()).limit(TOPICS).toList();
    List<Embedding> vectors = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      float[] vector = embedding(MODEL, DIMENSION, random).vector();
      float[] topic = topics.get(random.nextInt(TOPICS));
      for (int j = 0; j < DIMENSION; j++) {
        vector[j] += topic[j];
      }
      vectors.add(new Embedding(MODEL, vector));
    }
    return vectors;
  }

  private static List<IndexDocument> documents(List<Embedding> vectors, int from, int to) {
    List<IndexDocument> documents = new ArrayList<>();
    for (int i = from; i < to; i++) {
      documents.add(new IndexDocument(memory(id(i), op(i), ADA, "memory " + i, Metadata.of(THIRD, i % 3)),
          vectors.get(i)));
    }
    return documents;
  }

  private static void putAll(LuceneVectorIndex index, List<Embedding> vectors, int from, int to) {
    CompletableFuture.allOf(documents(vectors, from, to).stream().map(document -> index.put(document, LATER))
        .toArray(CompletableFuture[]::new)).join();
  }

  /** The numbers of the nearest by their definition, nearest first. */
  private static List<Integer> nearest(Embedding question, List<Embedding> all, int count,
      Predicate<Integer> matching) {
    Map<Integer, Double> cosines = new HashMap<>();
    for (int i = 0; i < all.size(); i++) {
      if (matching.test(i)) {
        cosines.put(i, TestMemories.cosine(question, all.get(i)));
      }
    }
    return cosines.entrySet().stream().sorted(Map.Entry.<Integer, Double>comparingByValue().reversed()).limit(count)
        .map(Map.Entry::getKey).toList();
  }

  private static int number(IndexHit hit) {
    MemoryId memory = hit.name().memory();
    return (int) (memory.value().getLeastSignificantBits() - id(0).value().getLeastSignificantBits());
  }

  private static Set<SegmentCommitInfo> segments(Path folder) throws IOException {
    try (Directory directory = FSDirectory.open(folder)) {
      return SegmentInfos.readLatestCommit(directory).asList().stream().collect(Collectors.toSet());
    }
  }
}
