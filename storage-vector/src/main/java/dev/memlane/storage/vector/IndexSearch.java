package dev.memlane.storage.vector;

import dev.memlane.model.DocumentName;
import dev.memlane.model.Embedding;
import dev.memlane.model.IndexHits;
import dev.memlane.model.IndexHits.IndexHit;
import dev.memlane.model.IndexQuery;
import dev.memlane.storage.vector.VectorSearch.Nearest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.lucene.index.BinaryDocValues;
import org.apache.lucene.index.DocValues;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.ReaderUtil;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.util.BytesRef;
import org.jspecify.annotations.Nullable;

/** Answers one query on one view of the index: by meaning, by words, or both, within the same scope and filter. */
final class IndexSearch {

  private final VectorSearch vectors;
  private final TextQueries texts;

  IndexSearch(VectorSearch vectors, TextQueries texts) {
    this.vectors = vectors;
    this.texts = texts;
  }

  IndexHits search(IndexSearcher searcher, IndexQuery query) throws IOException {
    Query filter = FilterQueries.of(query.scopes(), query.filter());
    Nearest semantic = new Nearest(List.of(), true);
    Embedding vector = query.vector();
    if (vector != null) {
      semantic = vectors.search(searcher, DocumentFields.unit(vector.vector()), filter, query.depth());
    }
    Nearest lexical = new Nearest(List.of(), true);
    String text = query.text();
    Query words = text == null ? null : texts.of(text, filter);
    if (words != null) {
      lexical = best(ScopedStatistics.of(searcher, query.scopes()), words, query.depth());
    }
    Runs runs = new Runs(searcher.getIndexReader());
    Runs asked = query.runs() ? runs : null;
    List<IndexHit> near = hits(searcher, semantic.documents(), 1, asked);
    List<IndexHit> worded = hits(searcher, lexical.documents(), Float.MAX_VALUE, asked);
    return new IndexHits(near, worded, runs.inOrder(), semantic.exhausted() && lexical.exhausted(),
        held(searcher, query.documents()));
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

  /** Asks for one more than is wanted, to learn whether there is one. */
  private static Nearest best(IndexSearcher searcher, Query words, int depth) throws IOException {
    ScoreDoc[] found = searcher.search(words, Math.min(depth, Integer.MAX_VALUE - 1) + 1).scoreDocs;
    return found.length <= depth
        ? new Nearest(List.of(found), true)
        : new Nearest(List.of(Arrays.copyOf(found, depth)), false);
  }

  /**
   * Reads the names of what was found. Doc values are read in ascending order of documents, whatever the ranking.
   *
   * @param highest where scores end; rounding may carry them beyond
   * @param runs is told of the runs of the best, if they are asked for
   */
  private static List<IndexHit> hits(IndexSearcher searcher, List<ScoreDoc> ranked, float highest, @Nullable Runs runs)
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
    for (int rank : ascending) {
      ScoreDoc found = ranked.get(rank);
      if (found.doc >= end) {
        LeafReaderContext leaf = leaves.get(ReaderUtil.subIndex(found.doc, leaves));
        base = leaf.docBase;
        end = base + leaf.reader().maxDoc();
        values = DocValues.getBinary(leaf.reader(), DocumentFields.HIT);
      }
      if (!values.advanceExact(found.doc - base)) {
        throw new IllegalStateException("document " + found.doc + " of the index has no name");
      }
      BytesRef value = values.binaryValue();
      hits[rank] = DocumentFields.hit(value, Math.min(found.score, highest));
      if (runs != null && rank < Runs.BEST) {
        runs.add(value);
      }
    }
    return List.of(hits);
  }
}
