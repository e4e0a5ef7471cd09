package dev.memlane.storage.vector;

import java.io.IOException;
import java.util.Objects;
import org.apache.lucene.index.FilteredTermsEnum;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.search.MultiTermQuery;
import org.apache.lucene.search.QueryVisitor;
import org.apache.lucene.util.AttributeSource;
import org.apache.lucene.util.BytesRef;
import org.jspecify.annotations.Nullable;

/**
 * A query for the documents with a term between two others, which walks over the terms.
 *
 * <p>
 * Lucene's own query for ranges of terms builds an automaton with a state for each byte of the bounds, and fails for
 * bounds of some thousand characters.
 */
final class TermsBetweenQuery extends MultiTermQuery {

  private final BytesRef low;
  private final boolean lowIncluded;
  private final BytesRef high;
  private final boolean highIncluded;

  TermsBetweenQuery(String field, BytesRef low, boolean lowIncluded, BytesRef high, boolean highIncluded) {
    super(field, CONSTANT_SCORE_BLENDED_REWRITE);
    this.low = low;
    this.lowIncluded = lowIncluded;
    this.high = high;
    this.highIncluded = highIncluded;
  }

  @Override
  protected TermsEnum getTermsEnum(Terms terms, AttributeSource attributes) throws IOException {
    return new Walk(terms.iterator());
  }

  @Override
  public void visit(QueryVisitor visitor) {
    if (visitor.acceptField(field)) {
      visitor.visitLeaf(this);
    }
  }

  @Override
  public String toString(String defaultField) {
    return field + ":" + (lowIncluded ? "[" : "{") + low + " TO " + high + (highIncluded ? "]" : "}");
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return super.equals(other) && other instanceof TermsBetweenQuery that && low.equals(that.low)
        && lowIncluded == that.lowIncluded && high.equals(that.high) && highIncluded == that.highIncluded;
  }

  @Override
  public int hashCode() {
    return Objects.hash(super.hashCode(), low, lowIncluded, high, highIncluded);
  }

  private final class Walk extends FilteredTermsEnum {

    Walk(TermsEnum terms) {
      super(terms);
      setInitialSeekTerm(low);
    }

    @Override
    protected AcceptStatus accept(BytesRef term) {
      int toHigh = term.compareTo(high);
      if (toHigh > 0 || toHigh == 0 && !highIncluded) {
        return AcceptStatus.END;
      }
      return term.equals(low) && !lowIncluded ? AcceptStatus.NO : AcceptStatus.YES;
    }
  }
}
