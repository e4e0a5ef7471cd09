package dev.memlane.storage.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.model.ActorName;
import dev.memlane.model.Embedding;
import dev.memlane.model.SearchPart;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.IndexHits;
import dev.memlane.model.store.IndexHits.IndexHit;
import dev.memlane.model.store.IndexQuery;
import dev.memlane.storage.vector.WordAnalysis;
import dev.memlane.storage.vector.WordAnalysis.QueryWords;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What one query asks the cluster, and how its answers become hits. The searches, in this order:
 *
 * <ol>
 * <li>the scopes: how many documents they have, how long these are, and how many of them each search by meaning could
 * find;
 * <li>by meaning, nearest first; one for memories with an actor and one for the others, if they have vectors of their
 * own;
 * <li>by words: see {@link WordSearch}.
 * </ol>
 *
 * <p>
 * A search by meaning walks a graph with at least {@value #LEAST_KEPT} candidates; Lucene compares one by one where the
 * filter leaves no more than that in a segment. If a walk returns fewer documents than there are, they are all compared
 * after all ({@link #exactSearches}). So a filter never costs results.
 */
final class SearchPlan {

  /** The fewest candidates of a walk; keeping only the few that a caller wants would miss too many. */
  static final int LEAST_KEPT = 500;
  /** What is subtracted from the least score, because the cluster rounds differently; hits are checked again. */
  private static final double ROUNDING = 1e-6;

  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final Comparator<IndexHit> BEST_FIRST = Comparator.comparingDouble(IndexHit::score).reversed()
      .thenComparing(hit -> hit.name().memory()).thenComparing(hit -> hit.name().op().toString());

  private final IndexQuery query;
  private final int depth;
  private final List<DocumentName> lookedUp;
  private final List<Meaning> meanings;
  private final @Nullable WordSearch words;
  private final boolean nothing;

  /**
   * A search by meaning.
   *
   * @param vector what documents are compared with
   * @param conditions what the documents fulfil, within the scopes
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Meaning(float[] vector, ArrayNode conditions) {}

  private SearchPlan(IndexQuery query, List<Meaning> meanings, @Nullable WordSearch words, boolean nothing) {
    this.query = query;
    this.depth = Math.min(query.depth(), IndexDefinition.MOST_HITS);
    this.lookedUp = List.copyOf(query.documents());
    this.meanings = meanings;
    this.words = words;
    this.nothing = nothing;
  }

  static SearchPlan of(IndexQuery query, WordAnalysis analysis, DocumentJson documents) {
    String text = query.text();
    QueryWords words = text == null
        ? null
        : analysis.query(text, query.without().contains(SearchPart.STOP_WORDS), query.minWords());
    if (words == null || words.isEmpty()) {
      words = null;
    }
    if (words == null && query.minWords() > 0) {
      return new SearchPlan(query, List.of(), null, true);
    }
    ArrayNode filter = FilterJson.of(List.of(), query.filter());
    ArrayNode least = filter.deepCopy();
    if (words != null && query.minWords() > 0) {
      least.add(WordSearch.atLeast(words, query.minWords()));
    }
    List<Meaning> meanings = meanings(query, least, documents);
    WordSearch search = null;
    if (words != null) {
      if (query.limitsSimilarity()) {
        filter.add(near(query, meanings));
      }
      if (query.minWords() > 1) {
        filter.add(WordSearch.atLeast(words, query.minWords()));
      }
      search = new WordSearch(words, query, filter);
    }
    return new SearchPlan(query, meanings, search, false);
  }

  private static List<Meaning> meanings(IndexQuery query, ArrayNode conditions, DocumentJson documents) {
    Embedding vector = query.vector();
    if (vector == null) {
      return List.of();
    }
    float[] plain = documents.vector(vector.vector());
    Embedding spoken = query.spoken();
    if (spoken == null) {
      return List.of(new Meaning(plain, conditions));
    }
    ObjectNode nobody = FilterJson.term(Fields.ACTOR, ActorName.NOBODY);
    ObjectNode somebody = JSON.objectNode();
    somebody.putObject("bool").set("must_not", nobody);
    return List.of(new Meaning(plain, conditions.deepCopy().add(nobody)),
        new Meaning(documents.vector(spoken.vector()), conditions.deepCopy().add(somebody)));
  }

  /** The condition that a document is as near as the query requires. */
  private static ObjectNode near(IndexQuery query, List<Meaning> meanings) {
    ObjectNode near = JSON.objectNode();
    ArrayNode any = near.putObject("bool").put("minimum_should_match", 1).putArray("should");
    for (Meaning meaning : meanings) {
      any.add(compared(meaning.vector, meaning.conditions, (1 + query.minSimilarity()) / 2 - ROUNDING));
    }
    return near;
  }

  /** Whether the query finds nothing, whatever the index holds. */
  boolean isEmpty() {
    return nothing && lookedUp.isEmpty();
  }

  List<ObjectNode> searches() {
    List<ObjectNode> searches = new ArrayList<>();
    if (nothing) {
      searches.add(lookUp());
      return searches;
    }
    searches.add(scopes());
    if (meanings.isEmpty() && words == null && !lookedUp.isEmpty()) {
      searches.add(lookUp());
    }
    for (Meaning meaning : meanings) {
      searches.add(nearest(meaning, false));
    }
    if (words != null) {
      ObjectNode search = words.search(depth, lookedUp.isEmpty() ? null : ids(lookedUp));
      addLookUp(search);
      searches.add(search);
    }
    return searches;
  }

  /** A search for nothing but the documents to look up. */
  private ObjectNode lookUp() {
    ObjectNode search = JSON.objectNode().put("size", 0);
    search.set("query", ids(lookedUp));
    addLookUp(search);
    return search;
  }

  private ObjectNode scopes() {
    ObjectNode search = JSON.objectNode().put("size", 0).put("track_total_hits", true);
    search.putObject("query").putObject("bool").set("filter", FilterJson.of(query.scopes(), null));
    ObjectNode aggregations = JSON.objectNode();
    if (words != null) {
      WordSearch.addLengths(aggregations);
    }
    for (int i = 0; i < meanings.size(); i++) {
      ArrayNode conditions = meanings.get(i).conditions;
      if (!conditions.isEmpty()) {
        aggregations.putObject("meaning" + i).putObject("filter").putObject("bool").set("filter", conditions);
      }
    }
    if (!aggregations.isEmpty()) {
      search.set("aggs", aggregations);
    }
    return search;
  }

  private ObjectNode nearest(Meaning meaning, boolean exact) {
    ObjectNode search = JSON.objectNode().put("size", depth).put("track_total_hits", true);
    ArrayNode conditions = FilterJson.of(query.scopes(), null).addAll(meaning.conditions);
    ObjectNode main = exact ? compared(meaning.vector, conditions, 0) : walked(meaning.vector, conditions);
    if (lookedUp.isEmpty() || exact) {
      search.set("query", main);
    } else {
      // One more for what is found by meaning, so that it can be told from what is only looked up.
      ObjectNode raised = JSON.objectNode();
      raised.putObject("bool").putArray("must").add(main).add(constant(FilterJson.everything(), 1));
      search.putObject("query").putObject("bool").putArray("should").add(raised).add(constant(ids(lookedUp), 0));
      addLookUp(search);
    }
    addSource(search, false);
    return search;
  }

  private ObjectNode walked(float[] vector, ArrayNode conditions) {
    ObjectNode search = JSON.objectNode();
    ObjectNode knn = search.putObject("knn").putObject(Fields.VECTOR);
    numbers(knn.putArray("vector"), vector);
    knn.put("k", Math.max(depth, LEAST_KEPT));
    if (!conditions.isEmpty()) {
      knn.putObject("filter").putObject("bool").set("filter", conditions);
    }
    return search;
  }

  /** A query that compares all documents that fulfil conditions with a vector. */
  private static ObjectNode compared(float[] vector, ArrayNode conditions, double least) {
    ObjectNode query = JSON.objectNode();
    ObjectNode compared = query.putObject("script_score");
    if (conditions.isEmpty()) {
      compared.set("query", FilterJson.everything());
    } else {
      compared.putObject("query").putObject("bool").set("filter", conditions);
    }
    if (least > 0) {
      compared.put("min_score", least);
    }
    ObjectNode parameters = compared.putObject("script").put("lang", "knn").put("source", "knn_score")
        .putObject("params").put("field", Fields.VECTOR).put("space_type", "cosinesimil");
    numbers(parameters.putArray("query_value"), vector);
    return query;
  }

  private static void numbers(ArrayNode array, float[] vector) {
    for (float x : vector) {
      if (x == Math.rint(x) && Math.abs(x) <= Byte.MAX_VALUE) {
        array.add((int) x);
      } else {
        array.add(x);
      }
    }
  }

  static ObjectNode constant(JsonNode filter, int score) {
    ObjectNode query = JSON.objectNode();
    query.putObject("constant_score").put("boost", score).set("filter", filter);
    return query;
  }

  static void addSource(ObjectNode search, boolean counts) {
    ArrayNode source = search.putArray("_source").add(Fields.MEMORY).add(Fields.OP).add(Fields.HASH).add(Fields.RUN)
        .add(Fields.NAME).add(Fields.TIME).add(Fields.QUESTION).add(Fields.LENGTH);
    if (counts) {
      source.add(Fields.COUNTS);
    }
  }

  private static ObjectNode ids(List<DocumentName> names) {
    ObjectNode query = JSON.objectNode();
    ArrayNode values = query.putObject("ids").putArray("values");
    names.forEach(name -> values.add(DocumentJson.id(name)));
    return query;
  }

  private void addLookUp(ObjectNode search) {
    if (lookedUp.isEmpty()) {
      return;
    }
    ObjectNode aggregations = search.has("aggs") ? (ObjectNode) search.get("aggs") : search.putObject("aggs");
    ObjectNode each = aggregations.putObject("held").putObject("filters").putObject("filters");
    for (int i = 0; i < lookedUp.size(); i++) {
      each.set(Integer.toString(i), ids(List.of(lookedUp.get(i))));
    }
  }

  /** The documents that all searches have found. */
  private Set<DocumentName> held(List<JsonNode> answers) {
    Set<DocumentName> held = new HashSet<>(lookedUp);
    // Every search looks them up, but the one that counts what is in the scopes. What an answer says nothing of is not held.
    for (JsonNode answer : answers.subList(nothing ? 0 : 1, answers.size())) {
      JsonNode buckets = answer.path("aggregations").path("held").path("buckets");
      for (int i = 0; i < lookedUp.size(); i++) {
        if (buckets.path(Integer.toString(i)).path("doc_count").asLong() == 0) {
          held.remove(lookedUp.get(i));
        }
      }
    }
    return held;
  }

  /** How many documents a search by meaning could find. */
  private static long matching(JsonNode scopes, int meaning) {
    JsonNode counted = scopes.path("aggregations").path("meaning" + meaning);
    return counted.isMissingNode() ? Hits.total(scopes) : counted.path("doc_count").asLong();
  }

  /** The searches by meaning that found fewer than there are, as searches that compare all documents. */
  List<ObjectNode> exactSearches(List<JsonNode> answers) {
    List<ObjectNode> exact = new ArrayList<>();
    for (int i = 0; i < meanings.size(); i++) {
      if (isShort(answers, i)) {
        exact.add(nearest(meanings.get(i), true));
      }
    }
    return exact;
  }

  private boolean isShort(List<JsonNode> answers, int meaning) {
    return near(answers.get(1 + meaning), !lookedUp.isEmpty()).size() < Math.min(depth,
        matching(answers.getFirst(), meaning));
  }

  /**
   * Reads the answers.
   *
   * @param answers of {@link #searches}
   * @param exact of {@link #exactSearches}
   */
  IndexHits hits(List<JsonNode> answers, List<JsonNode> exact) {
    Set<DocumentName> held = held(answers);
    if (nothing) {
      return new IndexHits(List.of(), List.of(), List.of(), true, held);
    }
    List<IndexHit> semantic = new ArrayList<>();
    long matching = 0;
    int next = 0;
    for (int i = 0; i < meanings.size(); i++) {
      if (isShort(answers, i)) {
        JsonNode compared = exact.get(next++);
        matching += Hits.total(compared);
        semantic.addAll(near(compared, false));
      } else {
        matching += matching(answers.getFirst(), i);
        semantic.addAll(near(answers.get(1 + i), !lookedUp.isEmpty()));
      }
    }
    semantic.sort(BEST_FIRST);
    // More than can be asked for are not there for any search.
    boolean limited = query.depth() > IndexDefinition.MOST_HITS;
    boolean exhausted = limited || matching <= depth;
    List<IndexHit> near = semantic.subList(0, Math.min(depth, semantic.size()));
    if (query.limitsSimilarity()) {
      int count = 0;
      while (count < near.size() && query.isNearEnough(near.get(count).score())) {
        count++;
      }
      exhausted |= count < near.size();
      near = near.subList(0, count);
    }
    List<IndexHit> lexical = List.of();
    int median = 0;
    if (words != null) {
      JsonNode answer = answers.get(1 + meanings.size());
      lexical = new ArrayList<>(words.hits(answer, answers.getFirst()));
      lexical.sort(BEST_FIRST);
      lexical = lexical.subList(0, Math.min(depth, lexical.size()));
      median = WordSearch.medianWords(answers.getFirst());
      // With a limit of similarity the nearest say whether there is more: they include all of these.
      exhausted &= limited || query.limitsSimilarity() || Hits.total(answer) <= depth;
    }
    return new IndexHits(near, lexical, List.of(), exhausted, held, median);
  }

  /**
   * Reads hits by meaning.
   *
   * @param raised whether their scores are one too high, and others' are not
   */
  private static List<IndexHit> near(JsonNode answer, boolean raised) {
    List<IndexHit> hits = new ArrayList<>();
    for (JsonNode hit : Hits.of(answer)) {
      float score = hit.path("_score").floatValue() - (raised ? 1 : 0);
      if (score >= 0) {
        hits.add(DocumentJson.hit(hit.path("_source"), Math.min(1, score)));
      }
    }
    return hits;
  }
}
