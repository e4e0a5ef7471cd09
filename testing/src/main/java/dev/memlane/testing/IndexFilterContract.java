package dev.memlane.testing;

import static dev.memlane.testing.TestMemories.document;
import static dev.memlane.testing.TestMemories.embedding;
import static dev.memlane.testing.TestMemories.id;
import static dev.memlane.testing.TestMemories.memory;
import static dev.memlane.testing.TestMemories.op;
import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.Filter;
import dev.memlane.model.Memory;
import dev.memlane.model.Metadata;
import dev.memlane.model.Scope;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.model.store.IndexHits;
import dev.memlane.model.store.IndexHits.IndexHit;
import dev.memlane.model.store.IndexQuery;
import dev.memlane.model.store.VectorIndex;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Searches in scopes and with filters. */
abstract class IndexFilterContract extends VectorIndexTestCase {

  IndexFilterContract(Supplier<VectorIndex> open, Consumer<VectorIndex> close, int oneIn) {
    super(open, close, oneIn);
  }

  @Test
  void search_inAScope_matchesTheValuesThatItNames() {
    List<Scope> scopes = List.of(ADA, BOB, ADA.withRun("7"), ADA.withAgent("cook"),
        ADA.withAgent("cook").withRun("7"), Scope.agent("cook"), Scope.run("7"), Scope.run("ada"), Scope.user("Ada"));
    for (int i = 0; i < scopes.size(); i++) {
      put(document(i, scopes.get(i), "same words"));
    }

    for (Scope scope : scopes) {
      Set<DocumentName> expected = IntStream.range(0, scopes.size()).filter(i -> scope.matches(scopes.get(i)))
          .mapToObj(i -> name(i, i)).collect(Collectors.toSet());
      IndexHits hits = search(embedding("x"), "words", scope, null, 100);
      assertThat(hits.semantic()).as("in %s", scope).extracting(IndexHit::name)
          .containsExactlyInAnyOrderElementsOf(expected);
      assertThat(hits.lexical()).as("in %s", scope).extracting(IndexHit::name)
          .containsExactlyInAnyOrderElementsOf(expected);
      assertThat(hits.exhausted()).isTrue();
    }
  }

