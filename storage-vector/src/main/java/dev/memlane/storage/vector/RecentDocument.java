package dev.memlane.storage.vector;

import dev.memlane.model.store.IndexDocument;
import java.io.IOException;
import org.apache.lucene.index.ByteVectorValues;
import org.apache.lucene.index.FilterLeafReader;
import org.apache.lucene.index.FloatVectorValues;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.memory.MemoryIndex;
import org.apache.lucene.search.AcceptDocs;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.search.KnnCollector;
import org.apache.lucene.search.VectorScorer;
import org.apache.lucene.util.Bits;
import org.jspecify.annotations.Nullable;

/**
 * A document that was written after the last refresh, as a segment of its own that is never written to a file. The
 * segment is made when a search first needs it. Safe for use by several threads.
 */
final class RecentDocument {

  private final IndexDocument source;
  private final Words words;
  private final IndexIdentity identity;
  private volatile @Nullable LeafReader segment;

  RecentDocument(IndexDocument source, Words words, IndexIdentity identity) {
    this.source = source;
    this.words = words;
    this.identity = identity;
  }

  IndexDocument source() {
    return source;
  }

  LeafReader segment() {
    LeafReader made = segment;
    if (made == null) {
      // Two threads may both make it, which does no harm.
      made = make();
      segment = made;
    }
    return made;
  }

  private LeafReader make() {
    MemoryIndex index = MemoryIndex.fromDocument(DocumentFields.of(source, words, identity), words.analyzer());
    index.freeze();
    return new Segment((LeafReader) index.createSearcher().getIndexReader());
  }

  /** A segment of one document, whose vector the search for near ones finds too. */
  private static final class Segment extends FilterLeafReader {

    Segment(LeafReader in) {
      super(in);
    }

    @Override
    public void searchNearestVectors(String field, float[] target, KnnCollector collector, AcceptDocs acceptDocs)
        throws IOException {
      FloatVectorValues vectors = getFloatVectorValues(field);
      collect(vectors == null ? null : vectors.scorer(target), collector, acceptDocs);
    }

    @Override
    public void searchNearestVectors(String field, byte[] target, KnnCollector collector, AcceptDocs acceptDocs)
        throws IOException {
      ByteVectorValues vectors = getByteVectorValues(field);
      collect(vectors == null ? null : vectors.scorer(target), collector, acceptDocs);
    }

    private static void collect(@Nullable VectorScorer scorer, KnnCollector collector, AcceptDocs acceptDocs)
        throws IOException {
      Bits accepted = acceptDocs.bits();
      if (scorer == null || accepted != null && !accepted.get(0)) {
        return;
      }
      DocIdSetIterator documents = scorer.iterator();
      if (documents.nextDoc() != DocIdSetIterator.NO_MORE_DOCS) {
        collector.incVisitedCount(1);
        collector.collect(0, scorer.score());
      }
    }

    /** No cache may keep it. */
    @Override
    public @Nullable CacheHelper getCoreCacheHelper() {
      return null;
    }

    @Override
    public @Nullable CacheHelper getReaderCacheHelper() {
      return null;
    }
  }
}
