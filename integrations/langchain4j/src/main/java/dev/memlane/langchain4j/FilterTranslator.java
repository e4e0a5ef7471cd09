package dev.memlane.langchain4j;

import dev.langchain4j.store.embedding.filter.comparison.ContainsString;
import dev.langchain4j.store.embedding.filter.comparison.IsEqualTo;
import dev.langchain4j.store.embedding.filter.comparison.IsGreaterThan;
import dev.langchain4j.store.embedding.filter.comparison.IsGreaterThanOrEqualTo;
import dev.langchain4j.store.embedding.filter.comparison.IsIn;
import dev.langchain4j.store.embedding.filter.comparison.IsLessThan;
import dev.langchain4j.store.embedding.filter.comparison.IsLessThanOrEqualTo;
import dev.langchain4j.store.embedding.filter.comparison.IsNotEqualTo;
import dev.langchain4j.store.embedding.filter.comparison.IsNotIn;
import dev.langchain4j.store.embedding.filter.logical.And;
import dev.langchain4j.store.embedding.filter.logical.Not;
import dev.langchain4j.store.embedding.filter.logical.Or;
import dev.memlane.model.Filter;
import dev.memlane.model.InvalidInputException;
import dev.memlane.orchestrator.SearchRequest;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.UUID;

/**
 * The translation of LangChain4j's filters to Memlane's, with the same meaning.
 *
 * <p>
 * <b>Absent keys.</b> A comparison does not hold where the key is absent; {@code IsNotEqualTo}, {@code IsNotIn} and
 * {@code Not} hold there. <b>Types.</b> A text never equals a number. Where LangChain4j's own store would throw because
 * the types differ, the comparison does not hold. <b>Numbers</b> are compared by value, whatever their class.
 *
 * <p>
 * What can't be compared exactly is refused: ranges whose bound is a whole number from 2^53 on, and ranges of UUIDs,
 * which Java orders unlike their texts.
 */
final class FilterTranslator {

  private FilterTranslator() {}

  /**
   * Translates a filter.
   *
   * @throws InvalidInputException if it can't be translated exactly; the message says why
   */
  static Filter translate(dev.langchain4j.store.embedding.filter.Filter filter) {
    return switch (filter) {
      case IsEqualTo is -> equal(is.key(), is.comparisonValue());
      case IsNotEqualTo is -> Filter.not(equal(is.key(), is.comparisonValue()));
      case IsGreaterThan is -> Filter.greaterThan(is.key(), bound(is.key(), is.comparisonValue()));
      case IsGreaterThanOrEqualTo is -> Filter.atLeast(is.key(), bound(is.key(), is.comparisonValue()));
      case IsLessThan is -> Filter.lessThan(is.key(), bound(is.key(), is.comparisonValue()));
      case IsLessThanOrEqualTo is -> Filter.atMost(is.key(), bound(is.key(), is.comparisonValue()));
      case IsIn is -> in(is.key(), is.comparisonValues());
      case IsNotIn is -> Filter.not(in(is.key(), is.comparisonValues()));
      // Every text contains the empty one, and none is less.
      case ContainsString is when is.comparisonValue().isEmpty() -> Filter.atLeast(is.key(), "");
      case ContainsString is -> Filter.contains(is.key(), is.comparisonValue());
      case Not not -> Filter.not(translate(not.expression()));
      case And and -> new Filter.And(conjuncts(and, new ArrayList<>()));
      case Or or -> new Filter.Or(disjuncts(or, new ArrayList<>()));
      default -> throw new InvalidInputException("Memlane knows no filter of type " + filter.getClass().getName()
          + "; combine LangChain4j's own filters");
    };
  }

  /** Has a search hold this filter besides the one that it has. */
  static SearchRequest.Builder narrow(SearchRequest.Builder search, Filter filter) {
    Filter own = search.build().filter();
    return search.filter(own == null ? filter : Filter.and(own, filter));
  }

  /** Flattens a chain, which LangChain4j nests once for each member. */
  private static List<Filter> conjuncts(And and, List<Filter> filters) {
    for (dev.langchain4j.store.embedding.filter.Filter side : List.of(and.left(), and.right())) {
      if (side instanceof And inner) {
        conjuncts(inner, filters);
      } else {
        filters.add(translate(side));
      }
    }
    return filters;
  }

  private static List<Filter> disjuncts(Or or, List<Filter> filters) {
    for (dev.langchain4j.store.embedding.filter.Filter side : List.of(or.left(), or.right())) {
      if (side instanceof Or inner) {
        disjuncts(inner, filters);
      } else {
        filters.add(translate(side));
      }
    }
    return filters;
  }

  private static Filter equal(String key, Object value) {
    return value instanceof Long whole && !MetadataCodec.isExact(whole)
        ? Filter.equal(MetadataCodec.NOTES, MetadataCodec.exactly(key, whole))
        : Filter.equal(key, scalar(value));
  }

  private static Filter in(String key, Collection<?> values) {
    List<Filter> any = new ArrayList<>();
    List<Object> plain = new ArrayList<>();
    for (Object value : values) {
      if (value instanceof Long whole && !MetadataCodec.isExact(whole)) {
        any.add(equal(key, whole));
      } else {
        plain.add(scalar(value));
      }
    }
    for (int from = 0; from < plain.size(); from += Filter.MOST_VALUES) {
      any.add(new Filter.In(key, plain.subList(from, Math.min(plain.size(), from + Filter.MOST_VALUES))));
    }
    return any.size() == 1 ? any.getFirst() : new Filter.Or(any);
  }

  private static Object bound(String key, Object value) {
    if (value instanceof UUID) {
      throw new InvalidInputException("the range on \"" + key + "\" has a UUID as bound, and stored UUIDs are texts, "
          + "which have another order; compare for equality");
    }
    if (value instanceof Long whole && !MetadataCodec.isExact(whole)) {
      throw new InvalidInputException("the range on \"" + key + "\" has the bound " + whole
          + ", and ranges compare whole numbers exactly up to 2^53; choose a nearer bound, or a double");
    }
    return scalar(value);
  }

  private static Object scalar(Object value) {
    return switch (value) {
      case UUID id -> id.toString();
      case Float number -> MetadataCodec.decimal(number);
      default -> value;
    };
  }
}
