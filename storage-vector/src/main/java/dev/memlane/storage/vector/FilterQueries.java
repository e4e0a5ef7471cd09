package dev.memlane.storage.vector;

import dev.memlane.model.Filter;
import dev.memlane.model.Scope;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.apache.lucene.document.LongField;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.MatchAllDocsQuery;
import org.apache.lucene.search.MatchNoDocsQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.TermInSetQuery;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.util.BytesRef;
import org.jspecify.annotations.Nullable;

/**
 * Scopes and filters as Lucene queries, which match exactly what {@link Scope#matches} and {@link Filter#matches} do.
 */
final class FilterQueries {

  /** Well below Lucene's limit of 1,024. */
  private static final int CLAUSES_IN_GROUP = 256;

  private FilterQueries() {}

  /** The query for documents that are in one of the scopes and pass the filter; null if all documents match. */
  static @Nullable Query of(Collection<Scope> scopes, @Nullable Filter filter) {
    List<Query> conditions = new ArrayList<>();
    if (scopes.size() == 1) {
      addTo(conditions, scopes.iterator().next());
    } else if (!scopes.isEmpty()) {
      conditions.add(join(scopes.stream().map(FilterQueries::of).toList(), Occur.SHOULD));
    }
    if (filter != null) {
      conditions.add(translate(filter));
    }
    if (conditions.isEmpty()) {
      return null;
    }
    return conditions.size() == 1 ? conditions.getFirst() : join(conditions, Occur.FILTER);
  }

  private static Query of(Scope scope) {
    List<Query> conditions = new ArrayList<>();
    addTo(conditions, scope);
    return join(conditions, Occur.FILTER);
  }

  private static void addTo(List<Query> conditions, Scope scope) {
    addExact(conditions, DocumentFields.USER, scope.user());
    addExact(conditions, DocumentFields.AGENT, scope.agent());
    addExact(conditions, DocumentFields.RUN, scope.run());
  }

  private static void addExact(List<Query> conditions, String field, @Nullable String value) {
    if (value != null) {
      conditions.add(new TermQuery(new Term(field, value)));
    }
  }

  private static Query translate(Filter filter) {
    return switch (filter) {
      case Filter.Equal equal -> metadata(MetadataTerms.value(equal.key(), equal.value()));
      case Filter.Exists exists -> metadata(MetadataTerms.exists(exists.key()));
      case Filter.In in -> {
        List<BytesRef> terms = in.values().stream().map(value -> MetadataTerms.value(in.key(), value)).toList();
        yield terms.isEmpty() ? nothing() : new TermInSetQuery(DocumentFields.METADATA, terms);
      }
      case Filter.Range range -> between(range);
      case Filter.Contains contains -> new TermsContainingQuery(DocumentFields.METADATA,
          MetadataTerms.lowest(contains.key(), true), new BytesRef(contains.text()));
      case Filter.Occurred occurred -> LongField.newRangeQuery(DocumentFields.OCCURRED,
          occurred.from() == null ? Long.MIN_VALUE : DocumentFields.micros(occurred.from()),
          occurred.to() == null ? Long.MAX_VALUE : DocumentFields.micros(occurred.to()) - 1);
      case Filter.And and -> and.filters().isEmpty() ? everything() : join(translate(and.filters()), Occur.FILTER);
      case Filter.Or or -> or.filters().isEmpty() ? nothing() : join(translate(or.filters()), Occur.SHOULD);
      case Filter.Not not -> new ClauseGroupQuery(
          new BooleanQuery.Builder().add(everything(), Occur.FILTER).add(translate(not.filter()), Occur.MUST_NOT)
              .build());
    };
  }

  private static List<Query> translate(List<Filter> filters) {
    return filters.stream().map(FilterQueries::translate).toList();
  }

  private static Query between(Filter.Range range) {
    String key = range.key();
    Object from = range.from();
    Object to = range.to();
    return new TermsBetweenQuery(DocumentFields.METADATA,
        from == null ? MetadataTerms.lowest(key, range.isText()) : MetadataTerms.value(key, from),
        from == null || range.fromIncluded(),
        to == null ? MetadataTerms.beyond(key, range.isText()) : MetadataTerms.value(key, to),
        to != null && range.toIncluded());
  }

  /** Joins any number of conditions, in groups and groups of groups that are small enough for Lucene. */
  private static Query join(List<Query> conditions, Occur occur) {
    List<Query> level = conditions;
    while (level.size() > CLAUSES_IN_GROUP) {
      List<Query> groups = new ArrayList<>();
      for (int i = 0; i < level.size(); i += CLAUSES_IN_GROUP) {
        groups.add(group(level.subList(i, Math.min(level.size(), i + CLAUSES_IN_GROUP)), occur));
      }
      level = groups;
    }
    return group(level, occur);
  }

  private static Query group(List<Query> conditions, Occur occur) {
    BooleanQuery.Builder group = new BooleanQuery.Builder();
    conditions.forEach(condition -> group.add(condition, occur));
    return new ClauseGroupQuery(group.build());
  }

  private static Query metadata(BytesRef term) {
    return new TermQuery(new Term(DocumentFields.METADATA, term));
  }

  private static Query everything() {
    return MatchAllDocsQuery.INSTANCE;
  }

  private static Query nothing() {
    return MatchNoDocsQuery.INSTANCE;
  }
}
