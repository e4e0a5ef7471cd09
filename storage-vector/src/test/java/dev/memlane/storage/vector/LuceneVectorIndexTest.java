package dev.memlane.storage.vector;

import static dev.memlane.testing.TestMemories.document;
import static dev.memlane.testing.TestMemories.embedding;
import static dev.memlane.testing.TestMemories.id;
import static dev.memlane.testing.TestMemories.memory;
import static dev.memlane.testing.TestMemories.op;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.memlane.model.DamagedIndexException;
import dev.memlane.model.Embedding;
import dev.memlane.model.Filter;
import dev.memlane.model.IndexSummary;
import dev.memlane.model.Metadata;
import dev.memlane.model.Memory;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreResult;
import dev.memlane.model.StoreResult.Applied;
import dev.memlane.model.StoreResult.NotApplied;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.model.store.IndexHits;
import dev.memlane.model.store.IndexHits.IndexHit;
import dev.memlane.model.store.IndexQuery;
import dev.memlane.testing.TestMemories;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.lucene.analysis.core.KeywordAnalyzer;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.SegmentInfos;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.store.FilterDirectory;
import org.apache.lucene.store.IOContext;
import org.apache.lucene.store.IndexOutput;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The index and its folder: persistence, graphs, refusals and damage. */
class LuceneVectorIndexTest {

  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
  private static final Scope ADA = Scope.user("ada");
  private static final Instant LATER = Instant.parse("9999-01-01T00:00:00Z");

  @TempDir
  private Path temporary;

  // Persistence.

  @Test
  void reopen_afterClosing_keepsDocuments() {
    Path folder = temporary.resolve("vectors");
    try (LuceneVectorIndex index = open(folder)) {
      putNumbers(index, 0, 300);
      index.remove(name(7)).join();
      index.put(document(TestMemories.changed(memory(8, ADA, "memory 8"), op(1_008), "eight")), LATER).join();
      index.retain(name(8)).join();
    }

    try (LuceneVectorIndex index = open(folder)) {
      assertThat(index.names(null, 1_000).join()).hasSize(299).contains(name(8)).doesNotContain(name(7));
      assertThat(
          index.search(new IndexQuery(embedding("memory 42"), "42", List.of(ADA), null, 1, false)).join().semantic())
          .extracting(IndexHit::name).containsExactly(name(42));
      putNumbers(index, 300, 301);
      assertThat(index.summary().documents()).isEqualTo(300);
    }
  }

  @Test
  void commit_withASourceOfCheckpoints_recordsOneForTheNextOpening() {
    Path folder = temporary.resolve("vectors");
    try (LuceneVectorIndex index = open(folder)) {
      assertThat(index.checkpoint()).isNull();
      index.recordCheckpoints(() -> CompletableFuture.completedFuture(() -> "first"));
      putNumbers(index, 0, 1);
      index.commit().join();
      assertThat(index.checkpoint()).isNull();
    }
    try (LuceneVectorIndex index = open(folder)) {
      assertThat(index.checkpoint()).isEqualTo("first");
      index.recordCheckpoints(() -> CompletableFuture.completedFuture(() -> "second"));
    }
    try (LuceneVectorIndex index = open(folder)) {
      // Nothing was written, so nothing was committed.
      assertThat(index.checkpoint()).isEqualTo("first");
      index.recordCheckpoints(() -> CompletableFuture.completedFuture(() -> null));
      putNumbers(index, 1, 2);
    }
    try (LuceneVectorIndex index = open(folder)) {
      assertThat(index.checkpoint()).isNull();
      assertThat(index.summary().documents()).isEqualTo(2);
    }
  }

