package dev.memlane.langchain4j;

import static java.util.Comparator.reverseOrder;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.exception.AuthenticationException;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.scoring.ScoringModel;
import dev.memlane.model.MemoryId;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Reranker;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.SearchHit;
import dev.memlane.orchestrator.SearchRequest;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LangChain4jRerankerTest {

  /** Scores by length. */
  private static final ScoringModel LENGTHS = (segments, query) -> Response.from(
      segments.stream().map(segment -> (double) segment.text().length() - query.length()).toList());

  @Test
  void score_severalTexts_returnsTheModelsScoresInOrder() {
    ScoringModel tenths = (segments, query) -> Response.from(
        segments.stream().map(segment -> segment.text().length() / 10.0).toList());

    assertThat(LangChain4jReranker.of(tenths).score("a query", List.of("four", "to", "three...")).join())
        .containsExactly(0.4, 0.2, 0.8);
  }

  @Test
  void score_ofLogits_isBetweenZeroAndOne() {
    List<Double> scores = LangChain4jReranker.ofLogits(LENGTHS).score("four", List.of("five", "x".repeat(1_004), "x"))
        .join();

    assertThat(scores).first().isEqualTo(0.5);
    assertThat(scores.get(1)).isEqualTo(1.0);
    assertThat(scores.get(2)).isEqualTo(1 / (1 + Math.exp(3)), within(1e-12));
  }

  @Tag("programs")
  @Test
  void search_fiftyCandidates_areScoredInOneCall_andReordered(@TempDir Path directory) {
    Scope ada = Scope.user("ada");
    List<List<String>> calls = new CopyOnWriteArrayList<>();
    // Prefers what searches put last among those that share all words with the query: the highest number of cups.
    ScoringModel cups = (segments, query) -> {
      List<String> texts = segments.stream().map(TextSegment::text).toList();
      calls.add(texts);
      return Response
          .from(texts.stream().map(text -> query.equals("tea and oboe") ? number(text) - 40 : -100).toList());
    };
    try (MemoryOrchestrator memory = TestMemories.open(directory)) {
      memory.blocking().addMemories(IntStream.range(0, 80)
          .mapToObj(i -> NewMemory.of("tea and oboe, then " + i + " cups" + " of tea".repeat(i % 9), ada)).toList());
      SearchRequest.Builder request = SearchRequest.builder("tea and oboe").scope(ada).limit(50);
      List<MemoryId> candidates = ids(memory.blocking().search(request.build()));

      List<SearchHit> hits = memory.blocking().search(request.reranker(LangChain4jReranker.ofLogits(cups)).build());

      assertThat(calls).singleElement().satisfies(texts -> assertThat(texts).hasSize(50));
      assertThat(ids(hits)).containsExactlyInAnyOrderElementsOf(candidates)
          .isNotEqualTo(candidates);
      assertThat(hits).extracting(hit -> number(hit.memory().content())).isSortedAccordingTo(reverseOrder());
      assertThat(hits).allSatisfy(hit -> assertThat(hit.score())
          .isCloseTo(1 / (1 + Math.exp(40 - number(hit.memory().content()))), within(1e-9)));
      assertThat(memory.blocking().search(request.threshold(0.5).build())).as("those whose score is half or more")
          .hasSize((int) calls.getFirst().stream().filter(text -> number(text) >= 40).count()).isNotEmpty();
    }
  }

  private static List<MemoryId> ids(List<SearchHit> hits) {
    return hits.stream().map(hit -> hit.memory().id()).toList();
  }

  private static double number(String text) {
    return Double.parseDouble(text.replaceAll("\\D", ""));
  }

  @Test
  void score_modelFails_failsWithItsReason() {
    Reranker reranker = LangChain4jReranker.of((List<TextSegment> segments, String query) -> {
      throw new IllegalStateException("no power");
    });

    assertThatThrownBy(() -> reranker.score("query", List.of("text")).join()).hasRootCauseMessage("no power");
  }

  @Test
  void score_modelDenied_doesNotRevealTheKey() {
    Reranker reranker = LangChain4jReranker.of((List<TextSegment> segments, String query) -> {
      throw new AuthenticationException("sk-secret is no key");
    });

    assertThatThrownBy(() -> reranker.score("query", List.of("text")).join()).hasStackTraceContaining("denied")
        .satisfies(e -> assertThat(stackTrace(e)).doesNotContain("secret"));
  }

  @Test
  void score_cancelled_interruptsTheModel() throws InterruptedException {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch interrupted = new CountDownLatch(1);
    CompletableFuture<List<Double>> scores = LangChain4jReranker.of((List<TextSegment> segments, String query) -> {
      begun.countDown();
      try {
        new CountDownLatch(1).await();
      } catch (InterruptedException e) {
        interrupted.countDown();
      }
      throw new IllegalStateException("given up");
    }).score("query", List.of("text"));
    assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();

    scores.cancel(true);

    assertThat(interrupted.await(30, TimeUnit.SECONDS)).isTrue();
  }

  private static String stackTrace(Throwable thrown) {
    StringWriter text = new StringWriter();
    thrown.printStackTrace(new PrintWriter(text));
    return text.toString();
  }
}
