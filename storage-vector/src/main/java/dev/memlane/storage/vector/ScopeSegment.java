package dev.memlane.storage.vector;

import java.io.IOException;
import java.util.Arrays;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.index.Term;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.index.Terms;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.search.Scorer;
import org.apache.lucene.search.Weight;
import org.apache.lucene.util.Bits;
import org.apache.lucene.util.IntsRef;
import org.apache.lucene.util.SmallFloat;

/** A scope's documents in one segment, and how long they are. Never changes. */
final class ScopeSegment {

  private static final int ENCODED_LENGTHS = 256;

  /** Their numbers, in ascending order. */
  private final IntsRef documents;
  private final int[] lengths;

  private ScopeSegment(IntsRef documents, int[] lengths) {
    this.documents = documents;
    this.lengths = lengths;
  }

  static ScopeSegment read(LeafReaderContext leaf, Weight scope) throws IOException {
    int[] documents = new int[16];
    int count = 0;
    Scorer scorer = scope.scorer(leaf);
    if (scorer != null) {
      Bits live = leaf.reader().getLiveDocs();
      DocIdSetIterator walk = scorer.iterator();
      for (int doc = walk.nextDoc(); doc != DocIdSetIterator.NO_MORE_DOCS; doc = walk.nextDoc()) {
        if (live == null || live.get(doc)) {
          if (count == documents.length) {
            documents = Arrays.copyOf(documents, 2 * count);
          }
          documents[count++] = doc;
        }
      }
    }
    return new ScopeSegment(new IntsRef(documents, 0, count), lengths(leaf.reader(), documents, count));
  }

  private static int[] lengths(LeafReader reader, int[] documents, int count) throws IOException {
    int[] lengths = new int[ENCODED_LENGTHS];
    NumericDocValues norms = count == 0 ? null : reader.getNormValues(DocumentFields.TEXT);
    if (norms != null) {
      for (int i = 0; i < count; i++) {
        // A document without words has no length.
        if (norms.advanceExact(documents[i])) {
          lengths[(int) norms.longValue() & 0xFF]++;
        }
      }
    }
    return lengths;
  }

  /** How many of the documents have an encoded length, see {@link SmallFloat#intToByte4}; 0 to 255. */
  int withLength(int encoded) {
    return lengths[encoded];
  }

  int size() {
    return documents.length;
  }

  /** The memory that this takes, in bytes. */
  long bytes() {
    return 4L * documents.ints.length + 4L * lengths.length + 100;
  }

  /** How many of the documents have a term. */
  int count(LeafReader reader, Term term) throws IOException {
    Terms terms = size() == 0 ? null : reader.terms(term.field());
    TermsEnum found = terms == null ? null : terms.iterator();
    if (found == null || !found.seekExact(term.bytes())) {
      return 0;
    }
    return found.docFreq() < size()
        ? countAmong(found.postings(null, PostingsEnum.NONE))
        : countWith(found.postings(null, PostingsEnum.NONE));
  }

  /** For a term that fewer documents have: looks each of those up. */
  private int countAmong(PostingsEnum postings) throws IOException {
    int count = 0;
    int at = 0;
    for (int doc = postings.nextDoc(); doc != DocIdSetIterator.NO_MORE_DOCS && at < size(); doc = postings.nextDoc()) {
      at = next(at, doc);
      if (at < size() && documents.ints[at] == doc) {
        count++;
      }
    }
    return count;
  }

  /** For a term that more documents have: looks up each document. */
  private int countWith(PostingsEnum postings) throws IOException {
    int count = 0;
    int doc = -1;
    for (int i = 0; i < size() && doc != DocIdSetIterator.NO_MORE_DOCS; i++) {
      int member = documents.ints[i];
      if (doc < member) {
        doc = postings.advance(member);
      }
      if (doc == member) {
        count++;
      }
    }
    return count;
  }

  /** The index of the first document that is not before this one, from an index on, by doubled steps. */
  private int next(int from, int doc) {
    int step = 1;
    int low = from;
    while (low + step < size() && documents.ints[low + step] < doc) {
      low += step;
      step *= 2;
    }
    int high = Math.min(size(), low + step + 1);
    int found = Arrays.binarySearch(documents.ints, low, high, doc);
    return found >= 0 ? found : -found - 1;
  }
}
