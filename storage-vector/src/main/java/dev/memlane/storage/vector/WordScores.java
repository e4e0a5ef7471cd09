package dev.memlane.storage.vector;

import org.apache.lucene.search.CollectionStatistics;
import org.apache.lucene.search.TermStatistics;
import org.apache.lucene.search.similarities.Similarity;
import org.apache.lucene.search.similarities.Similarity.SimScorer;
import org.apache.lucene.util.BytesRef;
import org.apache.lucene.util.SmallFloat;

/**
 * BM25 as {@link LuceneVectorIndex} computes it, from statistics that were counted elsewhere. Words are rated by their
 * frequency within a scope, and memories by their length among those of the scope; see {@link ScopedStatistics}. Safe for
 * use by several threads.
 */
public final class WordScores {

  private final Similarity similarity;
  private final CollectionStatistics statistics;

  /**
   * @param documents how many documents the scope has; at least 1
   * @param words the sum of their lengths
   * @param asDocuments whether lengths count as they do for long documents: see {@link
   * dev.memlane.model.SearchPart#LENGTHS}
   */
  public WordScores(long documents, long words, boolean asDocuments) {
    this.similarity = asDocuments ? IndexSearch.FOR_DOCUMENTS : IndexSearch.FOR_MEMORIES;
    long least = Math.max(documents, words);
    this.statistics = new CollectionStatistics(DocumentFields.TEXT, documents, documents, least, least);
  }

  /** The scores of one clause. */
  @FunctionalInterface
  public interface ClauseScore {

    /**
     * The score that the clause adds to a document's.
     *
     * @param count how often the document has it; at least 1
     * @param length the document's length, in words
     */
    double of(int count, int length);
  }

  /**
   * @param documents how many documents of the scope have the clause's most frequent term
   */
  public ClauseScore clause(long documents) {
    long with = Math.min(Math.max(1, documents), statistics.docCount());
    SimScorer scorer = similarity.scorer(1, statistics, new TermStatistics(new BytesRef("word"), with, with));
    return (count, length) -> scorer.score(count, SmallFloat.intToByte4(length));
  }
}
