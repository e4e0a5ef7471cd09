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

/**
 * A scope's documents in one segment, and how long they are. Never changes.
 *
 * <p>
 * Keeps the numbers of the scope's documents, or those of all others if these are fewer. So a search over all scopes
 * keeps and counts only the documents that were removed.
 */
final class ScopeSegment {

  private static final int ENCODED_LENGTHS = 256;

  /** The kept numbers, in ascending order. */
  private final IntsRef kept;
  /** Whether the kept numbers are those of the documents that the scope does not have. */
  private final boolean others;
  private final int size;
  private final int[] lengths;

  private ScopeSegment(IntsRef kept, boolean others, int size, int[] lengths) {
    this.kept = kept;
    this.others = others;
    this.size = size;
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
    int[] lengths = lengths(leaf.reader(), documents, count);
    int all = leaf.reader().maxDoc();
    return count > all / 2
        ? new ScopeSegment(others(documents, count, all), true, count, lengths)
        : new ScopeSegment(new IntsRef(documents, 0, count), false, count, lengths);
  }

  private static IntsRef others(int[] documents, int count, int all) {
    int[] others = new int[all - count];
    int found = 0;
    int at = 0;
    for (int doc = 0; doc < all; doc++) {
      if (at < count && documents[at] == doc) {
        at++;
      } else {
        others[found++] = doc;
      }
    }
    return new IntsRef(others, 0, found);
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
    return size;
  }

  /** The memory that this takes, in bytes. */
  long bytes() {
    return 4L * kept.ints.length + 4L * lengths.length + 100;
  }

  /** How many of the documents have a term. */
  int count(LeafReader reader, Term term) throws IOException {
    Terms terms = size == 0 ? null : reader.terms(term.field());
    TermsEnum found = terms == null ? null : terms.iterator();
    if (found == null || !found.seekExact(term.bytes())) {
      return 0;
    }
    int with = found.docFreq();
    int keptWith = kept.length == 0 ? 0 : keptWith(found, with);
    return others ? with - keptWith : keptWith;
  }

  /** How many of the kept numbers have a term. */
  private int keptWith(TermsEnum found, int with) throws IOException {
    PostingsEnum postings = found.postings(null, PostingsEnum.NONE);
    return with < kept.length ? countAmong(postings) : countWith(postings);
  }

  /** For a term that fewer documents have than are kept: looks each of those up. */
  private int countAmong(PostingsEnum postings) throws IOException {
    int count = 0;
    int at = 0;
    for (int doc = postings.nextDoc(); doc != DocIdSetIterator.NO_MORE_DOCS
        && at < kept.length; doc = postings.nextDoc()) {
      at = next(at, doc);
      if (at < kept.length && kept.ints[at] == doc) {
        count++;
      }
    }
    return count;
  }

  /** For a term that more documents have than are kept: looks up each kept number. */
  private int countWith(PostingsEnum postings) throws IOException {
    int count = 0;
    int doc = -1;
    for (int i = 0; i < kept.length && doc != DocIdSetIterator.NO_MORE_DOCS; i++) {
      int member = kept.ints[i];
      if (doc < member) {
        doc = postings.advance(member);
      }
      if (doc == member) {
        count++;
      }
    }
    return count;
  }

  /** The index of the first kept number that is not before this one, from an index on, by doubled steps. */
  private int next(int from, int doc) {
    int step = 1;
    int low = from;
    while (low + step < kept.length && kept.ints[low + step] < doc) {
      low += step;
      step *= 2;
    }
    int high = Math.min(kept.length, low + step + 1);
    int found = Arrays.binarySearch(kept.ints, low, high, doc);
    return found >= 0 ? found : -found - 1;
  }
}
