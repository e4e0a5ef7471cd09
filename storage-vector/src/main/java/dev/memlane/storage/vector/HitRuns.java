package dev.memlane.storage.vector;

import dev.memlane.model.MemoryId;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.lucene.index.BinaryDocValues;
import org.apache.lucene.index.DocValues;
import org.apache.lucene.index.IndexReader;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.util.Bits;
import org.apache.lucene.util.BytesRef;

/** The runs of a search's hits, each with all its memories in order. Not safe for use by several threads. */
final class HitRuns {

  /** How many of the best hits of each kind count. */
  static final int BEST = 50;
  /** The longest run; longer ones are left out. */
  private static final int LONGEST = 1_000;
  /** The most documents that one search reads for all runs; runs that would exceed it are left out. */
  private static final int MOST_DOCUMENTS = 10_000;

  private final IndexReader reader;
  private final Set<BytesRef> sequences = new LinkedHashSet<>();

  HitRuns(IndexReader reader) {
    this.reader = reader;
  }

  /** Adds the run of a hit, by its {@link DocumentFields#HIT}, if it is in one. */
  void add(BytesRef hit) {
    BytesRef sequence = DocumentFields.sequence(hit);
    if (sequence != null) {
      sequences.add(sequence);
    }
  }

  /** The memories of each run, in order of time. */
  List<List<MemoryId>> inOrder() throws IOException {
    List<List<MemoryId>> runs = new ArrayList<>();
    int read = 0;
    for (BytesRef sequence : sequences) {
      Term term = new Term(DocumentFields.SEQUENCE, sequence);
      int length = reader.docFreq(term);
      if (length > 1 && length <= LONGEST && read + length <= MOST_DOCUMENTS) {
        read += length;
        runs.add(inOrder(term));
      }
    }
    return runs;
  }

  private List<MemoryId> inOrder(Term term) throws IOException {
    List<DocumentFields.Moment> moments = new ArrayList<>();
    for (LeafReaderContext leaf : reader.leaves()) {
      PostingsEnum documents = leaf.reader().postings(term, PostingsEnum.NONE);
      if (documents != null) {
        read(leaf.reader(), documents, moments);
      }
    }
    moments.sort(DocumentFields.Moment.ORDER);
    // A memory has two documents while it is updated.
    return List.copyOf(new LinkedHashSet<>(moments.stream().map(DocumentFields.Moment::memory).toList()));
  }

  private static void read(LeafReader reader, PostingsEnum documents, List<DocumentFields.Moment> moments)
      throws IOException {
    Bits live = reader.getLiveDocs();
    BinaryDocValues values = DocValues.getBinary(reader, DocumentFields.HIT);
    for (int doc = documents.nextDoc(); doc != DocIdSetIterator.NO_MORE_DOCS; doc = documents.nextDoc()) {
      if ((live == null || live.get(doc)) && values.advanceExact(doc)) {
        moments.add(DocumentFields.moment(values.binaryValue()));
      }
    }
  }
}
