package dev.memlane.storage.vector;

import java.io.IOException;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.QueryVisitor;
import org.apache.lucene.search.ScoreMode;
import org.apache.lucene.search.Weight;
import org.jspecify.annotations.Nullable;

/**
 * A part of a filter that counts as one clause, whatever it contains. Lucene refuses queries of more than 1,024 clauses
 * in all, and a library should not change that limit, which holds for the whole JVM.
 */
final class ClauseGroupQuery extends Query {

  private final Query query;

  ClauseGroupQuery(Query query) {
    this.query = query;
  }

  @Override
  public Weight createWeight(IndexSearcher searcher, ScoreMode scoreMode, float boost) throws IOException {
    return searcher.rewrite(query).createWeight(searcher, scoreMode, boost);
  }

  @Override
  public void visit(QueryVisitor visitor) {
    visitor.visitLeaf(this);
  }

  @Override
  public String toString(String field) {
    return "(" + query.toString(field) + ")";
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ClauseGroupQuery group && query.equals(group.query);
  }

  @Override
  public int hashCode() {
    return 31 * classHash() + query.hashCode();
  }
}
