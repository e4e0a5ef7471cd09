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

/** The runs that hits belong to, and what else belongs to them, in order. Used by one search. */
final class Runs {

  /** Of so many of the best hits of each kind the runs are told. */
  static final int BEST = 50;
  /** A run with more documents is left out, and so are those after which it would be too many to read for one search. */
  private static final int LONGEST = 1_000;
  private static final int MOST = 10_000;

  private final IndexReader reader;
  private final Set<BytesRef> sequences = new LinkedHashSet<>();

  Runs(IndexReader reader) {
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
      if (length > 1 && length <= LONGEST && read + length <= MOST) {
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
    // While it is updated, a memory has two documents.
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