  @Test
  void commit_whileItsCheckpointCompletes_hasFixedItsDocuments() throws IOException {
    Path folder = temporary.resolve("vectors");
    Path copy = temporary.resolve("copy");
    try (LuceneVectorIndex index = open(folder)) {
      AtomicBoolean begun = new AtomicBoolean();
      AtomicBoolean completed = new AtomicBoolean();
      index.recordCheckpoints(() -> {
        if (begun.compareAndSet(false, true)) {
          // Before the documents are fixed: in the commit.
          putNumbers(index, 1, 2);
        }
        return CompletableFuture.completedFuture(() -> {
          if (completed.compareAndSet(false, true)) {
            putNumbers(index, 2, 3);
          }
          return "checkpoint";
        });
      });
      putNumbers(index, 0, 1);
      index.commit().join();
      copy(folder, copy);
    }
    try (LuceneVectorIndex index = open(copy)) {
      assertThat(index.checkpoint()).isEqualTo("checkpoint");
      assertThat(index.names(null, 10).join()).containsExactlyInAnyOrder(name(0), name(1));
    }
  }

  @Test
  void search_byWords_ratesWordsByTheirRarityInTheScope() {
    try (LuceneVectorIndex index = open(temporary.resolve("vectors"))) {
      List<CompletableFuture<StoreResult>> puts = new ArrayList<>();
      for (int i = 0; i < 300; i++) {
        puts.add(index.put(document(memory(i, Scope.user("bob"), "tea again, cup " + i)), LATER));
      }
      for (int i = 300; i < 320; i++) {
        puts.add(index.put(document(memory(i, ADA.withRun("r"), "ada went out, walk " + i)), LATER));
      }
      puts.add(index.put(document(memory(400, ADA.withRun("r"), "today only tea")), LATER));
      puts.forEach(CompletableFuture::join);

      // Among all memories, tea is common and ada is rare; among hers it is the opposite.
      assertThat(index.search(new IndexQuery(null, "ada tea", List.of(ADA), null, 1, false)).join().lexical())
          .extracting(IndexHit::name).containsExactly(name(400));
      assertThat(
          index.search(new IndexQuery(null, "ada tea", List.of(ADA.withRun("r")), null, 1, false)).join().lexical())
          .extracting(IndexHit::name).containsExactly(name(400));
      assertThat(index.search(new IndexQuery(null, "ada tea", List.of(), null, 1, false)).join().lexical())
          .extracting(IndexHit::name).doesNotContain(name(400));
      assertThat(
          index.search(new IndexQuery(null, "ada tea", List.of(Scope.user("nobody")), null, 1, false)).join().lexical())
          .isEmpty();
    }
  }

  @Test
  void open_anIndexOfAnOlderFormat_keepsIt_andIsSearchedAsItWas() {
    Path folder = temporary.resolve("vectors");
    Memory plain = memory(1, ADA, "tea?");
    Memory said = new Memory(plain.id(), ADA, null, "Ada", "tea?", plain.metadata(), null, plain.createdAt(),
        plain.updatedAt(), null, 1, plain.op());
    try (LuceneVectorIndex index = builder(folder).newest(IndexFormat.WITHOUT_TRAITS).open()) {
      index.put(document(said), LATER).join();
    }
    try (LuceneVectorIndex index = open(folder)) {
      index.put(document(memory(2, ADA, "tea and more tea?")), LATER).join();

      assertThat(index.summary().outdated()).isNotNull();
      assertThat(index.actors(List.of(), Set.of("ada", "")).join()).isEmpty();
      assertThat(
          index.search(new IndexQuery(embedding("Ada: tea?"), "tea", List.of(ADA), null, 10, true)).join().lexical())
          .hasSize(2).allSatisfy(hit -> {
            assertThat(hit.traits().actor()).isNull();
            assertThat(hit.traits().question()).isFalse();
          });
    }
    LuceneVectorIndex.delete(folder);
    try (LuceneVectorIndex index = open(folder)) {
      index.put(document(said), LATER).join();

      assertThat(index.summary().outdated()).isNull();
      assertThat(index.actors(List.of(), Set.of("ada", "")).join()).containsExactly("ada");
    }
  }

