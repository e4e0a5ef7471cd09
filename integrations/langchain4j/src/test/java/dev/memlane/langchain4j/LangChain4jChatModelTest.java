package dev.memlane.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.HttpException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.exception.UnresolvedModelServerException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.EndpointState;
import dev.memlane.endpoints.Failure;
import dev.memlane.extraction.AnswerFormat;
import dev.memlane.extraction.AnswerSchema;
import dev.memlane.extraction.ChatAnswer;
import dev.memlane.extraction.ChatMessage;
import dev.memlane.extraction.ChatModelPool;
import dev.memlane.extraction.ChatRequest;
import dev.memlane.extraction.ChatRole;
import dev.memlane.model.InvalidInputException;
import dev.memlane.testing.ChatProvider;
import dev.memlane.testing.ChatQuestion;
import dev.memlane.testing.ChatReply;
import dev.memlane.testing.PlainMessages;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The adapter over LangChain4j's client of a scripted server, and over hand-written models of LangChain4j. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LangChain4jChatModelTest {

  private static final String SECRET = "sk-secret-0123456789";
  private static final AnswerSchema SCHEMA = new AnswerSchema("colour",
      "{\"type\":\"object\",\"properties\":{\"colour\":{\"type\":[\"string\",\"null\"]}},\"required\":[\"colour\"],"
          + "\"additionalProperties\":false}");

  private final ChatProvider provider = ChatProvider.start(question -> ChatReply.text("{\"colour\": \"red\"}"));

  @AfterEach
  void close() {
    provider.close();
  }

  private OpenAiChatModel.OpenAiChatModelBuilder client(String key) {
    return OpenAiChatModel.builder().baseUrl(provider.url()).apiKey(key).modelName("test").maxRetries(0)
        .timeout(Duration.ofSeconds(20));
  }

  private LangChain4jChatModel model() {
    return LangChain4jChatModel.builder(client(SECRET).build()).build();
  }

  /** A model that says that it enforces schemas. */
  private LangChain4jChatModel strictModel() {
    return LangChain4jChatModel.builder(client(SECRET).strictJsonSchema(true)
        .supportedCapabilities(Capability.RESPONSE_FORMAT_JSON_SCHEMA).build()).build();
  }

  private static ChatRequest request(@Nullable AnswerSchema schema) {
    return new ChatRequest(List.of(new ChatMessage(ChatRole.SYSTEM, "Be brief."),
        new ChatMessage(ChatRole.USER, "Which colour is blood? \uD83D"),
        new ChatMessage(ChatRole.ASSISTANT, "That depends."), new ChatMessage(ChatRole.USER, "On what?")), schema, 100);
  }

  private static ChatAnswer get(CompletableFuture<ChatAnswer> answer) {
    return answer.orTimeout(30, TimeUnit.SECONDS).join();
  }

  private static EndpointException failure(CompletableFuture<?> future) {
    try {
      future.orTimeout(30, TimeUnit.SECONDS).join();
    } catch (CompletionException e) {
      EndpointException failure = assertInstanceOf(EndpointException.class, e.getCause());
      assertThat(failure).hasMessageNotContaining(SECRET);
      PlainMessages.assertPlain(String.valueOf(failure.getMessage()));
      return failure;
    }
    throw new AssertionError("it succeeded");
  }

  @Test
  void chat_modelThatEnforcesSchemas_getsTheSchema() {
    ChatAnswer answer = get(strictModel().chat(request(SCHEMA)));

    assertThat(answer.text()).isEqualTo("{\"colour\": \"red\"}");
    assertThat(answer.end()).isEqualTo(ChatAnswer.End.COMPLETE);
    assertThat(answer.promptTokens()).isPositive();
    assertThat(answer.completionTokens()).isPositive().isNotEqualTo(answer.promptTokens());
    ChatQuestion question = provider.questions().getFirst();
    assertThat(question.format()).isEqualTo("json_schema");
    assertThat(question.schema()).isEqualTo("colour");
    assertThat(question.body().replaceAll("\\s", "")).contains("\"additionalProperties\":false")
        .contains("[\"string\",\"null\"]").contains("\"max_tokens\":100");
    assertThat(question.messages()).containsExactly(new ChatQuestion.Message("system", "Be brief."),
        new ChatQuestion.Message("user", "Which colour is blood? ?"),
        new ChatQuestion.Message("assistant", "That depends."), new ChatQuestion.Message("user", "On what?"));
  }

  @Test
  void chat_anyOtherModel_isAskedForJson_withTheSchemaInTheSystemMessage() {
    assertThat(get(model().chat(request(SCHEMA))).text()).contains("red");

    ChatQuestion question = provider.questions().getFirst();
    assertThat(question.format()).isEqualTo("json_object");
    assertThat(question.messages()).hasSize(4);
    assertThat(question.messages().getFirst().role()).isEqualTo("system");
    assertThat(question.messages().getFirst().text()).startsWith("Be brief.\n\n").contains("JSON schema")
        .endsWith(SCHEMA.json());
  }

  @Test
  void chat_serverThatRefusesFormats_getsTheSimplerOne_andIsNotAskedAgain() {
    provider.refuseFormat("json_schema");
    provider.refuseFormat("json_object");
    LangChain4jChatModel model = strictModel();

    assertThat(get(model.chat(request(SCHEMA))).text()).contains("red");
    assertThat(get(model.chat(request(SCHEMA))).text()).contains("red");

    assertThat(provider.questions()).extracting(ChatQuestion::format).containsExactly("json_schema", "json_object",
        null, null);
    assertThat(provider.questions().getLast().messages().getFirst().text()).endsWith(SCHEMA.json());
  }

  @Test
  void chat_otherRefusal_isNotTakenForTheFormat() {
    provider.next(ChatReply.status(400, "{\"error\":{\"message\":\"maximum context length is 8192 tokens\"}}"));

    EndpointException refused = failure(model().chat(request(SCHEMA)));

    assertThat(refused.failure()).isEqualTo(Failure.REFUSED);
    assertThat(refused).hasMessageContaining("maximum context length").hasMessageContaining("test");
    assertThat(refused.getCause()).isNotNull();
    assertThat(provider.questions()).hasSize(1);
  }

  @Test
  void chat_clientThatCannotAskForJson_isAskedInWords() {
    Scripted chats = new Scripted(request -> {
      if (request.responseFormat() != null && request.responseFormat().type() == ResponseFormatType.JSON) {
        throw new UnsupportedFeatureException("JSON response type is not supported by this model provider");
      }
      return reply("{}");
    });
    LangChain4jChatModel model = LangChain4jChatModel.builder(chats).format(AnswerFormat.JSON_SCHEMA).build();

    assertThat(get(model.chat(request(SCHEMA))).text()).isEqualTo("{}");
    assertThat(get(model.chat(request(SCHEMA))).text()).isEqualTo("{}");

    assertThat(chats.requests).hasSize(4);
    assertThat(chats.requests.get(1).responseFormat()).isEqualTo(ResponseFormat.JSON);
    assertThat(chats.requests.getLast().responseFormat()).isNull();
  }

  @Test
  void chat_withoutSchemaAndLimit_sendsNeither() {
    Scripted chats = new Scripted(request -> reply("red"));

    assertThat(get(LangChain4jChatModel.builder(chats).sendLimit(false).build().chat(request(null))).text())
        .isEqualTo("red");

    assertThat(chats.requests.getFirst().responseFormat()).isNull();
    assertThat(chats.requests.getFirst().maxOutputTokens()).isNull();
    assertThat(chats.requests.getFirst().messages()).containsExactly(SystemMessage.from("Be brief."),
        UserMessage.from("Which colour is blood? ?"), AiMessage.from("That depends."), UserMessage.from("On what?"));
  }

  @Test
  void chat_cutOffOrRefused_saysSo() {
    LangChain4jChatModel model = model();
    provider.next(ChatReply.cutOff("{\"colour\": \"red\"}"), ChatReply.refusal("I can't help with that"),
        new ChatReply(200, "", null, "content_filter", null, null, CompletableFuture.completedFuture(null), true));

    ChatAnswer cutOff = get(model.chat(request(SCHEMA)));
    assertThat(cutOff.end()).isEqualTo(ChatAnswer.End.CUT_OFF);
    assertThat(cutOff.text()).isEqualTo("{\"colour");
    ChatAnswer refused = get(model.chat(request(SCHEMA)));
    assertThat(refused.end()).isEqualTo(ChatAnswer.End.REFUSED);
    assertThat(refused.text()).isEqualTo("I can't help with that");
    assertThat(get(model.chat(request(SCHEMA))).end()).isEqualTo(ChatAnswer.End.REFUSED);
  }

  @Test
  void chat_answerWithoutText_isEmpty_andUnknownTokensAreNegative() {
    ChatAnswer answer = get(LangChain4jChatModel.builder(new Scripted(request -> ChatResponse.builder()
        .aiMessage(AiMessage.builder().thinking("hm").build()).build())).build().chat(request(SCHEMA)));

    assertThat(answer.text()).isEmpty();
    assertThat(answer.promptTokens()).isNegative();
    assertThat(answer.completionTokens()).isNegative();
  }

  @Test
  void chat_faults_areClassified() {
    LangChain4jChatModel model = model();
    provider.next(ChatReply.busy(Duration.ofSeconds(1)), ChatReply.status(500, "{\"error\":\"oops\"}"),
        ChatReply.text("{\"colour\": \"red\"}").brokenOff(),
        ChatReply.status(429, "{\"error\":{\"code\":\"insufficient_quota\"}}"));

    assertThat(failure(model.chat(request(SCHEMA))).failure()).isEqualTo(Failure.BUSY);
    assertThat(failure(model.chat(request(SCHEMA))).failure()).isEqualTo(Failure.UNAVAILABLE);
    assertThat(failure(model.chat(request(SCHEMA))).failure()).isEqualTo(Failure.UNAVAILABLE);
    assertThat(failure(model.chat(request(SCHEMA))).failure()).isEqualTo(Failure.DENIED);
    provider.deny(SECRET);
    EndpointException denied = failure(model.chat(request(SCHEMA)));
    assertThat(denied.failure()).isEqualTo(Failure.DENIED);
    assertThat(denied).hasMessageContaining("check its key").hasNoCause();
  }

  @Test
  void chat_noAnswer_timesOut() {
    provider.next(ChatReply.text("late").after(new CompletableFuture<>()));

    assertThat(failure(LangChain4jChatModel.builder(client(SECRET).timeout(Duration.ofMillis(200)).build()).build()
        .chat(request(SCHEMA))).failure()).isEqualTo(Failure.TIMED_OUT);
  }

  @Test
  void chat_anyExceptionOfLangChain4j_isClassified() {
    assertThat(thrown(new ModelNotFoundException("no"))).isEqualTo(Failure.DENIED);
    assertThat(thrown(new UnresolvedModelServerException("no"))).isEqualTo(Failure.UNAVAILABLE);
    assertThat(thrown(new HttpException(503, "<html>no</html>"))).isEqualTo(Failure.UNAVAILABLE);
    assertThat(thrown(new IllegalStateException(new IOException("no")))).isEqualTo(Failure.UNAVAILABLE);
    assertThat(thrown(new IllegalArgumentException("no"))).isEqualTo(Failure.REFUSED);
    assertThat(thrown(new IllegalStateException("no"))).isEqualTo(Failure.UNKNOWN);
  }

  private static Failure thrown(RuntimeException thrown) {
    return failure(LangChain4jChatModel.builder(new Scripted(request -> {
      throw thrown;
    })).build().chat(request(SCHEMA))).failure();
  }

  @Test
  void cancel_inFlight_interruptsTheModel() throws Exception {
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch interrupted = new CountDownLatch(1);
    CompletableFuture<ChatAnswer> answer = LangChain4jChatModel.builder(new Scripted(request -> {
      entered.countDown();
      try {
        new CountDownLatch(1).await();
      } catch (InterruptedException e) {
        interrupted.countDown();
      }
      throw new IllegalStateException("nobody listens");
    })).build().chat(request(SCHEMA));
    assertThat(entered.await(30, TimeUnit.SECONDS)).isTrue();

    answer.cancel(true);

    assertThat(interrupted.await(30, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void pool_oneDeniedModel_usesTheOther() {
    provider.deny("sk-wrong");
    LangChain4jChatModel wrong = LangChain4jChatModel.builder(client("sk-wrong").build()).build();
    try (ChatModelPool pool = ChatModelPool.builder().endpoint("wrong", wrong).endpoint("right", model()).build()) {
      for (int i = 0; i < 10; i++) {
        assertThat(get(pool.chat(request(SCHEMA))).text()).contains("red");
      }
      assertThat(pool.endpointStatistics().getFirst().state()).isEqualTo(EndpointState.OUT);
    }
  }

  @Test
  void build_nameOfTheModel_isLangChain4jsUnlessSet() {
    assertThat(model().model()).isEqualTo("test");
    assertThat(LangChain4jChatModel.builder(client(SECRET).build()).model("mine").build())
        .hasToString("LangChain4jChatModel[mine]");
    assertThat(LangChain4jChatModel.builder(new Scripted(request -> reply(""))).build().model()).isNotBlank();
    assertThatThrownBy(() -> LangChain4jChatModel.builder(client(SECRET).build()).concurrency(0).build())
        .isInstanceOf(InvalidInputException.class);
  }

  private static ChatResponse reply(String text) {
    return ChatResponse.builder().aiMessage(AiMessage.from(text)).build();
  }

  /** A model that answers by a function, and keeps what it is asked. */
  private static final class Scripted implements dev.langchain4j.model.chat.ChatModel {
    private final Function<dev.langchain4j.model.chat.request.ChatRequest, ChatResponse> script;
    private final List<dev.langchain4j.model.chat.request.ChatRequest> requests = new ArrayList<>();

    private Scripted(Function<dev.langchain4j.model.chat.request.ChatRequest, ChatResponse> script) {
      this.script = script;
    }

    @Override
    public ChatResponse doChat(dev.langchain4j.model.chat.request.ChatRequest request) {
      requests.add(request);
      return script.apply(request);
    }

    @Override
    public Set<Capability> supportedCapabilities() {
      return Set.of();
    }
  }
}
