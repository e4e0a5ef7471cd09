package dev.memlane.storage.vector;

import java.io.IOException;
import java.util.Arrays;
import java.util.Objects;
import org.apache.lucene.index.FilteredTermsEnum;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.search.MultiTermQuery;
import org.apache.lucene.search.QueryVisitor;
import org.apache.lucene.util.AttributeSource;
import org.apache.lucene.util.BytesRef;
import org.apache.lucene.util.StringHelper;
import org.jspecify.annotations.Nullable;

/**
 * A query for the documents with a term that has a prefix and contains certain bytes after it. It walks over the terms with
 * the prefix, so it takes time in proportion to how many there are.
 *
 * <p>
 * Lucene's own queries for patterns build an automaton and have characters with a special meaning. In UTF-8 no character
 * begins within another, so bytes are found exactly where the characters are.
 */
final class TermsContainingQuery extends MultiTermQuery {

  private final BytesRef prefix;
  private final BytesRef part;

  /**
   * @param part at least one byte
   */
  TermsContainingQuery(String field, BytesRef prefix, BytesRef part) {
    super(field, CONSTANT_SCORE_BLENDED_REWRITE);
    this.prefix = prefix;
    this.part = part;
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
    return field + ":" + prefix + "*" + part + "*";
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return super.equals(other) && other instanceof TermsContainingQuery that && prefix.equals(that.prefix)
        && part.equals(that.part);
  }

  @Override
  public int hashCode() {
    return Objects.hash(super.hashCode(), prefix, part);
  }

  private final class Walk extends FilteredTermsEnum {

    Walk(TermsEnum terms) {
      super(terms);
      setInitialSeekTerm(prefix);
    }

    @Override
    protected AcceptStatus accept(BytesRef term) {
      if (!StringHelper.startsWith(term, prefix)) {
        return AcceptStatus.END;
      }
      return contains(term) ? AcceptStatus.YES : AcceptStatus.NO;
    }

    private boolean contains(BytesRef term) {
      byte first = part.bytes[part.offset];
      int last = term.offset + term.length - part.length;
      for (int i = term.offset + prefix.length; i <= last; i++) {
        if (term.bytes[i] == first && Arrays.equals(term.bytes, i, i + part.length, part.bytes, part.offset,
            part.offset + part.length)) {
          return true;
        }
      }
      return false;
    }
  }
}
