package dev.memlane.storage.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.model.SearchPart;
import dev.memlane.model.store.IndexHits.IndexHit;
import dev.memlane.model.store.IndexQuery;
import dev.memlane.storage.vector.WordAnalysis.Clause;
import dev.memlane.storage.vector.WordAnalysis.QueryWords;
import dev.memlane.storage.vector.WordScores;
import dev.memlane.storage.vector.WordScores.ClauseScore;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The search by words.
 *
 * <p>
 * The cluster's own scores count how rare words are in a whole shard, which tells one user what others have stored, and
 * differs between shards. So they only choose candidates: at least {@value #LEAST_CANDIDATES}, and {@value #MORE} times
 * as many as are wanted. Their scores are computed here, from how often the words are in the documents of the scopes. The
 * cluster counts that among the documents that the search finds: the filter is applied after counting.
 */
final class WordSearch {

  private static final int LEAST_CANDIDATES = 200;
  private static final int MORE = 4;
  /** Lengths are rounded to one of so many. */
  private static final int LENGTHS = 256;

  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private final QueryWords words;
  private final IndexQuery query;
  private final ArrayNode filter;
  /** The number of each different term. */
  private final Map<String, Integer> terms = new LinkedHashMap<>();

  /**
   * @param filter what documents fulfil, besides being in the scopes and having a word
   */
  WordSearch(QueryWords words, IndexQuery query, ArrayNode filter) {
    this.words = words;
    this.query = query;
    this.filter = filter;
    for (Clause clause : words.scored()) {
      clause.terms().forEach(term -> terms.putIfAbsent(WordCounts.word(term), terms.size()));
    }
  }

  /** The condition that a document has some of the words, or all of them if there are fewer. */
  static ObjectNode atLeast(QueryWords words, int least) {
    ObjectNode condition = JSON.objectNode();
    ObjectNode bool = condition.putObject("bool");
    bool.put("minimum_should_match", Math.min(least, words.words().size()));
    ArrayNode each = bool.putArray("should");
    for (List<Clause> word : words.words()) {
      List<String> any = word.stream().flatMap(clause -> clause.terms().stream()).map(WordCounts::word).toList();
      each.add(FilterJson.terms(Fields.TEXT, any));
    }
    return condition;
  }

  /**
   * Creates the search.
   *
   * @param lookedUp documents that the search finds too, without a score; null for none
   */
  ObjectNode search(int depth, @Nullable ObjectNode lookedUp) {
    ObjectNode search = JSON.objectNode().put("track_total_hits", true).put("size",
        Math.min(IndexDefinition.MOST_HITS, Math.max(LEAST_CANDIDATES, (long) MORE * depth)));
    ArrayNode scopes = FilterJson.of(query.scopes(), null);
    ObjectNode main = JSON.objectNode();
    ObjectNode bool = main.putObject("bool").put("minimum_should_match", 1);
    ArrayNode should = bool.putArray("should");
    terms.keySet().forEach(term -> should.add(FilterJson.term(Fields.TEXT, term)));
    bool.set("filter", scopes);
    ArrayNode after = filter.deepCopy();
    if (lookedUp == null) {
      search.set("query", main);
    } else {
      search.putObject("query").putObject("bool").putArray("should").add(main)
          .add(SearchPlan.constant(lookedUp, 0));
      after.add(main);
    }
    if (!after.isEmpty()) {
      search.putObject("post_filter").putObject("bool").set("filter", after);
    }
    ObjectNode counted = search.putObject("aggs").putObject("with").putObject("filters").putObject("filters");
    terms.forEach((term, number) -> counted.putObject(number.toString()).putObject("bool").set("filter",
        scopes.deepCopy().add(FilterJson.term(Fields.TEXT, term))));
    SearchPlan.addSource(search, true);
    return search;
  }

  /** Has the search of the scopes count how many of their documents have each length. */
  static void addLengths(ObjectNode aggregations) {
    aggregations.putObject("lengths").putObject("terms").put("field", Fields.LENGTH).put("size", LENGTHS);
  }

  /** The median of the lengths of the scopes' documents that have words; 0 if there are none. */
  static int medianWords(JsonNode scopes) {
    Map<Integer, Long> lengths = new java.util.TreeMap<>();
    long all = 0;
    for (JsonNode bucket : lengths(scopes)) {
      if (bucket.path("key").asInt() > 0) {
        lengths.put(bucket.path("key").asInt(), bucket.path("doc_count").asLong());
        all += bucket.path("doc_count").asLong();
      }
    }
    long passed = 0;
    for (Map.Entry<Integer, Long> length : lengths.entrySet()) {
      passed += length.getValue();
      if (2 * passed >= all) {
        return length.getKey();
      }
    }
    return 0;
  }

  private static JsonNode lengths(JsonNode scopes) {
    return scopes.path("aggregations").path("lengths").path("buckets");
  }

  /**
   * Reads the hits, in no order.
   *
   * @param answer of {@link #search}
   * @param scopes the answer of the search of the scopes
   */
  List<IndexHit> hits(JsonNode answer, JsonNode scopes) {
    long documents = Hits.total(scopes);
    if (documents == 0) {
      return List.of();
    }
    long length = 0;
    for (JsonNode bucket : lengths(scopes)) {
      length += bucket.path("key").asLong() * bucket.path("doc_count").asLong();
    }
    WordScores scores = new WordScores(documents, length, query.without().contains(SearchPart.LENGTHS));
    JsonNode with = answer.path("aggregations").path("with").path("buckets");
    List<ClauseScore> clauses = new ArrayList<>();
    for (Clause clause : words.scored()) {
      long most = 0;
      for (String term : clause.terms()) {
        most = Math.max(most, with.path(String.valueOf(terms.get(WordCounts.word(term)))).path("doc_count").asLong());
      }
      clauses.add(scores.clause(most));
    }
    List<IndexHit> hits = new ArrayList<>();
    int[] counts = new int[terms.size()];
    for (JsonNode hit : Hits.of(answer)) {
      JsonNode source = hit.path("_source");
      java.util.Arrays.fill(counts, 0);
      WordCounts.read(source.path(Fields.COUNTS).asText(), terms, counts);
      double score = score(clauses, counts, source.path(Fields.LENGTH).asInt());
      if (score > 0) {
        hits.add(DocumentJson.hit(source, (float) score));
      }
    }
    return hits;
  }

  private double score(List<ClauseScore> clauses, int[] counts, int length) {
    double score = 0;
    for (int i = 0; i < clauses.size(); i++) {
      int count = 0;
      for (String term : words.scored().get(i).terms()) {
        Integer number = terms.get(WordCounts.word(term));
        count += number == null ? 0 : counts[number];
      }
      if (count > 0) {
        score += clauses.get(i).of(count, length);
      }
    }
    return score;
  }
}
