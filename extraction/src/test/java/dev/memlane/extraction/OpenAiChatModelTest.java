package dev.memlane.extraction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.Failure;
import dev.memlane.endpoints.http.ApiKey;
import dev.memlane.model.InvalidInputException;
import dev.memlane.testing.ChatProvider;
import dev.memlane.testing.ChatQuestion;
import dev.memlane.testing.ChatReply;
import dev.memlane.testing.PlainMessages;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class OpenAiChatModelTest {

  private static final String SECRET = "sk-secret-0123456789";
  private static final AnswerSchema SCHEMA = new AnswerSchema("colour",
      "{\"type\":\"object\",\"properties\":{\"colour\":{\"type\":\"string\"}},\"required\":[\"colour\"],"
          + "\"additionalProperties\":false}");

  private final ChatProvider provider = ChatProvider.start(question -> ChatReply.text("{\"colour\": \"red\"}"));
  private final OpenAiChatModel model = client().build();

  private OpenAiChatModelBuilder client() {
    return OpenAiChatModel.at(provider.url(), "test").apiKey(ApiKey.of(SECRET));
  }

  @AfterEach
  void close() {
    model.close();
    provider.close();
  }

  private static ChatRequest request(@Nullable AnswerSchema schema) {
    return new ChatRequest(List.of(new ChatMessage(ChatRole.SYSTEM, "Be brief."),
        new ChatMessage(ChatRole.USER, "Which colour is \"blood\"? \uD83D\uDE00 \uD83D")), schema, 100);
  }

  private static <T> T get(CompletableFuture<T> future) throws Exception {
    return future.get(30, TimeUnit.SECONDS);
  }

  private static EndpointException failure(CompletableFuture<?> future) {
    try {
      get(future);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof EndpointException failure) {
        assertThat(failure).hasMessageNotContaining(SECRET);
        PlainMessages.assertPlain(String.valueOf(failure.getMessage()));
        return failure;
      }
      throw new AssertionError("it failed in another way", e);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
    throw new AssertionError("it did not fail");
  }

  @Test
  void chat_withSchema_sendsItAndReadsTheAnswer() throws Exception {
    ChatAnswer answer = get(model.chat(request(SCHEMA)));

    assertThat(answer.text()).isEqualTo("{\"colour\": \"red\"}");
    assertThat(answer.end()).isEqualTo(ChatAnswer.End.COMPLETE);
    assertThat(answer.promptTokens()).isPositive();
    assertThat(answer.completionTokens()).isPositive();
    ChatQuestion question = provider.questions().getFirst();
    assertThat(question.key()).isEqualTo(SECRET);
    assertThat(question.format()).isEqualTo("json_schema");
    assertThat(question.schema()).isEqualTo("colour");
    assertThat(question.messages()).containsExactly(new ChatQuestion.Message("system", "Be brief."),
        new ChatQuestion.Message("user", "Which colour is \"blood\"? \uD83D\uDE00 ?"));
    assertThat(question.body()).contains("\"strict\":true").contains("\"max_tokens\":100");
  }

  @Test
  void chat_serverWithoutSchemas_getsThemInWords_andIsNotAskedAgain() throws Exception {
    provider.refuseFormat("json_schema");

    assertThat(get(model.chat(request(SCHEMA))).text()).contains("red");
    assertThat(get(model.chat(request(SCHEMA))).text()).contains("red");

    assertThat(provider.questions()).extracting(ChatQuestion::format).containsExactly("json_schema", "json_object",
        "json_object");
    assertThat(provider.questions().getLast().messages().getLast().text()).contains("JSON schema")
        .contains(SCHEMA.json());
  }

  @Test
  void chat_serverWithoutFormats_getsNone() throws Exception {
    provider.refuseFormat("json_schema");
    provider.refuseFormat("json_object");

    assertThat(get(model.chat(request(SCHEMA))).text()).contains("red");
    assertThat(get(model.chat(request(SCHEMA))).text()).contains("red");

    assertThat(provider.questions()).extracting(ChatQuestion::format).containsExactly("json_schema", "json_object",
        null,
        null);
  }

  @Test
  void chat_otherRefusal_isNotTakenForTheFormat() {
    provider.next(ChatReply.status(400, "{\"error\":{\"message\":\"maximum context length is 8192 tokens\"}}"));

    EndpointException refused = failure(model.chat(request(SCHEMA)));

    assertThat(refused.failure()).isEqualTo(Failure.REFUSED);
    assertThat(refused).hasMessageContaining("maximum context length");
    assertThat(provider.questions()).hasSize(1);
  }

  @Test
  void chat_withoutSchema_sendsNone() throws Exception {
    get(model.chat(request(null)));

    assertThat(provider.questions().getFirst().format()).isNull();
    assertThat(provider.questions().getFirst().messages()).hasSize(2);
  }

  @Test
  void chat_cutOffOrRefused_saysSo() throws Exception {
    provider.next(ChatReply.cutOff("{\"colour\": \"red\"}"), ChatReply.refusal("I can't help with that"),
        new ChatReply(200, "", null, "content_filter", null, null, CompletableFuture.completedFuture(null), true));

    assertThat(get(model.chat(request(SCHEMA))).end()).isEqualTo(ChatAnswer.End.CUT_OFF);
    ChatAnswer refused = get(model.chat(request(SCHEMA)));
    assertThat(refused.end()).isEqualTo(ChatAnswer.End.REFUSED);
    assertThat(refused.text()).isEqualTo("I can't help with that");
    assertThat(get(model.chat(request(SCHEMA))).end()).isEqualTo(ChatAnswer.End.REFUSED);
  }

  @Test
  void chat_answerInParts_isOneText() throws Exception {
    provider.next(ChatReply.status(200, "{\"choices\":[{\"message\":{\"content\":[{\"type\":\"text\",\"text\":\"re\"},"
        + "{\"type\":\"text\",\"text\":\"d\"}]}}]}"));

    ChatAnswer answer = get(model.chat(request(SCHEMA)));

    assertThat(answer.text()).isEqualTo("red");
    assertThat(answer.promptTokens()).isNegative();
  }

  @Test
  void chat_faults_areClassified() {
    provider.next(ChatReply.busy(Duration.ofMillis(1_500)), ChatReply.status(500, "{\"error\":\"oops\"}"),
        ChatReply.status(200, "<html><title>Login</title></html>"), ChatReply.status(200, "{\"choices\":[]}"),
        ChatReply.status(200, "{\"choices\":[{\"mess"), ChatReply.text("{\"colour\": \"red\"}").brokenOff(),
        ChatReply.status(200, "{\"error\":{\"message\":\"overloaded\",\"code\":503}}"));

    EndpointException busy = failure(model.chat(request(SCHEMA)));
    assertThat(busy.failure()).isEqualTo(Failure.BUSY);
    assertThat(busy.retryAfter()).hasValue(Duration.ofMillis(1_500));
    assertThat(failure(model.chat(request(SCHEMA))).failure()).isEqualTo(Failure.UNAVAILABLE);
    assertThat(failure(model.chat(request(SCHEMA)))).hasMessageContaining("without a message")
        .hasMessageContaining("Login");
    assertThat(failure(model.chat(request(SCHEMA)))).hasMessageContaining("it has no message");
    assertThat(failure(model.chat(request(SCHEMA)))).hasMessageContaining("incomplete answer");
    assertThat(failure(model.chat(request(SCHEMA))).failure()).isEqualTo(Failure.UNAVAILABLE);
    assertThat(failure(model.chat(request(SCHEMA)))).hasMessageContaining("overloaded");
  }

  @Test
  void chat_deniedKeyThatTheServerRepeats_isNotInTheMessage() {
    provider.deny(SECRET);

    EndpointException denied = failure(model.chat(request(SCHEMA)));

    assertThat(denied.failure()).isEqualTo(Failure.DENIED);
    assertThat(denied).hasMessageContaining("check its key").hasMessageContaining("***");
    assertThat(model.toString()).doesNotContain(SECRET);
  }

  @Test
  void chat_noAnswer_timesOut() {
    provider.next(ChatReply.text("late").after(new CompletableFuture<>()));
    try (OpenAiChatModel hasty = client().timeout(Duration.ofMillis(100)).build()) {
      assertThat(failure(hasty.chat(request(SCHEMA))).failure()).isEqualTo(Failure.TIMED_OUT);
    }
  }

  @Test
  void chat_longerThanAnyAnswer_isGivenUp() {
    provider.next(ChatReply.text("x".repeat(2_000_000)));

    assertThat(failure(model.chat(request(SCHEMA)))).hasMessageContaining("which no answer has");
  }

  @Test
  void build_wrongSettings_saysWhatIsWrong() {
    assertThatThrownBy(() -> OpenAiChatModel.at("http://example.com/v1", "m").apiKey(ApiKey.of(SECRET)).build())
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("unencrypted");
    assertThatThrownBy(() -> OpenAiChatModel.at("ftp://example.com/v1", "m")).hasMessageContaining("https://");
    assertThatThrownBy(() -> OpenAiChatModel.at("https://example.com/v1", " ")).hasMessageContaining("name");
    assertThatThrownBy(() -> client().temperature(3)).hasMessageContaining("0 to 2");
    assertThatThrownBy(() -> new AnswerSchema("two words", "{}")).hasMessageContaining("letters");
    assertThatThrownBy(() -> new AnswerSchema("s", "[]")).hasMessageContaining("no JSON object");
    assertThatThrownBy(() -> new ChatRequest(List.of(), null, 1)).hasMessageContaining("needs a message");
  }

  @Test
  void azure_sendsNoModel_andItsOwnHeader() throws Exception {
    String resource = provider.url().replace("/v1", "");
    try (OpenAiChatModel azure = OpenAiChatModel.azure(resource, "chat", "2024-10-21", "gpt").apiKey(ApiKey.of(SECRET))
        .build()) {
      get(azure.chat(request(SCHEMA)));

      assertThat(azure).hasToString(resource + "/openai/deployments/chat/chat/completions");
    }
    assertThat(provider.questions().getFirst().body()).doesNotContain("\"model\"");
    assertThat(provider.questions().getFirst().key()).isEmpty();
  }
}
