package dev.memlane.storage.vector;

import dev.memlane.model.Scope;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.apache.lucene.index.CompositeReader;
import org.apache.lucene.index.IndexReader;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.StoredFields;
import org.apache.lucene.index.Term;
import org.apache.lucene.index.TermVectors;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.util.IOFunction;
import org.jspecify.annotations.Nullable;

/**
 * What one search looks at: those segments of the last reader in which its scopes occur, and the documents written
 * since.
 *
 * <p>
 * A search looks up each of its words in each segment, several times. A scope of some hundred memories occurs in few of
 * the small segments that writing leaves, and what is true of the segments without it is the same for each search.
 * Valid as long as the last reader is open.
 */
final class SearchView extends CompositeReader {

  private final List<LeafReader> segments;
  private final int documents;
  private final int highest;

  private SearchView(List<LeafReader> segments) {
    this.segments = List.copyOf(segments);
    this.documents = segments.stream().mapToInt(LeafReader::numDocs).sum();
    this.highest = segments.stream().mapToInt(LeafReader::maxDoc).sum();
  }

  /**
   * Creates a searcher for one search.
   *
   * @param latest a searcher for the last reader
   * @param scopes where the search looks; empty for everywhere
   * @param recent the documents that the last reader lacks
   */
  static IndexSearcher of(IndexSearcher latest, Collection<Scope> scopes, List<LeafReader> recent) throws IOException {
    List<LeafReader> segments = new ArrayList<>();
    for (LeafReaderContext leaf : latest.getIndexReader().leaves()) {
      if (scopes.isEmpty() || mayHold(leaf.reader(), scopes)) {
        segments.add(leaf.reader());
      }
    }
    if (recent.isEmpty() && segments.size() == latest.getIndexReader().leaves().size()) {
      return latest;
    }
    segments.addAll(recent);
    IndexSearcher searcher = new IndexSearcher(new SearchView(segments));
    // Entries would be keyed by segments, of which this view has fewer than the reader; and it is short-lived.
    searcher.setQueryCache(null);
    return searcher;
  }

  private static boolean mayHold(LeafReader segment, Collection<Scope> scopes) throws IOException {
    for (Scope scope : scopes) {
      if (occurs(segment, DocumentFields.USER, scope.user()) && occurs(segment, DocumentFields.AGENT, scope.agent())
          && occurs(segment, DocumentFields.RUN, scope.run())) {
        return true;
      }
    }
    return false;
  }

  private static boolean occurs(LeafReader segment, String field, @Nullable String value) throws IOException {
    return value == null || segment.docFreq(new Term(field, value)) > 0;
  }

  @Override
  protected List<? extends IndexReader> getSequentialSubReaders() {
    return segments;
  }

  @Override
  public int numDocs() {
    return documents;
  }

  @Override
  public int maxDoc() {
    return highest;
  }

  /** The segments are not this view's to close. */
  @Override
  protected void doClose() {}

  @Override
  public @Nullable CacheHelper getReaderCacheHelper() {
    return null;
  }

  @Override
  public TermVectors termVectors() {
    throw new UnsupportedOperationException("the index has no term vectors");
  }

  @Override
  public StoredFields storedFields() {
    throw new UnsupportedOperationException("the index stores no fields");
  }

  @Override
  public int docFreq(Term term) throws IOException {
    return Math.toIntExact(sum(segment -> (long) segment.docFreq(term)));
  }

  @Override
  public long totalTermFreq(Term term) throws IOException {
    return sum(segment -> segment.totalTermFreq(term));
  }

  @Override
  public long getSumDocFreq(String field) throws IOException {
    return sum(segment -> segment.getSumDocFreq(field));
  }

  @Override
  public int getDocCount(String field) throws IOException {
    return Math.toIntExact(sum(segment -> (long) segment.getDocCount(field)));
  }

  @Override
  public long getSumTotalTermFreq(String field) throws IOException {
    return sum(segment -> segment.getSumTotalTermFreq(field));
  }

  private long sum(IOFunction<LeafReader, Long> count) throws IOException {
    long sum = 0;
    for (LeafReader segment : segments) {
      sum += count.apply(segment);
    }
    return sum;
  }
}
