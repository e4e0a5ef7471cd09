package dev.memlane.storage.vector;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.CollectionStatistics;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.ScoreMode;
import org.apache.lucene.search.TermStatistics;
import org.apache.lucene.search.Weight;
import org.apache.lucene.search.similarities.Similarity;
import org.apache.lucene.util.SmallFloat;

/**
 * A searcher that rates words by their frequency within a scope, and memories by their length among those of the scope.
 * A user's name is rare in the whole index, and says much there; among that user's own memories it says nothing.
 *
 * <p>
 * Nothing else than the scope's own memories affects a score. Otherwise, scores would tell one user what others have
 * stored.
 *
 * <p>
 * The cost of counting a word grows with the smaller of two numbers: the memories that have it, and the memories of the
 * scope. The documents of large scopes are cached ({@link ScopeCache}).
 */
final class ScopedStatistics extends IndexSearcher {

  private final List<ScopeSegment> segments;
  private final int documents;
  /** How many documents have each encoded length. */
  private final int[] lengths;

  private ScopedStatistics(IndexSearcher all, List<ScopeSegment> segments, Similarity similarity) {
    super(all.getIndexReader());
    this.segments = segments;
    this.lengths = new int[256];
    int count = 0;
    for (ScopeSegment segment : segments) {
      count += segment.size();
      for (int i = 0; i < lengths.length; i++) {
        lengths[i] += segment.withLength(i);
      }
    }
    this.documents = count;
    setSimilarity(similarity);
    setQueryCache(null);
  }

  /** Creates a searcher for the documents that match a query. */
  static ScopedStatistics of(IndexSearcher all, Query scope, ScopeCache cache, Similarity similarity)
      throws IOException {
    Weight weight = all.createWeight(all.rewrite(scope), ScoreMode.COMPLETE_NO_SCORES, 1);
    List<ScopeSegment> segments = new ArrayList<>();
    for (LeafReaderContext leaf : all.getIndexReader().leaves()) {
      segments.add(cache.of(leaf, scope, weight));
    }
    return new ScopedStatistics(all, segments, similarity);
  }

  /** Whether the scope has no documents. */
  boolean isEmpty() {
    return documents == 0;
  }

  /** The median of the documents' lengths, in words; 0 if there are none. */
  int medianWords() {
    int with = 0;
    for (int count : lengths) {
      with += count;
    }
    int passed = 0;
    for (int encoded = 0; encoded < lengths.length; encoded++) {
      passed += lengths[encoded];
      if (2 * passed >= with && lengths[encoded] > 0) {
        return SmallFloat.byte4ToInt((byte) encoded);
      }
    }
    return 0;
  }

  @Override
  public TermStatistics termStatistics(Term term, int docFreq, long totalTermFreq) throws IOException {
    long count = 0;
    List<LeafReaderContext> leaves = getIndexReader().leaves();
    for (int i = 0; i < leaves.size(); i++) {
      count += segments.get(i).count(leaves.get(i).reader(), term);
    }
    // Lucene asks for words that no document of the scope has, too, and refuses a count of zero.
    long documentsWithIt = Math.max(1, count);
    return new TermStatistics(term.bytes(), documentsWithIt, documentsWithIt);
  }

  /** The scope's number of documents, with their average length. Null if no document has the field. */
  @Override
  @SuppressWarnings("NullAway") // Lucene has no annotations for nullness
  public CollectionStatistics collectionStatistics(String field) throws IOException {
    if (documents == 0) {
      return null;
    }
    long words = 0;
    for (int encoded = 0; encoded < lengths.length; encoded++) {
      words += (long) lengths[encoded] * SmallFloat.byte4ToInt((byte) encoded);
    }
    // A document without words counts among the documents, and no sum may be below their number.
    long least = Math.max(documents, words);
    return new CollectionStatistics(field, Math.max(documents, getIndexReader().maxDoc()), documents, least, least);
  }
}