  @Test
  void search_byWords_inALargeScope_otherScopesDoNotAffectAScore() {
    try (LuceneVectorIndex index = open(temporary.resolve("vectors"))) {
      List<CompletableFuture<StoreResult>> puts = new ArrayList<>();
      for (int i = 0; i < 3_000; i++) {
        puts.add(index.put(document(memory(i, ADA, (i % 7 == 0 ? "oboe " : "tea ") + "cup " + i % 11)), LATER));
      }
      puts.forEach(CompletableFuture::join);
      IndexQuery query = new IndexQuery(null, "oboe cup tea", List.of(ADA), null, 50, false);
      List<IndexHit> before = index.search(query).join().lexical();
      puts.clear();
      for (int i = 5_000; i < 9_000; i++) {
        puts.add(
            index.put(document(memory(i, Scope.user("bob"), "oboe cup oboe, and a much longer text " + i)), LATER));
      }
      puts.forEach(CompletableFuture::join);

      assertThat(index.search(query).join().lexical()).extracting(IndexHit::score)
          .isEqualTo(before.stream().map(IndexHit::score).toList());
      assertThat(index.search(query).join().lexical()).as("once more, from the cache").extracting(IndexHit::score)
          .isEqualTo(before.stream().map(IndexHit::score).toList());
    }
  }

  @Test
  void reopen_afterClearing_isEmptyAndKeepsItsModel() {
    Path folder = temporary.resolve("vectors");
    try (LuceneVectorIndex index = open(folder)) {
      putNumbers(index, 0, 10);
      index.commit().join();
      index.clear().join();
    }

    try (LuceneVectorIndex index = open(folder)) {
      assertThat(index.names(null, 10).join()).isEmpty();
    }
    assertThatThrownBy(() -> LuceneVectorIndex.builder(folder).model("other").dimension(8).open())
        .isInstanceOf(IncompatibleIndexException.class);
  }

  @Test
  void open_afterACrash_hasEverythingCommitted() throws IOException {
    Path folder = temporary.resolve("vectors");
    Path left = temporary.resolve("left");
    try (LuceneVectorIndex index = open(folder)) {
      putNumbers(index, 0, 100);
      index.commit().join();
      putNumbers(index, 100, 200);
      index.names(null, 1).join();
      copy(folder, left);
    }

    try (LuceneVectorIndex index = open(left)) {
      assertThat(index.names(null, 1_000).join())
          .containsAll(IntStream.range(0, 100).mapToObj(LuceneVectorIndexTest::name).toList());
      putNumbers(index, 0, 200);
      assertThat(index.names(null, 1_000).join()).hasSize(200);
    }
  }

  @Test
  void write_isCommittedInTheBackground() throws InterruptedException {
    CountDownLatch committer = new CountDownLatch(2);
    try (LuceneVectorIndex index = builder(temporary.resolve("vectors")).commitInterval(Duration.ofMillis(10))
        .directory(directory -> new CountingCommits(directory, committer)).open()) {
      putNumbers(index, 0, 1);

      assertThat(committer.await(60, TimeUnit.SECONDS)).as("committed on opening and after the write").isTrue();
    }
  }

  @Test
  void search_afterFewWrites_needsNoRefresh() {
    HangingSegments segments = new HangingSegments();
    try (LuceneVectorIndex index = builder(temporary.resolve("vectors")).commitInterval(Duration.ofHours(1))
        .directory(segments::around).open(); segments) {
      putNumbers(index, 0, 5);
      assertThat(index.names(null, 10).join()).hasSize(5);
      segments.hang();

      putNumbers(index, 5, 7);
      index.remove(name(1)).join();
      index.put(document(TestMemories.changed(memory(2, ADA, "memory 2"), op(1_002), "two")), LATER).join();
      index.retain(new DocumentName(id(2), op(1_002))).join();
      index.removeAll(id(3)).join();
      index.put(document(memory(3, ADA, "memory 3")), LATER).join();
      index.removeAll(id(6)).join();

      for (List<Scope> scopes : List.of(List.of(ADA), List.<Scope>of())) {
        IndexHits hits = index.search(new IndexQuery(embedding("memory 5"), "two memory", scopes, null, 10, false,
            Set.of(name(1), name(2), name(3), name(5)))).join();
        assertThat(hits.semantic()).extracting(IndexHit::name).containsExactlyInAnyOrder(name(0), name(3), name(4),
            name(5), new DocumentName(id(2), op(1_002)));
        assertThat(hits.semantic().getFirst().name()).isEqualTo(name(5));
        assertThat(hits.lexical()).extracting(IndexHit::name).containsExactlyInAnyOrder(name(0), name(3), name(4),
            name(5), new DocumentName(id(2), op(1_002)));
        assertThat(hits.held()).containsExactlyInAnyOrder(name(3), name(5));
      }
      assertThat(index.search(new IndexQuery(embedding("memory 5"), null, List.of(Scope.user("bob")), null, 10, false))
          .join().semantic()).isEmpty();
    }
  }

