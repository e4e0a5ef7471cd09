package dev.memlane.embedding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.EndpointLimits;
import dev.memlane.endpoints.EndpointState;
import dev.memlane.endpoints.Failure;
import dev.memlane.endpoints.Policy;
import dev.memlane.endpoints.Tokens;
import dev.memlane.model.Embedding;
import dev.memlane.model.EmbeddingException;
import dev.memlane.testing.ManualScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests that control the endpoints and the time. Everything else happens in the test's thread. */
@SuppressWarnings("FutureReturnValueIgnored") // some texts only keep the embedder busy
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EmbedderPoolTest {

  private static final EndpointLimits ONE = EndpointLimits.none().concurrency(1);

  private final ManualScheduler time = new ManualScheduler();
  private final FakeEmbedder east = new FakeEmbedder(2, new Embedder.Limits(4, 1_000));
  private final FakeEmbedder west = new FakeEmbedder(2, new Embedder.Limits(2, 1_000));

  private BatchingEmbedder batching(EmbedderPool.Builder pool) {
    return BatchingEmbedder.builder(pool.build()).scheduler(time).nanoTime(time::nanoTime).executor(Runnable::run)
        .deadline(Duration.ofSeconds(60)).build();
  }

  private EmbedderPool.Builder both() {
    return EmbedderPool.builder().endpoint("east", east, ONE).endpoint("west", west, ONE);
  }

  private static List<String> numbers(int from, int to) {
    return IntStream.range(from, to).mapToObj(i -> "text " + i).toList();
  }

  private static EndpointException failure(Failure failure) {
    return new EndpointException(failure, "it failed", null);
  }

  private static void assertFailed(CompletableFuture<?> future, String... parts) {
    assertThat(future).isCompletedExceptionally();
    assertThat(future.exceptionNow()).isInstanceOf(EmbeddingException.class).hasMessageContainingAll(parts);
  }

  private static EndpointState state(BatchingEmbedder embedder, int endpoint) {
    return embedder.stats().endpoints().get(endpoint).state();
  }

  @Test
  void embedAll_severalEndpoints_sendsEachRequestsOfItsSize() {
    try (BatchingEmbedder embedder = batching(both())) {
      List<CompletableFuture<Embedding>> futures = embedder.embedAll(numbers(0, 9));

      assertThat(east.texts()).containsExactly(numbers(0, 4));
      assertThat(west.texts()).containsExactly(numbers(4, 6));
      west.last().succeed();
      assertThat(west.texts()).endsWith(numbers(6, 8));
      east.last().succeed();
      assertThat(east.texts()).endsWith(numbers(8, 9));
      east.last().succeed();
      west.last().succeed();
      assertThat(futures).allSatisfy(future -> assertThat(future).isCompleted());
    }
  }

  @Test
  void embed_tokensPerRequest_boundTheRequest() {
    try (BatchingEmbedder embedder = batching(EmbedderPool.builder().tokens(text -> 10)
        .endpoint("east", east, ONE.unitsPerRequest(25)))) {
      embedder.embedAll(numbers(0, 3));

      assertThat(east.texts()).containsExactly(numbers(0, 2));
    }
  }

  @Test
  void embed_requestsPerMinute_waitsUntilThereIsRoom() {
    try (BatchingEmbedder embedder = batching(EmbedderPool.builder()
        .endpoint("east", east, EndpointLimits.none().concurrency(10).requestsPerMinute(2)))) {
      embedder.embed("a");
      embedder.embed("b");
      CompletableFuture<Embedding> third = embedder.embed("c");
      assertThat(east.requests).hasSize(2);

      time.pass(Duration.ofSeconds(55));
      assertThat(east.requests).hasSize(2);
      CompletableFuture<Embedding> late = embedder.embed("d");
      time.pass(Duration.ofSeconds(4));
      assertThat(third).isNotDone();
      time.pass(Duration.ofSeconds(1));
      assertFailed(third, "60000 ms");
      time.pass(Duration.ofSeconds(1));
      assertThat(east.last().texts()).containsExactly("d");
      east.last().succeed();
      assertThat(late).isCompleted();
    }
  }

  @Test
  void fail_retryable_isSentToOtherEndpointAtOnce() {
    try (BatchingEmbedder embedder = batching(both())) {
      CompletableFuture<Embedding> future = embedder.embed("text");
      FakeEmbedder first = east.requests.isEmpty() ? west : east;
      FakeEmbedder second = first == east ? west : east;

      first.last().fail(failure(Failure.UNAVAILABLE));

      assertThat(second.texts()).containsExactly(List.of("text"));
      second.last().succeed();
      assertThat(future).isCompleted();
      assertThat(embedder.stats().retries()).isEqualTo(1);
    }
  }

  @Test
  void fail_retryableAtSingleEndpoint_isSentAfterGrowingPauses_thenFails() {
    try (BatchingEmbedder embedder = batching(EmbedderPool.builder().endpoint("east", east, ONE).attempts(4))) {
      CompletableFuture<Embedding> future = embedder.embed("text");
      for (long longest : new long[]{100, 200, 400}) {
        int sent = east.requests.size();
        east.last().fail(failure(Failure.UNAVAILABLE));
        time.pass(Duration.ofMillis(longest / 2).minusNanos(1));
        assertThat(east.requests).hasSize(sent);
        time.pass(Duration.ofMillis(longest / 2).plusNanos(1));
        assertThat(east.requests).hasSize(sent + 1);
      }

      assertThat(future).isNotDone();
      east.last().fail(failure(Failure.UNAVAILABLE));

      assertFailed(future, "it failed", "sent 4 times");
      assertThat(east.requests).hasSize(4);
    }
  }

  @Test
  void fail_busyWithRetryAfter_isNotSentBefore() {
    try (BatchingEmbedder embedder = batching(EmbedderPool.builder().endpoint("east", east, ONE))) {
      embedder.embed("a");
      east.last().fail(new EndpointException(Failure.BUSY, "status 429", Duration.ofSeconds(20), null));
      embedder.embed("b");

      time.pass(Duration.ofMillis(19_999));
      assertThat(east.requests).hasSize(1);
      time.pass(Duration.ofMillis(1));
      assertThat(east.last().texts()).containsExactly("a");
    }
  }

  @Test
  void fail_refused_isHalvedWithoutRetry() {
    try (BatchingEmbedder embedder = batching(EmbedderPool.builder().endpoint("east", east, ONE))) {
      List<CompletableFuture<Embedding>> futures = embedder.embedAll(numbers(0, 4));

      while (embedder.stats().inFlight() > 0) {
        if (east.last().texts().contains("text 2")) {
          east.last().fail(failure(Failure.REFUSED));
        } else {
          east.last().succeed();
        }
      }

      assertThat(east.texts()).containsExactly(numbers(0, 4), numbers(0, 2), numbers(2, 4), numbers(2, 3),
          numbers(3, 4));
      assertFailed(futures.get(2), "it failed");
      assertThat(List.of(futures.get(0), futures.get(1), futures.get(3)))
          .allSatisfy(future -> assertThat(future).isCompleted());
    }
  }

  @Test
  void fail_refused_halvesKeepTheirAttempts() {
    try (BatchingEmbedder embedder = batching(EmbedderPool.builder().endpoint("east", east, ONE).attempts(2))) {
      List<CompletableFuture<Embedding>> futures = embedder.embedAll(List.of("a", "b", "c", "poison"));
      east.last().fail(failure(Failure.REFUSED));
      east.last().succeed();
      east.last().fail(failure(Failure.REFUSED));
      assertThat(east.last().texts()).containsExactly("c");

      east.last().fail(failure(Failure.UNAVAILABLE));
      assertThat(east.last().texts()).containsExactly("poison");
      east.last().fail(failure(Failure.REFUSED));
      time.pass(Duration.ofMillis(100));
      east.last().succeed();

      assertFailed(futures.get(3), "it failed");
      assertThat(futures.get(2)).isCompleted();
    }
  }

  @Test
  void fail_deniedAtLastAttempt_isSentToOtherEndpoint() {
    try (BatchingEmbedder embedder = batching(both().attempts(1))) {
      CompletableFuture<Embedding> future = embedder.embed("text");
      FakeEmbedder first = east.requests.isEmpty() ? west : east;
      FakeEmbedder second = first == east ? west : east;

      first.last().fail(failure(Failure.DENIED));
      second.last().succeed();

      assertThat(future).isCompleted();
    }
  }

  @Test
  void retry_scarceTokens_isNotOvertakenForever() {
    try (BatchingEmbedder embedder = batching(EmbedderPool.builder().firstPause(Duration.ofSeconds(2))
        .tokens(text -> text.startsWith("long") ? 300 : 30)
        .endpoint("east", east, EndpointLimits.none().concurrency(10).unitsPerMinute(60_000).unitsPerRequest(100)))) {
      CompletableFuture<Embedding> retried = embedder.embed("long");
      east.last().fail(failure(Failure.UNAVAILABLE));

      for (int i = 0; i < 300 && !retried.isDone(); i++) {
        embedder.embed("short " + i);
        time.pass(Duration.ofMillis(50));
        east.requests.stream().filter(request -> !request.answer().isDone()).forEach(FakeEmbedder.Request::succeed);
      }

      assertThat(retried).isCompleted();
    }
  }

  @Test
  void cancel_textThatBlocksOthers_sendsThem() {
    try (BatchingEmbedder embedder = batching(EmbedderPool.builder().tokens(text -> text.startsWith("long") ? 90 : 5)
        .endpoint("east", east, EndpointLimits.none().concurrency(10).unitsPerMinute(100)))) {
      embedder.embed("long 1");
      CompletableFuture<Embedding> blocking = embedder.embed("long 2");
      CompletableFuture<Embedding> waiting = embedder.embed("short");
      assertThat(east.requests).hasSize(1);

      blocking.cancel(true);

      assertThat(east.last().texts()).containsExactly("short");
      east.last().succeed();
      assertThat(waiting).isCompleted();
    }
  }

  @Test
  void fail_lastAttempt_isHalvedUntilPoisonTextFailsAlone() {
    try (BatchingEmbedder embedder = batching(both().attempts(2))) {
      List<CompletableFuture<Embedding>> futures = embedder.embedAll(List.of("a", "poison"));

      for (int i = 0; i < 100 && futures.stream().anyMatch(future -> !future.isDone()); i++) {
        for (FakeEmbedder endpoint : List.of(east, west)) {
          for (FakeEmbedder.Request request : List.copyOf(endpoint.requests)) {
            if (request.answer().isDone()) {
              continue;
            }
            if (request.texts().contains("poison")) {
              request.fail(failure(Failure.UNAVAILABLE));
            } else {
              request.succeed();
            }
          }
        }
        time.pass(Duration.ofMillis(100));
      }

      assertThat(futures.get(0)).isCompleted();
      assertFailed(futures.get(1), "it failed");
    }
  }

  @Test
  void fail_timedOut_isSentToOtherEndpointAfterOneTimeout() {
    EndpointLimits patient = ONE.timeout(Duration.ofSeconds(2));
    try (BatchingEmbedder embedder = batching(
        EmbedderPool.builder().endpoint("east", east, patient).endpoint("west", west, patient))) {
      CompletableFuture<Embedding> future = embedder.embed("text");
      FakeEmbedder first = east.requests.isEmpty() ? west : east;
      FakeEmbedder second = first == east ? west : east;

      time.pass(Duration.ofSeconds(2));

      assertThat(first.last().answer()).isCancelled();
      second.last().succeed();
      assertThat(future).isCompleted();
    }
  }

  @Test
  void fail_denied_takesEndpointOut_andOthersContinue() {
    try (BatchingEmbedder embedder = batching(both())) {
      List<CompletableFuture<Embedding>> futures = embedder.embedAll(numbers(0, 6));
      east.last().fail(failure(Failure.DENIED));
      assertThat(state(embedder, 0)).isEqualTo(EndpointState.OUT);

      while (embedder.stats().inFlight() > 0) {
        west.last().succeed();
      }

      assertThat(futures).allSatisfy(future -> assertThat(future).isCompleted());
      assertThat(east.requests).hasSize(1);
    }
  }

  @Test
  void fail_deniedByAll_failsWaitingAndLaterTextsAtOnce() {
    try (BatchingEmbedder embedder = batching(both())) {
      List<CompletableFuture<Embedding>> futures = embedder.embedAll(numbers(0, 9));
      east.last().fail(failure(Failure.DENIED));
      west.last().fail(failure(Failure.DENIED));

      assertThat(futures)
          .allSatisfy(
              future -> assertFailed(future, "no endpoint of model fake", "east: it failed", "west: it failed"));
      assertFailed(embedder.embed("later"), "no endpoint of model fake", "east: it failed", "west: it failed");
      assertThat(embedder.stats().waiting()).isZero();
    }
  }

  @Test
  void answer_wrongDimension_isRetriedAtOtherEndpoint() {
    try (BatchingEmbedder embedder = batching(both())) {
      CompletableFuture<Embedding> future = embedder.embed("text");
      FakeEmbedder first = east.requests.isEmpty() ? west : east;
      FakeEmbedder second = first == east ? west : east;

      first.last().reply(new float[]{1, 2, 3});
      second.last().succeed();

      assertThat(future).isCompleted();
    }
  }

  @Test
  void probe_severalWaiting_holdsOneText() {
    try (BatchingEmbedder embedder = batching(EmbedderPool.builder().endpoint("east", east, ONE).attempts(20))) {
      embedder.embedAll(numbers(0, 4));
      while (state(embedder, 0) == EndpointState.SERVING) {
        east.last().fail(failure(Failure.UNAVAILABLE));
        time.pass(Duration.ofSeconds(5));
        if (state(embedder, 0) == EndpointState.SERVING) {
          assertThat(east.last().texts()).hasSize(4);
        }
      }

      assertThat(east.last().texts()).containsExactly("text 0");
      east.last().succeed();
      assertThat(east.last().texts()).isEqualTo(numbers(1, 4));
    }
  }

  @Test
  void deadline_endpointPaused_saysWhy() {
    try (BatchingEmbedder embedder = batching(EmbedderPool.builder().endpoint("east", east, ONE))) {
      CompletableFuture<Embedding> sent = embedder.embed("sent");
      CompletableFuture<Embedding> waiting = embedder.embed("waiting");
      east.last().fail(new EndpointException(Failure.BUSY, "status 429: slow down", Duration.ofMinutes(2), null));

      time.pass(Duration.ofSeconds(60));

      assertFailed(sent, "60000 ms", "status 429: slow down");
      assertFailed(waiting, "60000 ms", "east: status 429: slow down");
      assertThat(embedder.stats().waiting()).isZero();
      time.pass(Duration.ofSeconds(60));
      assertThat(east.requests).hasSize(1);
    }
  }

  @Test
  void affinity_severalClasses_sendsOneClassPerRequest() {
    FakeEmbedder third = new FakeEmbedder(2, new Embedder.Limits(4, 1_000));
    try (BatchingEmbedder embedder = batching(EmbedderPool.builder().policy(Policy.AFFINITY).endpoint("east", east, ONE)
        .endpoint("third", third, ONE))) {
      embedder.embed("busy 1");
      embedder.embed("busy 2");
      List<CompletableFuture<Embedding>> futures = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        futures.add(embedder.embed("text " + i, i % 2 == 0 ? "search" : "add"));
      }
      List<FakeEmbedder> endpoints = List.of(east, third);
      endpoints.forEach(endpoint -> endpoint.requests.getFirst().succeed());

      assertThat(endpoints).allSatisfy(endpoint -> assertThat(endpoint.last().texts()).hasSize(3));
      endpoints.forEach(endpoint -> endpoint.last().succeed());
      assertThat(futures).allSatisfy(future -> assertThat(future).isCompleted());
    }
  }

  @Test
  void similarLengths_goTogether_andOldestGoesFirst() {
    try (BatchingEmbedder embedder = batching(
        EmbedderPool.builder().similarLengths(true).endpoint("west", west, ONE))) {
      embedder.embed("busy");
      embedder.embedAll(List.of("a".repeat(5), "b".repeat(100), "c".repeat(90), "d".repeat(6)));

      west.last().succeed();
      assertThat(west.last().texts()).containsExactly("a".repeat(5), "d".repeat(6));
      west.last().succeed();
      assertThat(west.last().texts()).containsExactly("b".repeat(100), "c".repeat(90));
    }
  }

  @Test
  void builder_invalidArguments_areRefused() {
    assertThatThrownBy(() -> EmbedderPool.builder().build()).hasMessageContaining("at least one endpoint");
    assertThatThrownBy(
        () -> EmbedderPool.builder().endpoint("east", east).endpoint("other", new HashEmbedder(2)).build())
        .hasMessageContainingAll("endpoint other", "hash-2", "comparable");
    assertThatThrownBy(() -> EmbedderPool.builder().endpoint("east", east).endpoint("east", west).build())
        .hasMessageContaining("two endpoints are named east");
    assertThatThrownBy(() -> EmbedderPool.builder().attempts(0)).hasMessageContaining("attempts is 0");
    assertThatThrownBy(() -> EmbedderPool.builder().firstPause(Duration.ZERO))
        .hasMessageContaining("firstPause is PT0S");
    assertThat(both().build()).hasToString("EmbedderPool[fake, 2 dimensions, LEAST_LOADED, east, west]");
  }

  @Test
  void close_pool_closesAllEmbedders() {
    batching(both()).close();

    assertThat(east.closed).isTrue();
    assertThat(west.closed).isTrue();
  }

  @Test
  void estimate_severalScripts_isOnTheHighSide() {
    assertThat(Tokens.estimate("")).isEqualTo(1);
    assertThat(Tokens.estimate("Ada plays the oboe")).isEqualTo(5);
    assertThat(Tokens.estimate("記憶する")).isEqualTo(5);
  }
}
