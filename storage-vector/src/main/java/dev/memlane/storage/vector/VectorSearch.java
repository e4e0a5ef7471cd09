package dev.memlane.storage.vector;

import dev.memlane.model.ActorName;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.ReaderUtil;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.ConstantScoreQuery;
import org.apache.lucene.search.DocAndFloatFeatureBuffer;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.MatchAllDocsQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.ScoreMode;
import org.apache.lucene.search.Scorer;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.VectorScorer;
import org.apache.lucene.search.Weight;
import org.apache.lucene.util.Bits;
import org.jspecify.annotations.Nullable;

/**
 * The search for the documents nearest to a vector: exact where few documents match the filter, by the graph otherwise.
 *
 * <p>
 * A graph is walked from neighbour to neighbour. Where most neighbours are outside the filter, the walk finds little or
 * ends early. A scope usually holds some hundred documents; comparing all of them is faster and misses none. So the
 * matches are listed first, up to a limit. Up to that limit all are compared. Beyond it the graph is used
 * (after Malkov and Yashunin, 2016). If it returns fewer than requested although more match, all are compared after all.
 *
 * <p>
 * Where {@link StoredVectors} has a quick comparison, both ways only find candidates by it, of which the nearest are found
 * by the comparison that counts.
 */
final class VectorSearch {

  /** The fewest candidates of a walk; keeping only the few that a caller wants would miss too many. */
  private static final int LEAST_KEPT = 100;

  private static final Comparator<ScoreDoc> FARTHEST_FIRST = Comparator.comparingDouble((ScoreDoc hit) -> hit.score)
      .thenComparing(hit -> hit.doc, Comparator.reverseOrder());

  private final StoredVectors vectors;
  private final int exactLimit;

  /**
   * @param vectors how vectors are compared
   * @param exactLimit the most documents to compare one by one, unless more are requested
   */
  VectorSearch(StoredVectors vectors, int exactLimit) {
    this.vectors = vectors;
    this.exactLimit = exactLimit;
  }

  /**
   * The nearest documents, nearest first.
   *
   * @param exhausted whether these are all that match
   */
  record Nearest(List<ScoreDoc> documents, boolean exhausted) {}

  /**
   * Searches. If memories with an actor have a vector of their own, they are searched apart from the others, so each kind
   * costs what it would cost in a search of its own.
   *
   * @param filter null if every document matches
   * @param depth the most documents to return
   */
  Nearest search(IndexSearcher searcher, QuestionVectors question, @Nullable Query filter, int depth)
      throws IOException {
    float[] spoken = question.spoken();
    if (spoken == null) {
      return search(searcher, question.plain(), filter, depth);
    }
    Query nobody = new TermQuery(new Term(DocumentFields.ACTOR, ActorName.NOBODY));
    if (!isAny(searcher, with(filter, nobody, Occur.FILTER))) {
      return search(searcher, spoken, filter, depth);
    }
    Nearest unspoken = search(searcher, question.plain(), with(filter, nobody, Occur.FILTER), depth);
    return merged(unspoken, search(searcher, spoken, with(filter, nobody, Occur.MUST_NOT), depth), depth);
  }

  private static Query with(@Nullable Query filter, Query nobody, Occur occur) {
    return new BooleanQuery.Builder().add(filter == null ? MatchAllDocsQuery.INSTANCE : filter, Occur.FILTER)
        .add(nobody, occur).build();
  }

  private static boolean isAny(IndexSearcher searcher, Query query) throws IOException {
    return searcher.search(new ConstantScoreQuery(query), 1).scoreDocs.length > 0;
  }

  private static Nearest merged(Nearest one, Nearest other, int depth) {
    List<ScoreDoc> both = new ArrayList<>(one.documents());
    both.addAll(other.documents());
    both.sort(FARTHEST_FIRST.reversed());
    boolean exhausted = one.exhausted() && other.exhausted() && both.size() <= depth;
    return new Nearest(List.copyOf(both.subList(0, Math.min(depth, both.size()))), exhausted);
  }