  @Test
  void search_afterManyWritesInItsScope_findsThemAll() {
    try (LuceneVectorIndex index = builder(temporary.resolve("vectors")).commitInterval(Duration.ofHours(1)).open()) {
      for (int count : new int[]{1, 17, 300, 3_000}) {
        putNumbers(index, 0, count);

        assertThat(index.search(new IndexQuery(embedding("memory 0"), null, List.of(ADA), null, 5_000, false)).join()
            .semantic()).extracting(IndexHit::name)
            .containsExactlyInAnyOrderElementsOf(IntStream.range(0, count).mapToObj(LuceneVectorIndexTest::name)
                .toList());
        index.clear().join();
        assertThat(index.search(new IndexQuery(embedding("memory 0"), null, List.of(), null, 10, false)).join()
            .semantic()).isEmpty();
      }
    }
  }

  @Test
  void manyWrites_afterASearch_areRefreshedWithoutAnother() throws Exception {
    WatchedSegments segments = new WatchedSegments();
    try (LuceneVectorIndex index = builder(temporary.resolve("vectors")).commitInterval(Duration.ofHours(1))
        .directory(segments::around).open()) {
      index.search(new IndexQuery(embedding("memory 0"), null, List.of(ADA), null, 1, false)).join();
      CompletableFuture<String> written = segments.next();

      putNumbers(index, 0, 300);

      assertThat(written.get(60, TimeUnit.SECONDS)).as("a segment with new documents").isNotEmpty();
    }
  }

  @Test
  void writes_withoutReads_stayInMemory() {
    WatchedSegments segments = new WatchedSegments();
    try (LuceneVectorIndex index = builder(temporary.resolve("vectors")).commitInterval(Duration.ofHours(1))
        .directory(segments::around).open()) {
      CompletableFuture<String> written = segments.next();

      putNumbers(index, 0, 200);

      assertThat(written).isNotDone();
    }
  }

  @Test
  void vectorsOfManyDimensions_areFoundAfterReopening() {
    Path folder = temporary.resolve("vectors");
    Random random = new Random(5);
    List<Embedding> embeddings = new ArrayList<>();
    try (LuceneVectorIndex index = LuceneVectorIndex.builder(folder).model("large").dimension(4_096).open()) {
      for (int i = 0; i < 20; i++) {
        embeddings.add(embedding("large", 4_096, random));
        IndexDocument document = new IndexDocument(memory(i, ADA, "memory " + i), embeddings.get(i));
        assertThat(index.put(document, LATER).join()).isInstanceOf(Applied.class);
      }
    }

    try (LuceneVectorIndex index = LuceneVectorIndex.builder(folder).model("large").dimension(4_096).open()) {
      assertThat(index.search(new IndexQuery(embeddings.get(13), null, List.of(), null, 1, false)).join().semantic())
          .extracting(IndexHit::name).containsExactly(name(13));
    }
  }

  @Test
  void summary_containsTheSizeOfTheFolder() throws IOException {
    Path folder = temporary.resolve("vectors");
    try (LuceneVectorIndex index = open(folder)) {
      putNumbers(index, 0, 100);
      index.commit().join();

      IndexSummary summary = index.summary();

      assertThat(summary.documents()).isEqualTo(100);
      try (Stream<Path> files = Files.list(folder)) {
        assertThat(summary.bytes()).isPositive().isEqualTo(files.mapToLong(file -> file.toFile().length()).sum());
      }
    }
  }

