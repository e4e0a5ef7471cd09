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
 * Which segments are merged, and when: those without a graph among themselves at any time, to such as still need none;
 * everything that builds a graph only when it is asked for.
 *
 * <p>
 * <b>When.</b> A graph costs a core for half a millisecond a document, many times what storing the document costs, and
 * on a small machine all of that is taken from those who write. So graphs wait until there is little to write, when
 * {@link Commits} asks for them ({@link MergeTrigger#EXPLICIT}). Until then searches over all scopes compare every
 * vector that came meanwhile; searches in a scope hardly notice.
 *
 * <p>
 * <b>Which.</b> A search after a write makes a segment of one document. Those are merged by the dozen, and must neither
 * drag a graph of a hundred thousand documents with them nor ten thousand documents for every few. Lucene's own policy
 * does both, because it counts all segments below 16 MB as equally large, and takes from a longer list what happens to
 * stand together. Here those without a graph and those with one each keep to themselves, and the former become one with a
 * graph as soon as they are enough for it.
 *
 * <p>
 * <b>Memory.</b> A graph is built on the heap. Segments that have one are merged up to {@value #LARGEST_MEGABYTES} MB,
 * which takes some 100 MB; more documents are in several graphs.
 */
final class SegmentMerges extends FilterMergePolicy {

  /** Below this size segments count as equally large: some hundred documents. */
  private static final double SMALLEST_MEGABYTES = 1;
  private static final double LARGEST_MEGABYTES = 512;
  private static final double MEGABYTE = 1 << 20;
  /** How many times what is worth a graph is put into a first one. */
  private static final int MOST_IN_FIRST_GRAPH = 5;

  private final MergePolicy amongGraphs = new TieredMergePolicy().setMaxMergedSegmentMB(LARGEST_MEGABYTES);
  private final int leastInGraph;

  /**
   * @param graphThreshold see {@link IndexCodec}
   * @param dimension of the vectors, which are most of a document
   */
  SegmentMerges(int graphThreshold, int dimension) {
    super(new TieredMergePolicy().setFloorSegmentMB(SMALLEST_MEGABYTES).setMaxMergedSegmentMB(
        (double) IndexCodec.leastInGraph(graphThreshold) * dimension * Float.BYTES / MEGABYTE));
    this.leastInGraph = IndexCodec.leastInGraph(graphThreshold);
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

  /** A merge for every so many documents that no other merge has, with some to spare so that the graph is worth it. */
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
   * All segments with removed documents, however few: who asks wants the documents to be gone. Those with a graph alone, so
   * that none grows too large for the heap; the others together, as far as none gets a graph by it.
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