  private Nearest search(IndexSearcher searcher, float[] unit, @Nullable Query filter, int depth) throws IOException {
    int candidates = vectors.candidates(depth);
    int limit = Math.max(exactLimit, vectors.comparedAll(depth));
    if (filter != null || searcher.getIndexReader().numDocs() <= limit) {
      int[] matches = matches(searcher, filter, limit);
      if (matches.length <= limit) {
        return compareAll(searcher, unit, matches, depth);
      }
    }
    int kept = Math.max(candidates, LEAST_KEPT);
    ScoreDoc[] found = searcher.search(vectors.near(unit, kept, filter), candidates).scoreDocs;
    if (found.length < candidates) {
      return compareAll(searcher, unit, matches(searcher, filter, Integer.MAX_VALUE - 1), depth);
    }
    return new Nearest(candidates == depth ? List.of(found) : again(searcher, unit, List.of(found), depth), false);
  }

  /** Compares all, or those again that are the best by the quick comparison. */
  private Nearest compareAll(IndexSearcher searcher, float[] unit, int[] matches, int depth) throws IOException {
    int candidates = vectors.candidates(depth);
    List<ScoreDoc> nearest = candidates == depth || matches.length <= vectors.comparedAll(depth)
        ? best(searcher, unit, matches, depth, vectors::exact)
        : again(searcher, unit, best(searcher, unit, matches, candidates, vectors::quick), depth);
    return new Nearest(nearest, matches.length <= depth);
  }

  /** The nearest of some candidates by the comparison that counts. */
  private List<ScoreDoc> again(IndexSearcher searcher, float[] unit, List<ScoreDoc> candidates, int depth)
      throws IOException {
    int[] ascending = candidates.stream().mapToInt(found -> found.doc).sorted().toArray();
    return best(searcher, unit, ascending, depth, vectors::exact);
  }

  /**
   * Computes how near documents are to a vector.
   *
   * @param documents in any order
   * @return their scores, by document
   */
  Map<Integer, Float> compare(IndexSearcher searcher, QuestionVectors question, List<ScoreDoc> documents)
      throws IOException {
    int[] ascending = documents.stream().mapToInt(found -> found.doc).sorted().toArray();
    Map<Integer, Float> scores = new HashMap<>();
    float[] spoken = question.spoken();
    compareAll(searcher, spoken == null ? question.plain() : spoken, ascending, scores);
    if (spoken != null) {
      Query nobody = new TermQuery(new Term(DocumentFields.ACTOR, ActorName.NOBODY));
      compareAll(searcher, question.plain(), among(searcher, nobody, ascending), scores);
    }
    return scores;
  }

  private void compareAll(IndexSearcher searcher, float[] unit, int[] ascending, Map<Integer, Float> scores)
      throws IOException {
    if (ascending.length > 0) {
      for (ScoreDoc compared : best(searcher, unit, ascending, ascending.length, vectors::exact)) {
        scores.put(compared.doc, compared.score);
      }
    }
  }

  /** Those of some documents, in ascending order, that match a query. */
  private static int[] among(IndexSearcher searcher, Query query, int[] ascending) throws IOException {
    Weight weight = searcher.createWeight(searcher.rewrite(query), ScoreMode.COMPLETE_NO_SCORES, 1);
    int[] matching = new int[ascending.length];
    int count = 0;
    LeafReaderContext leaf = null;
    DocIdSetIterator walk = DocIdSetIterator.empty();
    for (int doc : ascending) {
      if (leaf == null || doc >= leaf.docBase + leaf.reader().maxDoc()) {
        leaf = searcher.getIndexReader().leaves().get(ReaderUtil.subIndex(doc, searcher.getIndexReader().leaves()));
        Scorer scorer = weight.scorer(leaf);
        walk = scorer == null ? DocIdSetIterator.empty() : scorer.iterator();
      }
      int wanted = doc - leaf.docBase;
      if (walk.docID() < wanted && walk.advance(wanted) == wanted || walk.docID() == wanted) {
        matching[count++] = doc;
      }
    }
    return Arrays.copyOf(matching, count);
  }