  // The graph.

  @Test
  void search_byTheGraph_findsNearlyAllOfTheNearest() {
    Random random = new Random(17);
    try (LuceneVectorIndex graph = builder(temporary.resolve("graph")).exactLimit(0).graphThreshold(10).open();
        LuceneVectorIndex exact = builder(temporary.resolve("exact")).open()) {
      for (int i = 0; i < 3_000; i++) {
        Metadata metadata = Metadata.of("third", i % 3);
        IndexDocument document = new IndexDocument(
            memory(id(i), op(i), ADA, "memory " + i, metadata),
            embedding(TestMemories.MODEL, TestMemories.DIMENSION, random));
        graph.put(document, LATER).join();
        exact.put(document, LATER).join();
      }
      graph.commit().join();
      for (Filter filter : List.of(Filter.exists("third"), Filter.equal("third", 1))) {
        int found = 0;
        for (int i = 0; i < 20; i++) {
          IndexQuery query = new IndexQuery(embedding("query " + i), null, List.of(), filter, 10, false);
          Set<IndexHit> nearest = new HashSet<>(exact.search(query).join().semantic());
          List<IndexHit> hits = graph.search(query).join().semantic();
          assertThat(hits).hasSize(10).isSortedAccordingTo(Comparator.comparingDouble(IndexHit::score).reversed());
          assertThat(graph.search(query).join().exhausted()).isFalse();
          found += (int) hits.stream().filter(hit -> nearest.stream().anyMatch(near -> near.name().equals(hit.name())))
              .count();
        }
        assertThat(found).as("of 200, %s", filter).isGreaterThan(190);
      }
    }
  }

  /** A graph is built from 283 documents on; neither part has enough, and without a request they are not merged. */
  @Test
  void segmentsWithoutAGraph_areMergedIntoOne_whenFewWritesCome() throws Exception {
    Path folder = temporary.resolve("vectors");
    try (LuceneVectorIndex index = builder(folder).graphThreshold(50).commitInterval(Duration.ofHours(1)).open()) {
      putNumbers(index, 0, 200);
      index.commit().join();
      putNumbers(index, 200, 400);
    }
    assertThat(segments(folder)).isEqualTo(2);

    try (LuceneVectorIndex index = builder(folder).graphThreshold(50).commitInterval(Duration.ofMillis(50)).open()) {
      Instant end = Instant.now().plusSeconds(60);
      while (segments(folder) > 1) {
        assertThat(Instant.now()).as("the segments are merged").isBefore(end);
        LockSupport.parkNanos(POLL_NANOS);
      }
      assertThat(index.summary().documents()).isEqualTo(400);
    }
  }

  /**
   * A graph is built from 283 documents on. From each segment far fewer documents are removed than make Lucene merge
   * it.
   */
  @Test
  void expunge_ofFewDocumentsOfLargeSegments_purgesTheirWordsFromTheFiles() throws Exception {
    Path folder = temporary.resolve("vectors");
    try (LuceneVectorIndex index = builder(folder).graphThreshold(50).commitInterval(Duration.ofHours(1)).open()) {
      putNumbers(index, 0, 400);
      put(index, 1_000, "zqxwvjk");
      index.commit().join();
      putNumbers(index, 400, 500);
      put(index, 1_001, "zqxwvjk again");
      index.commit().join();
      assertThat(holding(folder, "zqxwvjk")).isNotEmpty();
      index.remove(name(1_000)).join();
      index.retain(new DocumentName(id(1_001), op(9_999))).join();
      index.commit().join();
      assertThat(index.names(null, 1_000).join()).as("the view that searches have").hasSize(500);
      assertThat(holding(folder, "zqxwvjk")).as("removed is not gone").isNotEmpty();

      index.expunge().join();

      assertThat(holding(folder, "zqxwvjk")).isEmpty();
      assertThat(segments(folder)).as("the one with a graph is left by itself").isEqualTo(2);
      assertThat(index.summary().documents()).isEqualTo(500);
    }
  }

