package dev.memlane.storage.vector;

import dev.memlane.model.Scope;
import java.io.IOException;
import java.util.Collection;
import org.apache.lucene.index.IndexReader;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.CollectionStatistics;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.TermStatistics;
import org.jspecify.annotations.Nullable;

/**
 * A searcher that rates words by their frequency within a scope. A user's name is rare in the whole index, and says
 * much there; among that user's own memories it says nothing.
 *
 * <p>
 * The cost of counting grows with the scope, so only small scopes are counted.
 */
final class ScopedStatistics extends IndexSearcher {

  /** In larger scopes, words are about as rare as in the whole index. */
  private static final int LARGEST = 10_000;

  private final IndexSearcher all;
  private final Query scope;
  private final int documents;

  private ScopedStatistics(IndexSearcher all, Query scope, int documents) {
    super(all.getIndexReader());
    this.all = all;
    this.scope = scope;
    this.documents = documents;
    setSimilarity(all.getSimilarity());
    setQueryCache(null);
  }

  /**
   * Creates a searcher for the union of scopes; returns the given one if that is everything, empty or large.
   *
   * @param scopes empty for everything
   */
  static IndexSearcher of(IndexSearcher all, Collection<Scope> scopes) throws IOException {
    Query query = FilterQueries.of(scopes, null);
    if (query == null) {
      return all;
    }
    for (Scope scope : scopes) {
      if (!mayBeSmall(all.getIndexReader(), scope)) {
        return all;
      }
    }
    int documents = all.count(query);
    return documents == 0 || documents > LARGEST ? all : new ScopedStatistics(all, query, documents);
  }

  /** Whether one of the scope's values alone matches few enough documents. */
  private static boolean mayBeSmall(IndexReader reader, Scope scope) throws IOException {
    return isRare(reader, DocumentFields.USER, scope.user()) || isRare(reader, DocumentFields.AGENT, scope.agent())
        || isRare(reader, DocumentFields.RUN, scope.run());
  }

  private static boolean isRare(IndexReader reader, String field, @Nullable String value) throws IOException {
    return value != null && reader.docFreq(new Term(field, value)) <= LARGEST;
  }

  @Override
  public TermStatistics termStatistics(Term term, int docFreq, long totalTermFreq) throws IOException {
    int inScope = all.count(new BooleanQuery.Builder().add(scope, Occur.FILTER).add(new TermQuery(term), Occur.FILTER)
        .build());
    long documentsWithIt = Math.max(1, inScope);
    return new TermStatistics(term.bytes(), documentsWithIt, documentsWithIt);
  }

  /** The scope's number of documents, with the average length of all documents. Null if no document has the field. */
  @Override
  @SuppressWarnings("NullAway") // Lucene has no annotations for nullness
  public CollectionStatistics collectionStatistics(String field) throws IOException {
    CollectionStatistics whole = all.collectionStatistics(field);
    if (whole == null) {
      return null;
    }
    double average = (double) whole.sumTotalTermFreq() / whole.docCount();
    long words = Math.max(documents, Math.round(average * documents));
    return new CollectionStatistics(field, Math.max(documents, whole.maxDoc()), documents, words, words);
  }
}