  /** The live documents that match, in ascending order; one more than the limit if there are more. */
  private static int[] matches(IndexSearcher searcher, @Nullable Query filter, int limit) throws IOException {
    Query query = filter == null ? MatchAllDocsQuery.INSTANCE : filter;
    Weight weight = searcher.createWeight(searcher.rewrite(query), ScoreMode.COMPLETE_NO_SCORES, 1);
    int[] matches = new int[Math.min(256, searcher.getIndexReader().numDocs())];
    int count = 0;
    for (LeafReaderContext leaf : searcher.getIndexReader().leaves()) {
      Scorer scorer = weight.scorer(leaf);
      if (scorer == null) {
        continue;
      }
      Bits live = leaf.reader().getLiveDocs();
      DocIdSetIterator walk = scorer.iterator();
      for (int doc = walk.nextDoc(); doc != DocIdSetIterator.NO_MORE_DOCS; doc = walk.nextDoc()) {
        if (live != null && !live.get(doc)) {
          continue;
        }
        if (count == matches.length) {
          matches = Arrays.copyOf(matches, 2 * matches.length);
        }
        matches[count++] = leaf.docBase + doc;
        if (count > limit) {
          return Arrays.copyOf(matches, count);
        }
      }
    }
    return Arrays.copyOf(matches, count);
  }

  /** A way to compare a vector with those of a segment. */
  @FunctionalInterface
  private interface Comparison {
    @Nullable
    VectorScorer of(LeafReader segment, float[] unit) throws IOException;
  }

  /** The nearest of some documents, which are in ascending order; nearest first. */
  private static List<ScoreDoc> best(IndexSearcher searcher, float[] unit, int[] matches, int depth,
      Comparison comparison) throws IOException {
    PriorityQueue<ScoreDoc> best = new PriorityQueue<>(FARTHEST_FIRST);
    List<LeafReaderContext> leaves = searcher.getIndexReader().leaves();
    DocAndFloatFeatureBuffer compared = new DocAndFloatFeatureBuffer();
    int next = 0;
    while (next < matches.length) {
      LeafReaderContext leaf = leaves.get(ReaderUtil.subIndex(matches[next], leaves));
      int end = next + 1;
      while (end < matches.length && matches[end] < leaf.docBase + leaf.reader().maxDoc()) {
        end++;
      }
      VectorScorer.Bulk scorer = scorer(leaf, unit, comparison).bulk(new Listed(matches, next, end, leaf.docBase));
      while (next < end) {
        float highest = scorer.nextDocsAndScores(DocIdSetIterator.NO_MORE_DOCS, null, compared);
        if (compared.size == 0) {
          throw new IllegalStateException("a document of the index has no vector");
        }
        next += compared.size;
        if (best.size() < depth || highest > best.element().score) {
          keep(best, depth, compared, leaf.docBase);
        }
      }
    }
    List<ScoreDoc> nearest = new ArrayList<>(best);
    nearest.sort(FARTHEST_FIRST.reversed());
    return nearest;
  }

  /** Documents come in ascending order, so the first of equally near ones are kept. */
  private static void keep(PriorityQueue<ScoreDoc> best, int depth, DocAndFloatFeatureBuffer compared, int base) {
    for (int i = 0; i < compared.size; i++) {
      float score = compared.features[i];
      if (best.size() < depth) {
        best.add(new ScoreDoc(base + compared.docs[i], score));
      } else if (score > best.element().score) {
        best.remove();
        best.add(new ScoreDoc(base + compared.docs[i], score));
      }
    }
  }

  /** A segment's part of a list of documents. */
  private static final class Listed extends DocIdSetIterator {

    private final int[] documents;
    private final int end;
    private final int base;
    private int at;
    private int doc = -1;

    Listed(int[] documents, int from, int end, int base) {
      this.documents = documents;
      this.at = from;
      this.end = end;
      this.base = base;
    }

    @Override
    public int docID() {
      return doc;
    }

    @Override
    public int nextDoc() {
      doc = at < end ? documents[at++] - base : NO_MORE_DOCS;
      return doc;
    }

    @Override
    public int advance(int target) throws IOException {
      return slowAdvance(target);
    }

    @Override
    public long cost() {
      return (long) end - at;
    }
  }

  private static VectorScorer scorer(LeafReaderContext leaf, float[] unit, Comparison comparison) throws IOException {
    VectorScorer scorer = comparison.of(leaf.reader(), unit);
    if (scorer == null) {
      throw new IllegalStateException("a segment of the index has no vectors");
    }
    return scorer;
  }
}