  @Test
  void expunge_duringWritesAndRemovals_purgesEarlierRemovedDocuments() throws Exception {
    Path folder = temporary.resolve("vectors");
    AtomicBoolean stop = new AtomicBoolean();
    try (LuceneVectorIndex index = builder(folder).graphThreshold(50).commitInterval(Duration.ofMillis(20)).open()) {
      putNumbers(index, 0, 600);
      Thread writer = Thread.ofPlatform().start(() -> {
        for (int i = 0; !stop.get(); i++) {
          put(index, 10_000 + i % 100, "number " + i);
          index.removeAll(id(10_000 + (i + 50) % 100)).join();
          assertThat(index.names(null, 1).join()).hasSize(1);
        }
      });
      for (int round = 0; round < 4; round++) {
        String word = "zqxwvjk" + (char) ('a' + round);
        put(index, 5_000 + round, word);
        index.commit().join();
        assertThat(holding(folder, word)).isNotEmpty();
        index.removeAll(id(5_000 + round)).join();

        index.expunge().join();

        assertThat(holding(folder, word)).isEmpty();
      }
      stop.set(true);
      writer.join();
    }
  }

  private static void put(LuceneVectorIndex index, int number, String content) {
    assertThat(index.put(document(number, ADA, content), LATER).join()).isInstanceOf(Applied.class);
  }

  /** The files that contain a word of ASCII letters. */
  private static List<Path> holding(Path folder, String word) throws IOException {
    List<Path> holding = new ArrayList<>();
    for (Path file : files(folder, "")) {
      try {
        if (Files.readString(file, StandardCharsets.ISO_8859_1).contains(word)) {
          holding.add(file);
        }
      } catch (NoSuchFileException e) {
        // It was deleted while the folder was read.
      }
    }
    return holding;
  }

  // Refusals.

  @Test
  void open_forAnotherLanguage_failsWithAdvice() {
    Path folder = temporary.resolve("vectors");
    assertThat(LuceneVectorIndex.language(folder)).isEmpty();
    builder(folder).language(Locale.GERMAN).open().close();

    assertThat(LuceneVectorIndex.language(folder)).contains(Locale.GERMAN);
    assertThatThrownBy(() -> builder(folder).open()).isInstanceOf(IncompatibleIndexException.class)
        .hasMessageContaining("language de").hasMessageContaining("en is configured")
        .hasMessageContaining("`memlane reindex`");
  }

  @Test
  void open_forAnotherModelOrDimension_failsWithAdvice() {
    Path folder = temporary.resolve("vectors");
    try (LuceneVectorIndex index = open(folder)) {
      putNumbers(index, 0, 1);
    }

    assertThatThrownBy(() -> LuceneVectorIndex.builder(folder).model("other").dimension(8).open())
        .isInstanceOf(IncompatibleIndexException.class).hasMessageContaining(folder.toString())
        .hasMessageContaining("test-8").hasMessageContaining("other").hasMessageContaining("`memlane reindex`");
    assertThatThrownBy(() -> LuceneVectorIndex.builder(folder).model("test-8").dimension(9).open())
        .isInstanceOf(IncompatibleIndexException.class).hasMessageContaining("8 dimensions")
        .hasMessageContaining("9 dimensions");
    try (LuceneVectorIndex index = open(folder)) {
      assertThat(index.names(null, 10).join()).hasSize(1);
    }
  }

