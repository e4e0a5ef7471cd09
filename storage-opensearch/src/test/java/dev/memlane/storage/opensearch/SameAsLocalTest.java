package dev.memlane.storage.opensearch;

import static dev.memlane.testing.TestMemories.embedding;
import static dev.memlane.testing.TestMemories.id;
import static dev.memlane.testing.TestMemories.op;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.memlane.model.Embedding;
import dev.memlane.model.Filter;
import dev.memlane.model.Memory;
import dev.memlane.model.Metadata;
import dev.memlane.model.Scope;
import dev.memlane.model.SearchPart;
import dev.memlane.model.StoreResult;
import dev.memlane.model.StoreResult.Applied;
import dev.memlane.model.VectorType;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.model.store.IndexHits;
import dev.memlane.model.store.IndexHits.IndexHit;
import dev.memlane.model.store.IndexQuery;
import dev.memlane.model.store.VectorIndex;
import dev.memlane.storage.vector.LuceneVectorIndex;
import dev.memlane.testing.Sample;
import dev.memlane.testing.TestMemories;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What the index finds, and how it scores that, is what the local index does. */
@Tag("programs")
class SameAsLocalTest {

  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static final Instant LATER = Instant.parse("9999-01-01T00:00:00Z");
  private static final List<Scope> SCOPES = List.of(Scope.user("ada"), Scope.user("ada").withRun("7"),
      Scope.user("bob, \"and\" others"), Scope.user("bob, \"and\" others").withAgent("cook"), Scope.agent("cook"));
  private static final Map<String, List<String>> WORDS = Map.of(
      "en",
      List.of("Ada", "plays", "the", "oboe", "oboes", "who", "caf\u00E9", "cafe", "running", "runs", "\u6771\u4EAC",
          "\u4EAC\u90FD", "what", "tea?", "\uD83D\uDE00", "naive", "na\u00EFve", "a"),
      "de",
      List.of("B\u00FCcher", "Buch", "H\u00E4user", "Haus", "dr\u00FCcken", "drucken", "die", "und", "Stra\u00DFe",
          "Strasse", "liest", "gelesen", "Caf\u00E9", "Oboe"),
      "pt", List.of("a\u00E7\u00F5es", "a\u00E7\u00E3o", "acoes", "cora\u00E7\u00E3o", "casa", "casas", "que", "ela"),
      "th",
      List.of("\u0E41\u0E21\u0E27\u0E01\u0E34\u0E19\u0E1B\u0E25\u0E32", "\u0E1B\u0E25\u0E32", "\u0E41\u0E21\u0E27"),
      "sr", List.of("\u0160uma", "suma", "\u0448\u0443\u043C\u0430", "ku\u0107a", "kuca"),
      "xx", List.of("word", "words", "W\u00F6rd", "other"));

  @TempDir
  private Path folder;

  /** A sample for every build; {@code -Dmemlane.sample=all} takes all. */
  private static List<Arguments> languages() {
    List<Arguments> all = List.of(arguments("en", Routing.USER), arguments("th", Routing.MEMORY),
        arguments("en", Routing.MEMORY), arguments("de", Routing.USER), arguments("pt", Routing.MEMORY),
        arguments("sr", Routing.MEMORY), arguments("xx", Routing.MEMORY));
    return all.subList(0, Sample.of(2, all.size()));
  }

  @ParameterizedTest
  @MethodSource("languages")
  void search_findsWhatTheLocalIndexFinds_withTheSameScores(String language, Routing routing) {
    RawCluster.delete("same");
    List<String> words = Objects.requireNonNull(WORDS.get(language));
    Locale locale = Locale.of(language);
    Random random = new Random(language.hashCode());
    try (VectorIndex local = LuceneVectorIndex.builder(folder).model(TestMemories.MODEL)
        .dimension(TestMemories.DIMENSION).language(locale).open();
        VectorIndex shared = OpenSearchIndex.builder(RawCluster.shared()).index("same").model(TestMemories.MODEL)
            .dimension(TestMemories.DIMENSION).language(locale).shards(2).replicas(0).routing(routing)
            .writeTimeout(Duration.ofMinutes(1)).open()) {
      fill(List.of(local, shared), words, random);
      for (int i = 0; i < 40; i++) {
        IndexQuery query = query(words, random);
        assertSame(shared.search(query).join(), local.search(query).join(), query);
      }
      List<CompletableFuture<?>> removals = new ArrayList<>();
      for (VectorIndex index : List.of(local, shared)) {
        for (int i = 0; i < 150; i += 3) {
          removals.add(index.retain(new DocumentName(id(i), op(1_000 + i))));
          removals.add(index.remove(new DocumentName(id(i + 1), op(i + 1))));
          removals.add(index.removeAll(id(i + 2)));
        }
      }
      CompletableFuture.allOf(removals.toArray(CompletableFuture[]::new)).join();
      assertThat(shared.names(null, 1_000).join()).containsExactlyInAnyOrderElementsOf(local.names(null, 1_000).join());
      IndexQuery query = query(words, random);
      assertSame(shared.search(query).join(), local.search(query).join(), query);
    }
  }

