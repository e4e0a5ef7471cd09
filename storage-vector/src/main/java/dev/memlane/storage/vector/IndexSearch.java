package dev.memlane.storage.vector;

import dev.memlane.model.Embedding;
import dev.memlane.model.SearchPart;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.IndexHits;
import dev.memlane.model.store.IndexHits.IndexHit;
import dev.memlane.model.store.IndexQuery;
import dev.memlane.storage.vector.VectorSearch.Nearest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.lucene.index.BinaryDocValues;
import org.apache.lucene.index.DocValues;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.ReaderUtil;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.MatchAllDocsQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.TermInSetQuery;
import org.apache.lucene.search.similarities.BM25Similarity;
import org.apache.lucene.search.similarities.Similarity;
import org.apache.lucene.util.BytesRef;
import org.apache.lucene.util.SmallFloat;
import org.jspecify.annotations.Nullable;

/** The search of one view of the index: by meaning, by words, or both, within the same scope and filter. */
final class IndexSearch {

  private static final Nearest NOTHING = new Nearest(List.of(), true);

  /**
   * BM25's parameters. Its authors' usual ones, 1.2 and 0.75, are for long documents. In a sentence or two, a word that
   * is there twice is hardly more telling, and a long memory is rather richer than wordier.
   */
  static final Similarity FOR_MEMORIES = new BM25Similarity(0.9f, 0.4f);
  static final Similarity FOR_DOCUMENTS = new BM25Similarity();
  private static final long CACHED_BYTES = 32L << 20;

  private final VectorSearch vectors;
  private final TextQueries texts;
  private final ScopeCache scopes = new ScopeCache(CACHED_BYTES);

  IndexSearch(VectorSearch vectors, TextQueries texts) {
    this.vectors = vectors;
    this.texts = texts;
  }

  IndexHits search(IndexSearcher searcher, IndexQuery query) throws IOException {
    Query filter = FilterQueries.of(query.scopes(), query.filter());
    Embedding vector = query.vector();
    QuestionVectors question = vector == null ? null : QuestionVectors.of(vector, query.spoken());
    String text = query.text();
    Query words = text == null
        ? null
        : texts.of(text, query.without().contains(SearchPart.STOP_WORDS), query.minWords(), filter);
    if (words == null && query.minWords() > 0) {
      return new IndexHits(List.of(), List.of(), List.of(), true, held(searcher, query.documents()));
    }

    Nearest semantic = NOTHING;
    if (question != null) {
      // Scores don't count in a filter, so the query for words can be used as one.
      Query among = query.minWords() > 0 ? words : filter;
      semantic = nearEnough(vectors.search(searcher, question, among, query.depth()), query);
    }
    boolean exhausted = semantic.exhausted();
    Nearest lexical = NOTHING;
    int medianWords = 0;
    if (words != null) {
      ScopedStatistics scoped = scoped(searcher, query);
      medianWords = scoped.medianWords();
      if (!scoped.isEmpty() && question != null && query.limitsSimilarity()) {
        lexical = nearEnough(searcher, scoped, query, words, question, semantic);
      } else if (!scoped.isEmpty()) {
        lexical = best(scoped, words, query.depth());
        exhausted &= lexical.exhausted();
      }
    }

    HitRuns runs = new HitRuns(searcher.getIndexReader());
    HitRuns asked = query.runs() ? runs : null;
    List<IndexHit> near = hits(searcher, semantic.documents(), 1, asked);
    List<IndexHit> worded = hits(searcher, lexical.documents(), Float.MAX_VALUE, asked);
    return new IndexHits(near, worded, runs.inOrder(), exhausted,
        held(searcher, query.documents()), medianWords);
  }

  private ScopedStatistics scoped(IndexSearcher searcher, IndexQuery query) throws IOException {
    Query scope = FilterQueries.of(query.scopes(), null);
    return ScopedStatistics.of(searcher, scope == null ? MatchAllDocsQuery.INSTANCE : scope, scopes,
        query.without().contains(SearchPart.LENGTHS) ? FOR_DOCUMENTS : FOR_MEMORIES);
  }

  private static Set<DocumentName> held(IndexSearcher searcher, Set<DocumentName> asked) throws IOException {
    if (asked.isEmpty()) {
      return Set.of();
    }
    Set<DocumentName> held = new HashSet<>(asked);
    held.retainAll(DocumentNames.of(searcher.getIndexReader(),
        asked.stream().map(DocumentName::memory).distinct().toList()));
    return held;
  }