  @Test
  void open_ofAFolderThatIsOpen_fails() {
    Path folder = temporary.resolve("vectors");
    try (LuceneVectorIndex index = open(folder)) {
      assertThatThrownBy(() -> open(folder)).isInstanceOf(StoreException.class)
          .hasMessageContaining(folder.toString()).hasMessageContaining("open already");
      assertThatThrownBy(() -> LuceneVectorIndex.delete(folder)).isInstanceOf(StoreException.class)
          .hasMessageContaining("open already");

      putNumbers(index, 0, 1);
      assertThat(index.names(null, 10).join()).hasSize(1);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"segments_", ".cfs", ".cfe", ".si"})
  void open_withoutAFile_failsWithAdvice(String missing) throws IOException {
    Path folder = filled();
    for (Path file : files(folder, missing)) {
      Files.delete(file);
    }

    assertThatThrownBy(() -> open(folder)).isInstanceOf(DamagedIndexException.class)
        .hasMessageContaining(folder.toString()).hasMessageContaining("`memlane reindex`")
        .hasMessageContaining("nothing is lost");
    rebuild(folder);
  }

  @ParameterizedTest
  @ValueSource(strings = {"segments_", ".cfs", ".cfe", ".si"})
  void open_withATruncatedFile_failsWithAdvice(String truncated) throws IOException {
    Path folder = filled();
    for (Path file : files(folder, truncated)) {
      byte[] bytes = Files.readAllBytes(file);
      Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
    }

    assertThatThrownBy(() -> open(folder)).isInstanceOf(DamagedIndexException.class)
        .hasMessageContaining(folder.toString());
    rebuild(folder);
  }

  @ParameterizedTest
  @ValueSource(strings = {"segments_", ".si", ".cfe"})
  void open_withABrokenFile_failsWithAdvice(String broken) throws IOException {
    Path folder = filled();
    for (Path file : files(folder, broken)) {
      byte[] bytes = Files.readAllBytes(file);
      for (int i = 0; i < bytes.length; i += 3) {
        bytes[i] ^= 0x55;
      }
      Files.write(file, bytes);
    }

    assertThatThrownBy(() -> open(folder)).isInstanceOf(DamagedIndexException.class)
        .hasMessageContaining(folder.toString());
    rebuild(folder);
  }

  @Test
  void open_ofAnotherProgramsIndex_fails() throws IOException {
    Path folder = temporary.resolve("vectors");
    try (Directory directory = FSDirectory.open(folder);
        IndexWriter writer = new IndexWriter(directory, new IndexWriterConfig())) {
      writer.commit();
    }

    assertThatThrownBy(() -> open(folder)).isInstanceOf(DamagedIndexException.class)
        .hasMessageContaining("a folder of its own");
  }

  @Test
  void open_pathIsAFile_fails() throws IOException {
    Path file = Files.writeString(temporary.resolve("file"), "hello");

    assertThatThrownBy(() -> open(file)).isInstanceOf(StoreException.class).hasMessageContaining("name a folder");
    assertThatThrownBy(() -> open(file.resolve("below"))).isInstanceOf(StoreException.class)
        .hasMessageContaining("name a folder");
  }

  @Test
  void open_withoutModelOrDimension_fails() {
    assertThatThrownBy(() -> LuceneVectorIndex.builder(temporary).dimension(8).open())
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> LuceneVectorIndex.builder(temporary).model("m").open())
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void put_ofADocumentThatLuceneRejects_isNotAppliedAndHarmsNothing() {
    try (LuceneVectorIndex index = builder(temporary.resolve("vectors")).analyzer(new KeywordAnalyzer()).open()) {
      assertThat(index.put(document(1, ADA, "x".repeat(40_000)), LATER).join()).isInstanceOf(NotApplied.class);

      putNumbers(index, 2, 4);
      assertThat(index.names(null, 10).join()).containsExactly(name(2), name(3));
    }
  }

  // The folder.