  private static void fill(List<VectorIndex> indexes, List<String> words, Random random) {
    List<CompletableFuture<StoreResult>> puts = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      Scope scope = SCOPES.get(random.nextInt(SCOPES.size()));
      for (int state = 0; state < (i % 10 == 0 ? 2 : 1); state++) {
        Memory memory = new Memory(id(i), scope, null, random.nextBoolean() ? "Grace " + words.getFirst() : null,
            text(words, random, 1 + random.nextInt(i % 50 == 0 ? 400 : 12)), Metadata.of("n", i % 7), null, START,
            START,
            null, 1, op(state * 1_000L + i));
        IndexDocument document = new IndexDocument(memory,
            embedding(TestMemories.MODEL, TestMemories.DIMENSION, random));
        indexes.forEach(index -> puts.add(index.put(document, LATER)));
      }
    }
    // One that is in doubt may be executed after its document was removed.
    puts.forEach(put -> assertThat(put.join()).isInstanceOf(Applied.class));
  }

  private static String text(List<String> words, Random random, int count) {
    return random.ints(count, 0, words.size()).map(word -> Math.min(word, random.nextInt(words.size())))
        .mapToObj(words::get).collect(Collectors.joining(" "));
  }

  private static IndexQuery query(List<String> words, Random random) {
    List<Scope> scopes = switch (random.nextInt(4)) {
      case 0 -> List.of();
      case 1 -> List.of(SCOPES.get(0), SCOPES.get(4));
      default -> List.of(SCOPES.get(random.nextInt(SCOPES.size())));
    };
    Filter filter = random.nextInt(3) == 0 ? Filter.lessThan("n", random.nextInt(7)) : null;
    Embedding vector = random.nextInt(4) == 0
        ? null
        : embedding(TestMemories.MODEL, TestMemories.DIMENSION, random);
    Embedding spoken = vector == null || random.nextBoolean()
        ? null
        : embedding(TestMemories.MODEL, TestMemories.DIMENSION, random);
    Set<SearchPart> without = new HashSet<>();
    if (random.nextBoolean()) {
      without.add(SearchPart.LENGTHS);
    }
    if (random.nextBoolean()) {
      without.add(SearchPart.STOP_WORDS);
    }
    Set<DocumentName> asked = random.nextBoolean()
        ? Set.of()
        : Set.of(new DocumentName(id(1), op(1)), new DocumentName(id(0), op(1_000)), new DocumentName(id(2), op(9)));
    return new IndexQuery(vector, text(words, random, 1 + random.nextInt(5)), scopes, filter, 5 + random.nextInt(400),
        random.nextBoolean(), asked, vector == null || random.nextBoolean() ? -1 : random.nextDouble() - 0.5,
        random.nextInt(4), spoken, without);
  }

  private static void assertSame(IndexHits shared, IndexHits local, IndexQuery query) {
    assertSame(shared.semantic(), local.semantic(), 1e-5, query);
    if (query.limitsSimilarity()) {
      // The local index takes the best by words first, and leaves out those that are not near enough.
      Set<DocumentName> near = local.lexical().stream().map(IndexHit::name).collect(Collectors.toSet());
      assertSame(shared.lexical().stream().filter(hit -> near.contains(hit.name())).toList(), local.lexical(), 1e-4,
          query);
    } else {
      assertSame(shared.lexical(), local.lexical(), 1e-4, query);
    }
    assertThat(shared.held()).as("%s", query).isEqualTo(local.held());
    assertThat(shared.exhausted()).as("%s", query).isEqualTo(local.exhausted());
    assertThat(shared.medianWords()).as("%s", query).isEqualTo(local.medianWords());
    if (!query.limitsSimilarity()) {
      assertThat(shared.runs()).as("%s", query).containsExactlyInAnyOrderElementsOf(local.runs());
    }
  }

  /** Hits of equal scores have no order. */
  private static void assertSame(List<IndexHit> shared, List<IndexHit> local, double tolerance, IndexQuery query) {
    assertThat(shared).as("%s", query).hasSameSizeAs(local);
    Map<DocumentName, IndexHit> found = new HashMap<>();
    shared.forEach(hit -> found.put(hit.name(), hit));
    for (int i = 0; i < local.size(); i++) {
      IndexHit expected = local.get(i);
      assertThat((double) shared.get(i).score()).as("%s", query).isEqualTo(expected.score(), within(tolerance));
      @Nullable
      IndexHit same = found.get(expected.name());
      // The last ones may be others of the same score.
      if (same == null) {
        assertThat((double) expected.score()).as("%s", query).isEqualTo(local.getLast().score(), within(tolerance));
      } else {
        assertThat((double) same.score()).isEqualTo(expected.score(), within(tolerance));
        assertThat(same.traits()).isEqualTo(expected.traits());
        assertThat(same.contentHash()).isEqualTo(expected.contentHash());
        assertThat(same.time()).isEqualTo(expected.time());
      }
    }
  }

  @Test
  void vectorsAsBytes_areNearlyAsExact() {
    RawCluster.delete("bytes");
    Random random = new Random(3);
    try (OpenSearchIndex index = OpenSearchIndex.builder(RawCluster.shared()).index("bytes").model(TestMemories.MODEL)
        .dimension(TestMemories.DIMENSION).replicas(0).vectors(VectorType.BYTE).open()) {
      Map<DocumentName, Embedding> all = new HashMap<>();
      List<CompletableFuture<?>> puts = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        Embedding vector = embedding(TestMemories.MODEL, TestMemories.DIMENSION, random);
        IndexDocument document = new IndexDocument(TestMemories.memory(i, SCOPES.getFirst(), "memory"), vector);
        all.put(document.name(), vector);
        puts.add(index.put(document, LATER));
      }
      CompletableFuture.allOf(puts.toArray(CompletableFuture[]::new)).join();
      Embedding near = embedding("near");

      List<IndexHit> hits = index.search(new IndexQuery(near, null, List.of(), null, 200, false)).join().semantic();

      assertThat(hits).hasSize(200).allSatisfy(hit -> assertThat((double) hit.score()).isEqualTo(
          (1 + TestMemories.cosine(near, Objects.requireNonNull(all.get(hit.name())))) / 2, within(0.01)));
    }
  }
}