  @Test
  void search_inSeveralScopes_matchesAnyOfThem_eachDocumentOnce() {
    put(document(1, ADA, "same words"));
    put(document(2, BOB.withAgent("cook"), "same words"));
    put(document(3, Scope.agent("cook"), "same words"));
    put(document(4, Scope.user("eve"), "same words"));

    IndexHits hits = index.search(new IndexQuery(embedding("x"), "words",
        List.of(ADA, Scope.agent("cook"), BOB), Filter.not(Filter.exists("k")), 10, true)).join();

    assertThat(hits.semantic()).extracting(IndexHit::name).containsExactlyInAnyOrder(name(1, 1), name(2, 2),
        name(3, 3));
    assertThat(hits.lexical()).extracting(IndexHit::name).containsExactlyInAnyOrder(name(1, 1), name(2, 2), name(3, 3));
    assertThat(hits.exhausted()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void search_withAFilter_findsTheMemoriesThatItMatches(long seed) {
    Random random = new Random(seed);
    Map<DocumentName, Memory> all = new HashMap<>();
    List<IndexDocument> documents = new ArrayList<>();
    for (int i = 0; i < 150; i++) {
      Memory memory = occurred(memory(id(i), op(i), ADA, "same words", RandomFilters.metadata(random)),
          RandomFilters.time(random));
      documents.add(document(memory));
      all.put(name(i, i), memory);
    }
    putAll(documents);
    for (int i = 0; i < 20; i++) {
      index.remove(name(i, i)).join();
      all.remove(name(i, i));
    }

    for (int i = 0; i < some(400); i++) {
      Filter filter = RandomFilters.filter(random, random.nextInt(5));
      Set<DocumentName> expected = all.entrySet().stream().filter(entry -> filter.matches(entry.getValue()))
          .map(Map.Entry::getKey).collect(Collectors.toSet());
      IndexHits hits = search(embedding("x"), "words", null, filter, 200);
      assertThat(hits.semantic()).as("seed %d, %s", seed, filter).extracting(IndexHit::name)
          .containsExactlyInAnyOrderElementsOf(expected);
      assertThat(hits.lexical()).as("seed %d, %s", seed, filter).extracting(IndexHit::name)
          .containsExactlyInAnyOrderElementsOf(expected);
    }
  }

  @Test
  void search_withARangeOverAList_needsOneElementWithinBothBounds() {
    put(document(memory(id(1), op(1), ADA, "outside on both sides", Metadata.of("n", List.of(1, 9)))));
    put(document(memory(id(2), op(2), ADA, "one within", Metadata.of("n", List.of(1, 5, 9)))));

    assertThat(semantic(embedding("x"), null, Filter.between("n", 3, 7), 10)).containsExactly(name(2, 2));
  }

  @Test
  void search_withTheLongestKeysAndTexts_findsThem() {
    String key = "\uFFEE".repeat(Metadata.LONGEST_KEY);
    String text = "\uFFEE".repeat(Metadata.LONGEST_TEXT);
    String less = "\uFFEE".repeat(Metadata.LONGEST_TEXT - 1) + "a";
    put(document(memory(id(1), op(1), ADA, "longest", Metadata.of(key, text))));
    put(document(memory(id(2), op(2), ADA, "less", Metadata.of(key, List.of(less, "short")))));

    assertThat(semantic(embedding("x"), null, Filter.equal(key, text), 10)).containsExactly(name(1, 1));
    assertThat(semantic(embedding("x"), null, Filter.greaterThan(key, less), 10)).containsExactly(name(1, 1));
    assertThat(semantic(embedding("x"), null, Filter.between(key, less, less), 10)).containsExactly(name(2, 2));
    assertThat(semantic(embedding("x"), null, Filter.in(key, "none", "short"), 10)).containsExactly(name(2, 2));
    assertThat(semantic(embedding("x"), null, Filter.contains(key, text), 10)).containsExactly(name(1, 1));
    assertThat(semantic(embedding("x"), null, Filter.contains(key, less), 10)).containsExactly(name(2, 2));
    assertThat(semantic(embedding("x"), null, Filter.contains(key, "\uFFEEa"), 10)).containsExactly(name(2, 2));
  }

  @Test
  void search_forAPartOfAText_takesItAsItIs_underItsKeyAlone() {
    put(document(memory(id(1), op(1), ADA, "value", Metadata.of("k", "50% of a_b*"))));
    put(document(memory(id(2), op(2), ADA, "element", Metadata.of("k", List.of("none", "5 of axb", 7)))));
    put(document(memory(id(3), op(3), ADA, "another key", Metadata.of("kk", "50% of a_b*").with("j", "50% of a_b*"))));
    put(document(memory(id(4), op(4), ADA, "no text", Metadata.of("k", 50))));

    assertThat(semantic(embedding("x"), null, Filter.contains("k", "% of a_"), 10)).containsExactly(name(1, 1));
    assertThat(semantic(embedding("x"), null, Filter.contains("k", "of a"), 10)).containsExactlyInAnyOrder(name(1, 1),
        name(2, 2));
    for (String absent : List.of("% a", ".", "OF", "k", "t5", "7", "b* ")) {
      assertThat(semantic(embedding("x"), null, Filter.contains("k", absent), 10)).as(absent).isEmpty();
    }
  }

  @Test
  void search_withManyAndDeepConditions_findsTheMemoriesThatTheyMatch() {
    for (int i = 0; i < 30; i++) {
      put(document(memory(id(i), op(i), ADA, "memory " + i, Metadata.of("n", i))));
    }
    List<Filter> either = new ArrayList<>();
    List<Filter> neither = new ArrayList<>();
    List<Object> values = new ArrayList<>();
    for (int i = 0; i < 5_000; i++) {
      either.add(Filter.equal("n", 2 * i));
      neither.add(Filter.not(Filter.equal("n", 2 * i)));
    }
    for (int i = 0; i < Filter.MOST_VALUES; i++) {
      values.add(3 * i);
    }
    Filter deep = Filter.equal("n", 6);
    for (int i = 1; i < Filter.DEEPEST; i++) {
      deep = i % 2 == 0 ? Filter.not(deep) : Filter.or(deep, Filter.in("n", values.toArray()));
    }

    for (Filter filter : List.of(new Filter.Or(either), new Filter.And(neither),
        Filter.and(new Filter.Or(either), Filter.in("n", values.toArray()), new Filter.In("n", values)), deep)) {
      Set<DocumentName> expected = IntStream.range(0, 30).filter(i -> filter.matches(Metadata.of("n", i), null))
          .mapToObj(i -> name(i, i)).collect(Collectors.toSet());
      assertThat(semantic(embedding("x"), ADA, filter, 100)).containsExactlyInAnyOrderElementsOf(expected);
    }
  }
}
