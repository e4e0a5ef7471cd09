package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.memlane.embedding.Embedder;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.EmbeddedText;
import dev.memlane.model.EmbeddingException;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.Memory;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.VectorType;
import dev.memlane.orchestrator.SearchRequest.Mode;
import dev.memlane.storage.vector.LuceneVectorIndex;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Building the index again, for another language or another model. */
@Tag("programs")
class ReindexTest {

  private static final Scope ADA = Scope.user("ada");

  @TempDir
  Path directory;

  private String jdbcUrl;

  @BeforeEach
  void makeDatabase() {
    jdbcUrl = TestMemory.freshDatabase();
  }

  private OrchestratorBuilder memory(Embedder embedder) {
    return MemoryOrchestrator.builder().postgres(jdbcUrl, null, null).indexDirectory(directory.resolve("vectors"))
        .embedder(embedder).embeddingCacheBytes(0).followEvery(Duration.ZERO);
  }

  private static List<Memory> byWords(MemoryOrchestrator memory, String words) {
    return memory.blocking().search(SearchRequest.builder(words).scope(ADA).mode(Mode.LEXICAL).build()).stream()
        .map(SearchHit::memory).toList();
  }

  @Test
  void language_isKeptWithTheIndex_andAnotherOneEmbedsNothing() {
    Counting embedder = new Counting(384, Integer.MAX_VALUE);
    Memory added;
    try (MemoryOrchestrator memory = memory(embedder).open()) {
      added = memory.blocking().addMemory(NewMemory.of("Die Häuser am See", ADA));
      assertThat(byWords(memory, "Haus")).isEmpty();
    }

    assertThatThrownBy(() -> memory(embedder).language(Locale.GERMAN).open()).isInstanceOf(StoreException.class)
        .hasMessageContaining("en").hasMessageContaining("`memlane reindex`");
    try (MemoryOrchestrator memory = memory(embedder).language(Locale.GERMAN).rebuildIndex(true).open()) {
      assertThat(byWords(memory, "Haus")).containsExactly(added);
    }
    try (MemoryOrchestrator memory = memory(embedder).open()) {
      assertThat(byWords(memory, "Haus")).as("opened without a word of the language").containsExactly(added);
    }
    try (MemoryOrchestrator memory = memory(embedder).rebuildIndex(true).open()) {
      assertThat(byWords(memory, "Haus")).as("rebuilt without naming a type").containsExactly(added);
    }
    assertThat(embedder.texts).hasValue(1);
  }

  @Test
  void typeOfVectors_isKeptWithTheIndex_andAnotherOneEmbedsNothing() {
    Counting embedder = new Counting(384, Integer.MAX_VALUE);
    Path index = directory.resolve("vectors");
    try (MemoryOrchestrator memory = memory(embedder).open()) {
      memory.blocking().addMemory(NewMemory.of("I play the oboe", ADA));
    }
    assertThat(LuceneVectorIndex.vectors(index)).contains(VectorType.FLOAT);

    assertThatThrownBy(() -> memory(embedder).indexVectors(VectorType.BYTE).open()).isInstanceOf(StoreException.class)
        .hasMessageContaining("as float, but byte is configured").hasMessageContaining("`memlane reindex`");
    try (MemoryOrchestrator memory = memory(embedder).open()) {
      assertThat(memory.blocking().verify(false).isClean()).as("refused, and nothing lost").isTrue();
    }
    memory(embedder).indexVectors(VectorType.BYTE).rebuildIndex(true).open().close();
    memory(embedder).open().close();
    assertThat(LuceneVectorIndex.vectors(index)).as("opened without naming a type").contains(VectorType.BYTE);
    memory(embedder).rebuildIndex(true).open().close();
    assertThat(LuceneVectorIndex.vectors(index)).as("rebuilt without naming a type").contains(VectorType.BYTE);
    assertThat(embedder.texts).as("nothing is embedded again").hasValue(1);
    try (MemoryOrchestrator memory = memory(embedder).indexVectors(VectorType.BIT).rebuildIndex(true).open()) {
      assertThat(LuceneVectorIndex.vectors(index)).contains(VectorType.BIT);
      assertThat(memory.blocking().verify(false).isClean()).isTrue();
      assertThat(cosine(memory, "I play the oboe")).isCloseTo(1, within(1e-6));
    }
  }

