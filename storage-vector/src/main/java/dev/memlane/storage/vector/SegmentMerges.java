package dev.memlane.storage.vector;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.lucene.index.FilterMergePolicy;
import org.apache.lucene.index.MergePolicy;
import org.apache.lucene.index.MergeTrigger;
import org.apache.lucene.index.SegmentCommitInfo;
import org.apache.lucene.index.SegmentInfos;
import org.apache.lucene.index.TieredMergePolicy;
import org.jspecify.annotations.Nullable;

/**
 * The merge policy: which segments are merged, and when. Segments without a graph are merged with each other at any
 * time, as long as the result needs no graph. Merges that build a graph run only on request.
 *
 * <p>
 * <b>When.</b> Building a graph takes a core for half a millisecond per document, many times the cost of storing the
 * document, and on a small machine writers lose all of that time. So graphs wait until few writes come, when
 * {@link Committer} requests them ({@link MergeTrigger#EXPLICIT}). Until then, searches over all scopes compare every
 * vector written meanwhile; searches in one scope hardly notice.
 *
 * <p>
 * <b>Which.</b> A search after a write creates a segment of one document. Such segments are merged by the dozen. That
 * must not rewrite a graph of a hundred thousand documents, nor ten thousand documents for every few new ones. Lucene's
 * own policy does both, because it treats all segments below 16 MB as equally large and merges arbitrary neighbours of
 * a longer list. Here, segments with a graph and segments without one are never merged with each other, and the latter
 * are merged into one with a graph as soon as they have enough documents.
 *
 * <p>
 * <b>Memory.</b> A graph is built on the heap. Segments with a graph are merged up to {@value #LARGEST_MEGABYTES} MB,
 * which needs some 100 MB of heap; more documents have several graphs. With smaller vectors, as many documents have a graph
 * as with floats.
 */
final class SegmentMerges extends FilterMergePolicy {

  /** Segments below this size, some hundred documents, count as equally large. */
  private static final double SMALLEST_MEGABYTES = 1;
  private static final double LARGEST_MEGABYTES = 512;
  private static final double MEGABYTE = 1 << 20;
  /** What a document of a sentence or two takes besides its vector. */
  private static final int OTHER_BYTES = 900;
  /** A first graph gets at most this many times the fewest documents of a graph. */
  private static final int MOST_IN_FIRST_GRAPH = 5;

  private final MergePolicy amongGraphs;
  private final int leastInGraph;

  /**
   * @param graphThreshold see {@link IndexCodec}
   * @param dimension the dimension of the vectors
   * @param vectorBytes the bytes of a vector, which makes up most of a document, or much of it
   */
  SegmentMerges(int graphThreshold, int dimension, int vectorBytes) {
    super(new TieredMergePolicy().setFloorSegmentMB(SMALLEST_MEGABYTES).setMaxMergedSegmentMB(
        (double) IndexCodec.leastInGraph(graphThreshold) * vectorBytes / MEGABYTE));
    this.amongGraphs = new TieredMergePolicy().setMaxMergedSegmentMB(largestMegabytes(dimension, vectorBytes));
    this.leastInGraph = IndexCodec.leastInGraph(graphThreshold);
  }

  /** How large a segment with a graph may become: as many documents as those with floats. */
  static double largestMegabytes(int dimension, int vectorBytes) {
    return LARGEST_MEGABYTES * (vectorBytes + OTHER_BYTES) / (dimension * Float.BYTES + OTHER_BYTES);
  }

  @Override
  public @Nullable MergeSpecification findMerges(MergeTrigger trigger, SegmentInfos segments,
      MergeContext context) throws IOException {
    SegmentInfos graphs = new SegmentInfos(segments.getIndexCreatedVersionMajor());
    SegmentInfos others = new SegmentInfos(segments.getIndexCreatedVersionMajor());
    for (SegmentCommitInfo segment : segments) {
      (segment.info.maxDoc() >= leastInGraph ? graphs : others).add(segment);
    }
    MergeSpecification merges = new MergeSpecification();
    if (trigger == MergeTrigger.EXPLICIT) {
      addFirstGraphs(merges, others, context);
      addAll(merges, amongGraphs.findMerges(trigger, graphs, context));
    }
    if (merges.merges.isEmpty()) {
      addAll(merges, super.findMerges(trigger, others, context));
    }
    return merges.merges.isEmpty() ? null : merges;
  }

  /**
   * Adds merges of the segments that no merge has yet, where they have enough documents, and some more, for a graph.
   */
  private void addFirstGraphs(MergeSpecification merges, SegmentInfos others, MergeContext context)
      throws IOException {
    List<SegmentCommitInfo> gathered = new ArrayList<>();
    long documents = 0;
    for (SegmentCommitInfo segment : others) {
      if (!context.getMergingSegments().contains(segment)) {
        gathered.add(segment);
        documents += segment.info.maxDoc() - context.numDeletesToMerge(segment);
        if (documents >= (long) MOST_IN_FIRST_GRAPH * leastInGraph) {
          merges.add(new OneMerge(gathered));
          gathered = new ArrayList<>();
          documents = 0;
        }
      }
    }
    if (documents >= leastInGraph + leastInGraph / 4) {
      merges.add(new OneMerge(gathered));
    }
  }

  /**
   * Merges all segments with removed documents, however few, because the caller wants these documents purged. Segments
   * with a graph are rewritten one by one, so that none grows too large for the heap; the others are merged with each
   * other into segments too small for a graph.
   */
  @Override
  public @Nullable MergeSpecification findForcedDeletesMerges(SegmentInfos segments, MergeContext context)
      throws IOException {
    MergeSpecification merges = new MergeSpecification();
    List<SegmentCommitInfo> gathered = new ArrayList<>();
    long documents = 0;
    for (SegmentCommitInfo segment : segments) {
      int removed = context.numDeletesToMerge(segment);
      if (removed == 0 || context.getMergingSegments().contains(segment)) {
        continue;
      }
      int left = segment.info.maxDoc() - removed;
      if (left >= leastInGraph) {
        merges.add(new OneMerge(List.of(segment)));
        continue;
      }
      if (documents + left >= leastInGraph) {
        merges.add(new OneMerge(gathered));
        gathered = new ArrayList<>();
        documents = 0;
      }
      gathered.add(segment);
      documents += left;
    }
    if (!gathered.isEmpty()) {
      merges.add(new OneMerge(gathered));
    }
    return merges.merges.isEmpty() ? null : merges;
  }

  private static void addAll(MergeSpecification merges, @Nullable MergeSpecification more) {
    if (more != null) {
      more.merges.forEach(merges::add);
    }
  }
}
