package dev.memlane.storage.vector;

import dev.memlane.model.Scope;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.TermQuery;
import org.jspecify.annotations.Nullable;

/** The look-up of actors' names in scopes. It costs next to nothing for a name that no actor has. */
final class ActorLookup {

  private ActorLookup() {}

  /** See {@link dev.memlane.model.store.VectorIndex#actors}. */
  static Set<String> find(IndexSearcher searcher, List<Scope> scopes, Set<String> keys) throws IOException {
    Query scope = FilterQueries.of(scopes, null);
    Set<String> found = new HashSet<>();
    for (String key : keys) {
      if (isThere(searcher, new Term(DocumentFields.ACTOR, key), scope)) {
        found.add(key);
      }
    }
    return found;
  }

  private static boolean isThere(IndexSearcher searcher, Term term, @Nullable Query scope) throws IOException {
    if (searcher.getIndexReader().docFreq(term) == 0) {
      return false;
    }
    BooleanQuery.Builder both = new BooleanQuery.Builder().add(new TermQuery(term), Occur.FILTER);
    if (scope != null) {
      both.add(scope, Occur.FILTER);
    }
    return searcher.search(new org.apache.lucene.search.ConstantScoreQuery(both.build()), 1).scoreDocs.length > 0;
  }
}