  @Test
  void anIndexOfAnOlderVersion_worksAsItDid_andIsMovedOver_alsoIfThatIsInterrupted() {
    NewMemory said = NewMemory.builder("I play the oboe", ADA).actor("Ada").build();
    Counting first = new Counting(64, Integer.MAX_VALUE);
    try (MemoryOrchestrator memory = memory(first).embeddedText(EmbeddedText.ACTOR_AND_CONTENT).open()) {
      memory.blocking().addMemories(IntStream.range(0, 300).mapToObj(i -> NewMemory.of("note " + i, ADA)).toList());
    }
    try (MemoryOrchestrator memory = memory(first).open()) {
      memory.blocking().addMemory(said);
      assertThat(cosine(memory, "Ada: I play the oboe")).as("as it was").isCloseTo(1, within(1e-6));
      assertThat(memory.embeddingModel()).isEqualTo(first.model());
    }
    assertThat(first.texts).as("and no memory is embedded again").hasValue(302);
    Counting interrupted = new Counting(64, 150);
    assertThatThrownBy(() -> memory(interrupted).rebuildIndex(true).open()).isInstanceOf(MemlaneException.class);
    Counting rest = new Counting(64, Integer.MAX_VALUE);
    try (MemoryOrchestrator memory = memory(rest).open()) {
      assertThat(memory.blocking().verify(false).isClean()).as("opened without a word").isTrue();
      assertThat(cosine(memory, "What does Ada play?")).isEqualTo(cosine(memory, "What does I play?"));
      assertThat(cosine(memory, "I play the oboe")).as("without the name").isCloseTo(1, within(1e-6));
    }
    assertThat(rest.texts.get()).as("all but those before").isLessThan(301 + 4);
  }

  @Test
  void vectorsOfAnOlderVersion_outliveTheirIndex_andAreReported() {
    NewMemory said = NewMemory.builder("I play the oboe", ADA).actor("Ada").build();
    Counting first = new Counting(64, Integer.MAX_VALUE);
    try (MemoryOrchestrator memory = memory(first).embeddedText(EmbeddedText.ACTOR_AND_CONTENT).open()) {
      memory.blocking().addMemory(said);
    }
    LuceneVectorIndex.delete(directory.resolve("vectors"));

    Counting none = new Counting(64, 1);
    try (MemoryOrchestrator memory = memory(none).open()) {
      assertThat(cosine(memory, "Ada: I play the oboe")).as("the vector that core has").isCloseTo(1, within(1e-6));
      assertThat(outdated(memory)).isEqualTo("names are part of its vectors");
    }
    assertThat(none.texts).as("the question alone").hasValue(1);
    try (MemoryOrchestrator memory = memory(first).rebuildIndex(true).open()) {
      assertThat(outdated(memory)).isNull();
    }
  }

  private static @Nullable String outdated(MemoryOrchestrator memory) {
    return Objects.requireNonNull(memory.blocking().status().index()).outdated();
  }

  /** How near the memory about the oboe is to a question. */
  private static double cosine(MemoryOrchestrator memory, String question) {
    return memory.blocking()
        .search(SearchRequest.builder(question).scope(ADA).mode(Mode.SEMANTIC).limit(400).build()).stream()
        .filter(hit -> hit.memory().content().contains("oboe")).findFirst().orElseThrow().score() * 2 - 1;
  }

  @Test
  void anotherModel_interrupted_goesOnWhereItWas() {
    try (MemoryOrchestrator memory = memory(new HashEmbedder()).open()) {
      memory.blocking().addMemories(IntStream.range(0, 400).mapToObj(i -> NewMemory.of("note " + i, ADA)).toList());
    }
    assertThatThrownBy(() -> memory(new HashEmbedder(64)).open()).isInstanceOf(StoreException.class)
        .hasMessageContaining("`memlane reindex`");
    Counting interrupted = new Counting(64, 150);
    Counting rest = new Counting(64, Integer.MAX_VALUE);
    List<Long> progress = new ArrayList<>();

    assertThatThrownBy(() -> memory(interrupted).rebuildIndex(true).open()).isInstanceOf(MemlaneException.class);
    try (MemoryOrchestrator memory = memory(rest).rebuildIndex(true).progress((done, total) -> progress.add(done))
        .open()) {
      assertThat(memory.blocking().verify(false).isClean()).isTrue();
      assertThat(memory.blocking().search(SearchRequest.builder("note 7").scope(ADA).mode(Mode.SEMANTIC).limit(1000)
          .build())).hasSize(400);
    }

    int before = interrupted.texts.get();
    assertThat(before).isPositive();
    assertThat(rest.texts.get()).as("all but those before, of which some may not have been kept any more")
        .isBetween(400 - before, 400 - before / 2);
    assertThat(progress).isSorted().last().isEqualTo(400L);
    Counting none = new Counting(384, 0);
    try (MemoryOrchestrator memory = memory(none).rebuildIndex(true).open()) {
      assertThat(memory.blocking().verify(false).isClean()).as("back to the first model, whose vectors are there")
          .isTrue();
    }
    assertThat(none.texts).hasValue(0);
  }

  /** Embeds by hash, counts the texts, and breaks down after so many. */
  private static final class Counting implements Embedder {

    private final HashEmbedder hash;
    private final int most;
    private final AtomicInteger texts = new AtomicInteger();

    Counting(int dimension, int most) {
      this.hash = new HashEmbedder(dimension);
      this.most = most;
    }

    @Override
    public CompletableFuture<List<float[]>> embed(List<String> given) {
      if (texts.get() + given.size() > most) {
        return CompletableFuture.failedFuture(new EmbeddingException("the embedder has no power", null));
      }
      texts.addAndGet(given.size());
      return hash.embed(given);
    }

    @Override
    public String model() {
      return hash.model();
    }

    @Override
    public int dimension() {
      return hash.dimension();
    }

    @Override
    public Limits limits() {
      return hash.limits();
    }
  }
}
