package dev.memlane.server.internal.api;

import dev.memlane.model.Filter;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Scope;
import dev.memlane.model.TimeParser;
import dev.memlane.orchestrator.FusionMethod;
import dev.memlane.orchestrator.Recency;
import dev.memlane.orchestrator.SearchRequest.Include;
import dev.memlane.orchestrator.SearchRequest.Mode;
import dev.memlane.orchestrator.SearchRequest;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A search in the body of a request. Values that are absent have the defaults of {@link SearchRequest}.
 *
 * @param scope where to search; or {@code scopes}, or {@code everywhere}
 * @param include of {@code explanation}, {@code embedding} and {@code expired}
 * @param at searches the memories as they were at this day or moment
 */
record SearchBody(@Nullable String query, @Nullable Scope scope, @Nullable List<Scope> scopes,
    @Nullable Boolean everywhere, @Nullable Integer limit, @Nullable Filter filter, @Nullable Mode mode,
    @Nullable Double threshold, @Nullable Double minSimilarity, @Nullable Integer minWords, @Nullable Boolean context,
    @Nullable FusionMethod fusion, @Nullable Double semanticWeight, @Nullable RecencyBody recency,
    @Nullable Double diversity, @Nullable List<String> include, @Nullable String at) {

  /**
   * A preference for recent memories.
   *
   * @param halfLife in ISO 8601, such as {@code P7D}
   */
  record RecencyBody(Duration halfLife, @Nullable Double weight) {}

  /** The same, with this limit if it has none. */
  SearchBody withUsualLimit(int usual) {
    return limit != null
        ? this
        : new SearchBody(query, scope, scopes, everywhere, usual, filter, mode, threshold, minSimilarity, minWords,
            context, fusion, semanticWeight, recency, diversity, include, at);
  }

  /** @throws InvalidInputException if a value is missing or out of its range */
  SearchRequest toRequest(MemoryAccess access) {
    if (query == null) {
      throw new InvalidInputException("the search has no query");
    }
    SearchRequest.Builder request = SearchRequest.builder(query).filter(filter);
    where(request, access);
    if (limit != null) {
      request.limit(limit);
    }
    if (mode != null) {
      request.mode(mode);
    }
    if (threshold != null) {
      request.threshold(threshold);
    }
    if (minSimilarity != null) {
      request.minSimilarity(minSimilarity);
    }
    if (minWords != null) {
      request.minWords(minWords);
    }
    if (context != null) {
      request.context(context);
    }
    if (fusion != null) {
      request.fusion(fusion);
    }
    if (semanticWeight != null) {
      request.semanticWeight(semanticWeight);
    }
    if (recency != null) {
      request.recency(new Recency(recency.halfLife, recency.weight == null ? Recency.WEIGHT : recency.weight));
    }
    if (diversity != null) {
      request.diversity(diversity);
    }
    if (include != null) {
      request.include(include.stream().map(SearchBody::included).toArray(Include[]::new));
    }
    return request.asOf(at == null ? null : TimeParser.standard().parse("at", at)).build();
  }

  private void where(SearchRequest.Builder request, MemoryAccess access) {
    int named = (scope == null ? 0 : 1) + (scopes == null ? 0 : 1) + (Boolean.TRUE.equals(everywhere) ? 1 : 0);
    if (named > 1) {
      throw new InvalidInputException("the search names more than one of scope, scopes and everywhere");
    }
    if (Boolean.TRUE.equals(everywhere)) {
      access.requireEverything();
      request.everywhere();
    } else if (scopes != null) {
      request.scopes(access.scopes(scopes));
    } else {
      request.scope(access.scope(scope));
    }
  }

  private static Include included(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "explanation" -> Include.EXPLANATION;
      case "embedding" -> Include.EMBEDDING;
      case "expired" -> Include.EXPIRED;
      default -> throw new InvalidInputException("include must be a list of explanation, embedding and expired");
    };
  }
}
