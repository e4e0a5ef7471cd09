package dev.memlane.storage.vector;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.apache.lucene.document.BinaryDocValuesField;
import org.apache.lucene.document.Document;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.MergePolicy;
import org.apache.lucene.index.MergeTrigger;
import org.apache.lucene.index.NoMergePolicy;
import org.apache.lucene.index.SegmentInfos;
import org.apache.lucene.store.ByteBuffersDirectory;
import org.apache.lucene.store.Directory;
import org.apache.lucene.util.BytesRef;
import org.junit.jupiter.api.Test;

/** The choice of segments to merge, by their numbers of documents. */
class SegmentMergesTest {

  /** A graph is built from 283 documents on. */
  private static final int GRAPH_THRESHOLD = 50;
  private static final int DIMENSION = 100;

  @Test
  void leastInGraph_isWhereLuceneBeginsToBuildGraphs() {
    assertThat(IndexCodec.leastInGraph(GRAPH_THRESHOLD)).isEqualTo(283);
    assertThat(IndexCodec.leastInGraph(2_000)).isBetween(19_000, 20_500);
  }

  @Test
  void largestSegment_ofSmallVectors_hasAsManyDocumentsAsOneOfFloats() {
    assertThat(SegmentMerges.largestMegabytes(384, 4 * 384)).isEqualTo(512);
    assertThat(SegmentMerges.largestMegabytes(384, 384)).isBetween(265.0, 275.0);
  }

  @Test
  void smallSegments_areMergedWithoutGraphs() throws IOException {
    List<Integer> sizes = new ArrayList<>(List.of(400, 350, 300));
    sizes.addAll(Collections.nCopies(12, 1));

    for (MergeTrigger trigger : List.of(MergeTrigger.FULL_FLUSH, MergeTrigger.EXPLICIT)) {
      assertThat(merges(trigger, sizes)).isNotEmpty()
          .allSatisfy(merge -> assertThat(merge).containsOnly(1));
    }
  }

  @Test
  void fewSmallSegments_areNotMerged() throws IOException {
    assertThat(merges(MergeTrigger.EXPLICIT, List.of(400, 350, 300, 1, 1, 1))).isEmpty();
  }

  @Test
  void enoughDocumentsWithoutAGraph_areMergedIntoOne_onRequest() throws IOException {
    List<Integer> sizes = List.of(400, 200, 160, 2);

    assertThat(merges(MergeTrigger.EXPLICIT, sizes)).singleElement()
        .satisfies(merge -> assertThat(merge).containsExactlyInAnyOrder(200, 160, 2));
    for (MergeTrigger trigger : List.of(MergeTrigger.SEGMENT_FLUSH, MergeTrigger.FULL_FLUSH,
        MergeTrigger.MERGE_FINISHED, MergeTrigger.COMMIT)) {
      assertThat(merges(trigger, sizes)).isEmpty();
    }
  }

  @Test
  void tooFewDocumentsForAGraph_areNotMerged() throws IOException {
    assertThat(merges(MergeTrigger.EXPLICIT, List.of(400, 200, 100))).isEmpty();
  }

  @Test
  void manyDocumentsWithoutAGraph_areMergedIntoSeveralGraphs() throws IOException {
    assertThat(merges(MergeTrigger.EXPLICIT, Collections.nCopies(14, 200))).hasSize(2)
        .allSatisfy(merge -> assertThat(merge).hasSizeBetween(6, 8));
  }

  @Test
  void mergesWithoutRequest_staySmallerThanAGraph() throws IOException {
    assertThat(merges(MergeTrigger.FULL_FLUSH, Collections.nCopies(14, 200))).isEmpty();
    assertThat(merges(MergeTrigger.FULL_FLUSH, Collections.nCopies(30, 40))).isNotEmpty().allSatisfy(
        merge -> assertThat(merge.stream().mapToInt(Integer::intValue).sum()).isBetween(80, 282));
  }

  /** The numbers of documents in the segments of each merge. */
  private static List<List<Integer>> merges(MergeTrigger trigger, List<Integer> sizes) throws IOException {
    try (Directory directory = new ByteBuffersDirectory();
        IndexWriter writer = new IndexWriter(directory,
            new IndexWriterConfig().setMergePolicy(NoMergePolicy.INSTANCE))) {
      for (int size : sizes) {
        for (int i = 0; i < size; i++) {
          Document document = new Document();
          document.add(new BinaryDocValuesField("vector", new BytesRef(new byte[DIMENSION * Float.BYTES])));
          writer.addDocument(document);
        }
        writer.commit();
      }
      SegmentInfos segments = SegmentInfos.readLatestCommit(directory);
      assertThat(segments.asList()).hasSameSizeAs(sizes);
      MergePolicy.MergeSpecification found = new SegmentMerges(GRAPH_THRESHOLD, DIMENSION, DIMENSION * Float.BYTES)
          .findMerges(trigger, segments, writer);
      return found == null
          ? List.of()
          : found.merges.stream()
              .map(merge -> merge.segments.stream().map(segment -> segment.info.maxDoc()).toList()).toList();
    }
  }
}