  /** The documents at least as near as the query requires. They are sorted, so none follows the first that isn't. */
  private static Nearest nearEnough(Nearest found, IndexQuery query) {
    if (!query.limitsSimilarity()) {
      return found;
    }
    List<ScoreDoc> documents = found.documents();
    int count = 0;
    while (count < documents.size() && query.isNearEnough(documents.get(count).score)) {
      count++;
    }
    return new Nearest(documents.subList(0, count), found.exhausted() || count < documents.size());
  }

  /**
   * The best by words among the documents that are near enough. If the nearest are exhausted, they include all of
   * these. Otherwise there are more than were requested, and the vectors of the best by words are compared.
   */
  private Nearest nearEnough(IndexSearcher searcher, IndexSearcher scoped, IndexQuery query, Query words,
      QuestionVectors question, Nearest semantic) throws IOException {
    if (semantic.exhausted()) {
      if (semantic.documents().isEmpty()) {
        return NOTHING;
      }
      List<BytesRef> names = new ArrayList<>();
      for (IndexHit hit : hits(searcher, semantic.documents(), 1, null)) {
        names.add(DocumentFields.nameBytes(hit.name()));
      }
      Query among = new BooleanQuery.Builder().add(words, Occur.MUST)
          .add(new TermInSetQuery(DocumentFields.DOCUMENT, names), Occur.FILTER).build();
      return best(scoped, among, query.depth());
    }
    List<ScoreDoc> best = best(scoped, words, query.depth()).documents();
    Map<Integer, Float> scores = vectors.compare(searcher, question, best);
    return new Nearest(best.stream().filter(found -> query.isNearEnough(scores.getOrDefault(found.doc, 0f))).toList(),
        false);
  }

  /** Searches for one more than is wanted, to learn whether there is one. */
  private static Nearest best(IndexSearcher searcher, Query words, int depth) throws IOException {
    ScoreDoc[] found = searcher.search(words, Math.min(depth, Integer.MAX_VALUE - 1) + 1).scoreDocs;
    return found.length <= depth
        ? new Nearest(List.of(found), true)
        : new Nearest(List.of(Arrays.copyOf(found, depth)), false);
  }

  /**
   * Reads the names of the documents found. Doc values must be read in ascending order of documents, whatever the
   * ranking.
   *
   * @param highest the highest possible score, which rounding may exceed
   * @param runs collects the runs of the best hits; null if they are not requested
   */
  private static List<IndexHit> hits(IndexSearcher searcher, List<ScoreDoc> ranked, float highest,
      @Nullable HitRuns runs)
      throws IOException {
    IndexHit[] hits = new IndexHit[ranked.size()];
    List<LeafReaderContext> leaves = searcher.getIndexReader().leaves();
    List<Integer> ascending = new ArrayList<>(ranked.size());
    for (int rank = 0; rank < ranked.size(); rank++) {
      ascending.add(rank);
    }
    ascending.sort(Comparator.comparingInt(rank -> ranked.get(rank).doc));
    int end = 0;
    int base = 0;
    BinaryDocValues values = DocValues.emptyBinary();
    NumericDocValues lengths = null;
    for (int rank : ascending) {
      ScoreDoc found = ranked.get(rank);
      if (found.doc >= end) {
        LeafReaderContext leaf = leaves.get(ReaderUtil.subIndex(found.doc, leaves));
        base = leaf.docBase;
        end = base + leaf.reader().maxDoc();
        values = DocValues.getBinary(leaf.reader(), DocumentFields.HIT);
        lengths = leaf.reader().getNormValues(DocumentFields.TEXT);
      }
      if (!values.advanceExact(found.doc - base)) {
        throw new IllegalStateException("document " + found.doc + " of the index has no name");
      }
      BytesRef value = values.binaryValue();
      int words = lengths != null && lengths.advanceExact(found.doc - base)
          ? SmallFloat.byte4ToInt((byte) lengths.longValue())
          : 0;
      hits[rank] = DocumentFields.hit(value, Math.min(found.score, highest), words);
      if (runs != null && rank < HitRuns.BEST) {
        runs.add(value);
      }
    }
    return List.of(hits);
  }
}
