package dev.memlane.extraction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.EndpointState;
import dev.memlane.endpoints.Failure;
import dev.memlane.endpoints.http.ApiKey;
import dev.memlane.model.InvalidInputException;
import dev.memlane.testing.ChatProvider;
import dev.memlane.testing.ChatQuestion;
import dev.memlane.testing.ChatReply;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ChatModelPoolTest {

  private static final ChatRequest REQUEST = new ChatRequest(List.of(new ChatMessage(ChatRole.USER, "Hello")), null,
      10);

  private final ChatProvider provider = ChatProvider.start(question -> ChatReply.text("from " + question.key()));

  @AfterEach
  void close() {
    provider.close();
  }

  private OpenAiChatModel client(String key) {
    return OpenAiChatModel.at(provider.url(), "test").apiKey(ApiKey.of(key)).build();
  }

  private ChatModelPool.Builder pool() {
    return ChatModelPool.builder().firstPause(Duration.ofMillis(1)).endpoint("east", client("east-key"))
        .endpoint("west", client("west-key"));
  }

  private static ChatAnswer get(CompletableFuture<ChatAnswer> future) throws Exception {
    return future.get(30, TimeUnit.SECONDS);
  }

  private static ChatException failure(CompletableFuture<ChatAnswer> future) {
    try {
      get(future);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof ChatException failure) {
        return failure;
      }
      throw new AssertionError("it failed in another way", e);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
    throw new AssertionError("it did not fail");
  }

  @Test
  void chat_busyEndpoint_isPassedOver() throws Exception {
    try (ChatModelPool pool = pool().build()) {
      provider.next(ChatReply.busy(Duration.ofHours(1)));

      assertThat(get(pool.chat(REQUEST)).text()).startsWith("from ");
      for (int i = 0; i < 5; i++) {
        get(pool.chat(REQUEST));
      }

      List<ChatQuestion> questions = provider.questions();
      assertThat(questions).hasSize(7);
      // The one that was busy got nothing more.
      assertThat(questions.subList(1, 7)).extracting(ChatQuestion::key).doesNotContain(questions.getFirst().key());
      assertThat(pool.endpointStatistics()).extracting(each -> each.busy()).containsExactlyInAnyOrder(1L, 0L);
    }
  }

  @Test
  void chat_manyFailures_areRepeatedUpToTheLimit() throws Exception {
    try (ChatModelPool pool = pool().attempts(3).build()) {
      ChatReply broken = ChatReply.status(500, "{\"error\":\"oops\"}");
      provider.next(broken, broken);
      assertThat(get(pool.chat(REQUEST)).text()).startsWith("from ");
      provider.next(broken, broken, broken);

      ChatException failure = failure(pool.chat(REQUEST));

      assertThat(failure).hasMessageContaining("(sent 3 times)").hasMessageContaining("endpoint ");
      assertThat(failure.isRefusal()).isFalse();
    }
  }

  @Test
  void chat_deniedKey_isNotUsedAnyMore_andAllDeniedFailsAtOnce() throws Exception {
    try (ChatModelPool pool = pool().build()) {
      provider.deny("east-key");
      for (int i = 0; i < 4; i++) {
        assertThat(get(pool.chat(REQUEST)).text()).isEqualTo("from west-key");
      }
      assertThat(pool.endpointStatistics().getFirst().state()).isEqualTo(EndpointState.OUT);
      provider.deny("west-key");

      assertThat(failure(pool.chat(REQUEST))).hasMessageContaining("no endpoint of model test can be used")
          .hasMessageContaining("check its key").hasMessageNotContaining("west-key");
    }
  }

  @Test
  void chat_refusedRequest_isNotRepeated() {
    try (ChatModelPool pool = pool().build()) {
      provider.next(ChatReply.status(400, "{\"error\":{\"message\":\"too long\"}}"));

      assertThat(failure(pool.chat(REQUEST)).isRefusal()).isTrue();
      assertThat(provider.questions()).hasSize(1);
    }
  }

  @Test
  void chat_slowEndpoint_timesOutAndIsRepeated() throws Exception {
    try (ChatModelPool pool = ChatModelPool.builder().firstPause(Duration.ofMillis(1))
        .endpoint("one", client("one-key"), ChatModelPool.limits().timeout(Duration.ofMillis(200))).build()) {
      provider.next(ChatReply.text("late").after(new CompletableFuture<>()));

      assertThat(get(pool.chat(REQUEST)).text()).isEqualTo("from one-key");
      assertThat(provider.questions()).hasSize(2);
    }
  }

  @Test
  void chat_modelThatNeverReturns_timesOut() {
    CountDownLatch never = new CountDownLatch(1);
    ChatModel stuck = new ChatModel() {
      @Override
      public String model() {
        return "stuck";
      }

      @Override
      public CompletableFuture<ChatAnswer> chat(ChatRequest request) {
        try {
          never.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
        return new CompletableFuture<>();
      }
    };
    try (ChatModelPool pool = ChatModelPool.builder().attempts(1)
        .endpoint("one", stuck, ChatModelPool.limits().timeout(Duration.ofMillis(50))).build()) {
      assertThat(failure(pool.chat(REQUEST))).hasMessageContaining("did not answer within 50 ms");
    } finally {
      never.countDown();
    }
  }

  @Test
  void chat_limitOfRequestsInFlight_isKept_andAllAreAnswered() throws Exception {
    CompletableFuture<Void> release = new CompletableFuture<>();
    provider.script(question -> ChatReply.text("done").after(release));
    try (ChatModelPool pool = ChatModelPool.builder()
        .endpoint("one", client("one-key"), ChatModelPool.limits().concurrency(2)).build()) {
      List<CompletableFuture<ChatAnswer>> all = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        all.add(pool.chat(REQUEST));
      }
      assertThat(pool.endpointStatistics().getFirst().inFlight()).isLessThanOrEqualTo(2);

      release.complete(null);

      for (CompletableFuture<ChatAnswer> each : all) {
        assertThat(get(each).text()).isEqualTo("done");
      }
    }
  }

  @Test
  void chat_moreThanMayWait_isRefused_andClosingFailsTheRest() {
    provider.script(question -> ChatReply.text("done").after(new CompletableFuture<>()));
    ChatModelPool pool = ChatModelPool.builder().mostWaiting(1)
        .endpoint("one", client("one-key"), ChatModelPool.limits().concurrency(1)).build();
    CompletableFuture<ChatAnswer> sent = pool.chat(REQUEST);
    CompletableFuture<ChatAnswer> waits = pool.chat(REQUEST);

    assertThat(failure(pool.chat(REQUEST))).hasMessageContaining("1 requests are waiting");
    pool.close();
    pool.close();

    assertThat(failure(sent)).hasMessageContaining("has been closed");
    assertThat(failure(waits)).hasMessageContaining("has been closed");
    assertThat(failure(pool.chat(REQUEST))).hasMessageContaining("has been closed");
  }

  @Test
  void chat_deadlinePassed_saysWhyItTookSoLong() {
    provider.script(question -> ChatReply.busy(Duration.ofHours(1)));
    try (ChatModelPool pool = ChatModelPool.builder().deadline(Duration.ofMillis(300))
        .endpoint("one", client("one-key")).build()) {
      assertThat(failure(pool.chat(REQUEST))).hasMessageContaining("within the deadline of 300 ms")
          .hasMessageContaining("Rate limit reached");
    }
  }

  @Test
  void chat_cancelled_givesItsPermitBack() throws Exception {
    try (ChatModelPool pool = ChatModelPool.builder()
        .endpoint("one", client("one-key"), ChatModelPool.limits().concurrency(1)).build()) {
      CompletableFuture<Void> asked = new CompletableFuture<>();
      provider.script(question -> asked.complete(null)
          ? ChatReply.text("late").after(new CompletableFuture<>())
          : ChatReply.text("next"));
      CompletableFuture<ChatAnswer> cancelled = pool.chat(REQUEST);
      asked.get(30, TimeUnit.SECONDS);
      CompletableFuture<ChatAnswer> next = pool.chat(REQUEST);

      cancelled.cancel(true);

      assertThat(get(next).text()).isEqualTo("next");
    }
  }

  @Test
  void build_wrongSettings_saysWhatIsWrong() {
    assertThatThrownBy(() -> ChatModelPool.builder().build()).isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("at least one endpoint");
    assertThatThrownBy(() -> ChatModelPool.builder().attempts(0)).hasMessageContaining("at least 1");
    assertThatThrownBy(() -> ChatModelPool.builder().deadline(Duration.ZERO)).hasMessageContaining("must be positive");
    assertThat(new ChatException("x", new EndpointException(Failure.REFUSED, "y", null)).copy().isRefusal()).isTrue();
  }
}