  @Test
  void open_createsTheFolderForItsOwnerOnly() throws IOException {
    Path folder = temporary.resolve("parent/vectors");
    assumeTrue(Files.getFileStore(temporary).supportsFileAttributeView("posix"));

    open(folder).close();

    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder))).isEqualTo("rwx------");
  }

  @Test
  void delete_keepsForeignFiles() throws IOException {
    Path folder = filled();
    Path notes = Files.writeString(folder.resolve("notes.txt"), "mine");

    LuceneVectorIndex.delete(folder);

    assertThat(files(folder, "")).containsExactly(notes);
    rebuild(folder);
    Files.delete(notes);
    LuceneVectorIndex.delete(folder);
    assertThat(folder).doesNotExist();
    LuceneVectorIndex.delete(folder);
  }

  @Test
  void interruptedCaller_harmsNothing() {
    Path folder = temporary.resolve("vectors");
    try (LuceneVectorIndex index = open(folder)) {
      putNumbers(index, 0, 10);
      Thread.currentThread().interrupt();
      assertThat(index.summary().documents()).isEqualTo(10);
      assertThat(Thread.currentThread().isInterrupted()).isTrue();
    }
    assertThat(Thread.interrupted()).isTrue();

    try (LuceneVectorIndex index = open(folder)) {
      assertThat(index.summary().documents()).isEqualTo(10);
    }
  }

  private Path filled() {
    Path folder = temporary.resolve("vectors");
    try (LuceneVectorIndex index = open(folder)) {
      putNumbers(index, 0, 10);
    }
    return folder;
  }

  private static void rebuild(Path folder) {
    LuceneVectorIndex.delete(folder);
    try (LuceneVectorIndex index = open(folder)) {
      assertThat(index.names(null, 10).join()).isEmpty();
      putNumbers(index, 0, 1);
    }
  }

  private static LuceneVectorIndex open(Path folder) {
    return builder(folder).open();
  }

  private static LuceneVectorIndexBuilder builder(Path folder) {
    return LuceneVectorIndex.builder(folder).model(TestMemories.MODEL).dimension(TestMemories.DIMENSION);
  }

  private static void putNumbers(LuceneVectorIndex index, int from, int to) {
    for (int i = from; i < to; i++) {
      assertThat(index.put(document(i, ADA, "memory " + i), LATER).join()).isInstanceOf(Applied.class);
    }
  }

  private static DocumentName name(long number) {
    return new DocumentName(id(number), op(number));
  }

  private static int segments(Path folder) throws IOException {
    try (Directory directory = FSDirectory.open(folder)) {
      return SegmentInfos.readLatestCommit(directory).size();
    }
  }

  private static List<Path> files(Path folder, String part) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> String.valueOf(file.getFileName()).contains(part)).toList();
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectory(to);
    for (Path file : files(from, "")) {
      Files.copy(file, to.resolve(from.relativize(file)));
    }
  }

  /** A directory that reports when the documents in memory are written as a segment. */
  private static final class WatchedSegments {

    private volatile CompletableFuture<String> next = new CompletableFuture<>();

    /** Ends with the next segment, whose description is written last. */
    CompletableFuture<String> next() {
      next = new CompletableFuture<>();
      return next;
    }

    Directory around(Directory directory) {
      return new FilterDirectory(directory) {
        @Override
        public IndexOutput createOutput(String name, IOContext context) throws IOException {
          if (name.endsWith(".si")) {
            next.complete(name);
          }
          return super.createOutput(name, context);
        }
      };
    }
  }

  /** A directory in which no segment is completed from a moment on until this is closed. */
  private static final class HangingSegments implements AutoCloseable {

    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile boolean hangs;

    void hang() {
      hangs = true;
    }

    Directory around(Directory directory) {
      return new FilterDirectory(directory) {
        @Override
        public IndexOutput createOutput(String name, IOContext context) throws IOException {
          if (hangs && name.endsWith(".si")) {
            Uninterruptibles.await(closed::await);
          }
          return super.createOutput(name, context);
        }
      };
    }

    @Override
    public void close() {
      closed.countDown();
    }
  }

  /** A directory that counts commits: each ends with the renaming of the list of segments. */
  private static final class CountingCommits extends FilterDirectory {

    private final CountDownLatch committer;

    CountingCommits(Directory directory, CountDownLatch committer) {
      super(directory);
      this.committer = committer;
    }

    @Override
    public void rename(String source, String destination) throws IOException {
      super.rename(source, destination);
      committer.countDown();
    }
  }
}
