package dev.memlane.spring.ai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.Failure;
import dev.memlane.extraction.AnswerSchema;
import dev.memlane.extraction.ChatAnswer;
import dev.memlane.extraction.ChatMessage;
import dev.memlane.extraction.ChatRequest;
import dev.memlane.extraction.ChatRole;
import dev.memlane.model.InvalidInputException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.net.SocketTimeoutException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.Message;
import org.springframework.ai.chat.messages.MessageType;
import org.springframework.ai.chat.metadata.ChatGenerationMetadata;
import org.springframework.ai.chat.metadata.ChatResponseMetadata;
import org.springframework.ai.chat.metadata.DefaultUsage;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.model.Generation;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.model.tool.StructuredOutputChatOptions;
import org.springframework.ai.retry.NonTransientAiException;
import org.springframework.ai.retry.TransientAiException;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SpringAiChatModelTest {

  private static final AnswerSchema SCHEMA = new AnswerSchema("colour",
      "{\"type\":\"object\",\"properties\":{\"colour\":{\"type\":\"string\"}}}");

  /** A model that answers by a function, and keeps what it is asked. */
  private static final class Scripted implements ChatModel {
    private final Function<Prompt, ChatResponse> script;
    private final @Nullable ChatOptions options;
    private final List<Prompt> prompts = new CopyOnWriteArrayList<>();

    private Scripted(@Nullable ChatOptions options, Function<Prompt, ChatResponse> script) {
      this.options = options;
      this.script = script;
    }

    @Override
    public ChatResponse call(Prompt prompt) {
      prompts.add(prompt);
      return script.apply(prompt);
    }

    // What 2.0 asks. 1.1 does not know it.
    @SuppressWarnings({"MissingOverride", "EffectivelyPrivate", "unused"})
    public ChatOptions getOptions() {
      return options == null ? ChatOptions.builder().model("scripted").build() : options;
    }

    // What 1.1 asks.
    @Override
    @SuppressWarnings({"deprecation", "removal"})
    public ChatOptions getDefaultOptions() {
      return getOptions();
    }
  }

  private static SpringAiChatModel model(Scripted scripted) {
    return SpringAiChatModel.builder(scripted).model("model-1").build();
  }

  private static ChatResponse reply(String text, String reason) {
    return new ChatResponse(List.of(new Generation(new AssistantMessage(text),
        ChatGenerationMetadata.builder().finishReason(reason).build())),
        ChatResponseMetadata.builder().usage(new DefaultUsage(12, 3)).build());
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
      return assertInstanceOf(EndpointException.class, e.getCause());
    }
    throw new AssertionError("it succeeded");
  }

  @Test
  void chat_sendsMessagesInOrderWithTheModelsOptions_andReadsTheAnswer() {
    Scripted scripted = new Scripted(null, prompt -> reply("red", "STOP"));

    ChatAnswer answer = get(model(scripted).chat(request(null)));

    assertThat(answer).isEqualTo(new ChatAnswer("red", ChatAnswer.End.COMPLETE, 12, 3, null));
    Prompt prompt = scripted.prompts.getFirst();
    assertThat(prompt.getInstructions()).extracting(Message::getMessageType).containsExactly(MessageType.SYSTEM,
        MessageType.USER, MessageType.ASSISTANT, MessageType.USER);
    assertThat(prompt.getInstructions()).extracting(Message::getText).containsExactly("Be brief.",
        "Which colour is blood? ?", "That depends.", "On what?");
    assertThat(Objects.requireNonNull(prompt.getOptions()).getModel()).isEqualTo("scripted");
  }

  @Test
  void chat_modelWhoseOptionsTakeASchema_getsIt() {
    StructuredOptions options = new StructuredOptions();
    Scripted scripted = new Scripted(options.proxy(), prompt -> reply("{}", "stop"));

    assertThat(get(model(scripted).chat(request(SCHEMA))).text()).isEqualTo("{}");

    assertThat(options.schemas).containsExactly(SCHEMA.json());
    assertThat(scripted.prompts.getFirst().getContents()).doesNotContain("JSON schema");
  }

  @Test
  void chat_anyOtherModel_getsTheSchemaInWords() {
    Scripted scripted = new Scripted(null, prompt -> reply("{}", "stop"));

    assertThat(get(model(scripted).chat(request(SCHEMA))).text()).isEqualTo("{}");

    assertThat(scripted.prompts.getFirst().getContents()).containsOnlyOnce(SCHEMA.inWords()).doesNotContain("null");
  }

  @Test
  void chat_modelThatRefusesTheSchema_getsItInWords_andIsNotAskedAgain() {
    StructuredOptions options = new StructuredOptions();
    Scripted scripted = new Scripted(options.proxy(), prompt -> {
      if (!prompt.getContents().contains("JSON schema")) {
        throw new NonTransientAiException("HTTP 400 - This response_format type is unavailable now");
      }
      return reply("{}", "stop");
    });
    SpringAiChatModel model = model(scripted);

    assertThat(get(model.chat(request(SCHEMA))).text()).isEqualTo("{}");
    assertThat(get(model.chat(request(SCHEMA))).text()).isEqualTo("{}");

    assertThat(scripted.prompts).hasSize(3);
    assertThat(options.schemas).hasSize(1);
    assertThat(scripted.prompts.getLast().getInstructions().getFirst().getText()).endsWith(SCHEMA.json());
  }

  @ParameterizedTest
  @CsvSource({"stop,COMPLETE", "end_turn,COMPLETE", "'',COMPLETE", "length,CUT_OFF", "LENGTH,CUT_OFF",
      "max_tokens,CUT_OFF", "MAX_TOKENS,CUT_OFF", "model_length,CUT_OFF", "model_context_window_exceeded,CUT_OFF",
      "content_filter,REFUSED", "CONTENT_FILTER,REFUSED", "content_filtered,REFUSED", "refusal,REFUSED",
      "SAFETY,REFUSED",
      "guardrail_intervened,REFUSED", "RECITATION,REFUSED", "BLOCKLIST,REFUSED", "PROHIBITED_CONTENT,REFUSED",
      "SPII,REFUSED"})
  void chat_reasonOfTheProvider_saysHowTheAnswerEnds(String reason, ChatAnswer.End end) {
    assertThat(get(model(new Scripted(null, prompt -> reply("no", reason))).chat(request(SCHEMA))).end())
        .isEqualTo(end);
  }

  @Test
  void chat_refusalBesideTheText_isTheAnswer() {
    Scripted scripted = new Scripted(null, prompt -> new ChatResponse(List.of(new Generation(
        AssistantMessage.builder().content("").properties(Map.of("refusal", "I can't help with that")).build()))));

    ChatAnswer answer = get(model(scripted).chat(request(SCHEMA)));

    assertThat(answer.end()).isEqualTo(ChatAnswer.End.REFUSED);
    assertThat(answer.text()).isEqualTo("I can't help with that");
    assertThat(answer.promptTokens()).isNegative();
    assertThat(answer.completionTokens()).isNegative();
  }

  @ParameterizedTest
  @MethodSource
  void failure_ofTheModel_saysWhatToDo(RuntimeException thrown, Failure expected) {
    EndpointException failure = failure(model(new Scripted(null, prompt -> {
      throw thrown;
    })).chat(request(SCHEMA)));

    assertThat(failure.failure()).isEqualTo(expected);
    assertThat(failure).hasMessageContaining("model-1").hasMessageNotContaining("sk-123");
    assertThat(failure.getCause() == null).isEqualTo(expected == Failure.DENIED);
  }

  static Stream<Object[]> failure_ofTheModel_saysWhatToDo() {
    return Stream.of(new Object[]{new NonTransientAiException("HTTP 429 - slow down"), Failure.BUSY},
        new Object[]{new NonTransientAiException("HTTP 401 - wrong key sk-123"), Failure.DENIED},
        new Object[]{new NonTransientAiException("HTTP 400 - too long"), Failure.REFUSED},
        new Object[]{new TransientAiException("HTTP 503 - overloaded"), Failure.UNAVAILABLE},
        new Object[]{new IllegalStateException(new SocketTimeoutException("late")), Failure.TIMED_OUT},
        new Object[]{new IllegalStateException("a defect"), Failure.UNKNOWN});
  }

  @Test
  void chat_answerWithoutAMessage_isUnavailable() {
    assertThat(failure(model(new Scripted(null, prompt -> new ChatResponse(List.of()))).chat(request(null))).failure())
        .isEqualTo(Failure.UNAVAILABLE);
  }

  @Test
  void cancel_inFlight_interruptsTheModel() throws Exception {
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch interrupted = new CountDownLatch(1);
    CompletableFuture<ChatAnswer> answer = model(new Scripted(null, prompt -> {
      entered.countDown();
      try {
        new CountDownLatch(1).await();
      } catch (InterruptedException e) {
        interrupted.countDown();
      }
      throw new IllegalStateException("nobody listens");
    })).chat(request(SCHEMA));
    assertThat(entered.await(30, TimeUnit.SECONDS)).isTrue();

    answer.cancel(true);

    assertThat(interrupted.await(30, TimeUnit.SECONDS)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(classes = {UnsupportedOperationException.class, IllegalArgumentException.class})
  void chat_modelThatCantTakeTheSchema_getsItInWords(Class<? extends RuntimeException> type) throws Exception {
    RuntimeException unable = type.getConstructor(String.class).newInstance("no schemas here");
    Scripted scripted = new Scripted(new StructuredOptions().proxy(), prompt -> {
      if (!prompt.getContents().contains("JSON schema")) {
        throw unable;
      }
      return reply("{}", "stop");
    });

    assertThat(get(model(scripted).chat(request(SCHEMA))).text()).isEqualTo("{}");
  }

  @Test
  void close_endsTheRequestsInFlight() throws Exception {
    CountDownLatch entered = new CountDownLatch(1);
    SpringAiChatModel model = model(new Scripted(null, prompt -> {
      entered.countDown();
      try {
        new CountDownLatch(1).await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      throw new IllegalStateException("nobody listens");
    }));
    CompletableFuture<ChatAnswer> answer = model.chat(request(SCHEMA));
    assertThat(entered.await(30, TimeUnit.SECONDS)).isTrue();

    model.close();

    assertThat(failure(answer)).hasMessageContaining("has been closed");
  }

  @Test
  void request_isAskedForEachRequest() {
    Scripted scripted = new Scripted(null, prompt -> reply("red", "stop"));
    SpringAiChatModel model = SpringAiChatModel.builder(scripted)
        .request(asked -> asked.system("And be polite.")).build();

    get(model.chat(request(null)));
    get(model.chat(request(null)));

    assertThat(scripted.prompts).hasSize(2)
        .allSatisfy(prompt -> assertThat(prompt.getContents()).contains("And be polite."));
  }

  @Test
  void build_wrongSettings_areRefused() {
    SpringAiChatModel.Builder builder = SpringAiChatModel.builder(new Scripted(null, prompt -> reply("", "stop")));

    assertThat(builder.build().model()).isNotBlank();
    assertThat(builder.model("mine").build()).hasToString("SpringAiChatModel[mine]");
    assertThatThrownBy(() -> builder.concurrency(0).build()).isInstanceOf(InvalidInputException.class);
  }

  /**
   * Options that take a schema, in both lines of Spring AI: 1.1 sets it on a copy, and 2.0 builds others. What they have in
   * common has too few methods to be written down as a class.
   */
  private static final class StructuredOptions {
    private final List<String> schemas = new CopyOnWriteArrayList<>();

    private StructuredOutputChatOptions proxy() {
      return (StructuredOutputChatOptions) proxy(StructuredOutputChatOptions.class);
    }

    private Object proxy(Class<?> type) {
      return Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[]{type}, this::invoke);
    }

    private @Nullable Object invoke(Object self, Method method, Object @Nullable [] arguments) {
      return switch (method.getName()) {
        case "setOutputSchema", "outputSchema" -> {
          schemas.add(String.valueOf(arguments == null ? null : arguments[0]));
          yield method.getReturnType() == void.class ? null : self;
        }
        case "copy", "build" -> proxy();
        case "mutate" -> proxy(builderType());
        case "combineWith" -> self;
        case "equals" -> arguments != null
            && System.identityHashCode(self) == System.identityHashCode(arguments[0]);
        case "hashCode" -> System.identityHashCode(self);
        case "toString" -> "StructuredOptions";
        default -> null;
      };
    }

    private static Class<?> builderType() {
      return Stream.of(StructuredOutputChatOptions.class.getDeclaredClasses()).findFirst().orElseThrow();
    }
  }
}
