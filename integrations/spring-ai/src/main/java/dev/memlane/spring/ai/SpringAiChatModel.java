package dev.memlane.spring.ai;

import dev.memlane.endpoints.Allowance;
import dev.memlane.endpoints.EndpointException;
import dev.memlane.extraction.AnswerFormat;
import dev.memlane.extraction.AnswerSchema;
import dev.memlane.extraction.BlockingChatModel;
import dev.memlane.extraction.ChatAnswer;
import dev.memlane.extraction.ChatMessage;
import dev.memlane.extraction.ChatModel;
import dev.memlane.extraction.ChatRequest;
import java.io.IOException;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.springframework.ai.chat.client.ChatClient;
import org.springframework.ai.chat.client.ChatClient.ChatClientRequestSpec;
import org.springframework.ai.chat.client.ChatClientAttributes;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.Message;
import org.springframework.ai.chat.messages.SystemMessage;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.chat.metadata.Usage;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.model.Generation;

/**
 * A chat model of Spring AI that remembers conversations: it answers the questions of a
 * {@link dev.memlane.extraction.MemoryExtractor}. It needs {@code memlane-extraction}.
 *
 * <pre>{@code
 * ChatModel model = SpringAiChatModel.builder(chatModel).build();
 * MemoryExtractor extractor = MemoryExtractor.builder(memory, database, model).build();
 * }</pre>
 *
 * <p>
 * <b>Schemas.</b> A model whose options take a schema ({@code StructuredOutputChatOptions}) gets the schema as such. Any other
 * model gets it in words, and so does one that refuses it, from then on.
 *
 * <p>
 * <b>Options</b> are the model's own. Spring AI 2.0 and 1.1 have no common way to set the limit of an answer's tokens, so it is
 * not sent: set the model's own, at least 4,096 for an extractor, or see {@link Builder#request}.
 *
 * <p>
 * <b>Failures</b> become {@link EndpointException}s, so that a {@link dev.memlane.extraction.ChatModelPool} knows what to do.
 * A refusal, a filter of the provider, and an answer that the limit of tokens cut off, are answers. <b>Switch off the model's
 * own retries</b> ({@code spring.ai.retry.max-attempts=1}), which would hide failures.
 *
 * <p>
 * <b>Threads.</b> Each request runs on its own virtual thread, as {@link BlockingChatModel} says; cancelling it interrupts the
 * thread. Safe for use by several threads if the model is.
 */
public final class SpringAiChatModel implements ChatModel {

  private final BlockingChatModel calls;

  private SpringAiChatModel(Builder builder) {
    this.calls = new BlockingChatModel(builder.model,
        new Client(builder.model, ChatClient.create(builder.chats), builder.request), AnswerFormat.JSON_SCHEMA,
        builder.concurrency);
  }

  /**
   * Begins to build an adapter.
   *
   * @param chats answers; the caller closes it
   */
  public static Builder builder(org.springframework.ai.chat.model.ChatModel chats) {
    return new Builder(Objects.requireNonNull(chats, "chats"));
  }

  @Override
  public String model() {
    return calls.model();
  }

  @Override
  public CompletableFuture<ChatAnswer> chat(ChatRequest request) {
    return calls.chat(request);
  }

  /** Ends the requests in flight. Spring AI's model stays open. */
  @Override
  public void close() {
    calls.close();
  }

  @Override
  public String toString() {
    return "SpringAiChatModel[" + model() + "]";
  }

  /** The calls of Spring AI's model, by a chat client, which knows the model's options in both lines of Spring AI. */
  private record Client(String model, ChatClient chats, UnaryOperator<ChatClientRequestSpec> settings)
      implements
        BlockingChatModel.Client {

    @Override
    public ChatAnswer ask(ChatRequest request, AnswerFormat format) throws IOException {
      ChatClientRequestSpec asked = chats.prompt().messages(request.messages().stream().map(Client::message).toList());
      AnswerSchema schema = request.schema();
      if (schema != null && format == AnswerFormat.JSON_SCHEMA) {
        // Where the options take no schema, Spring AI adds the words to the last message of the user.
        asked = asked.advisors(advisors -> advisors.params(Map.of(
            ChatClientAttributes.STRUCTURED_OUTPUT_NATIVE.getKey(), true,
            ChatClientAttributes.STRUCTURED_OUTPUT_SCHEMA.getKey(), schema.json(),
            ChatClientAttributes.OUTPUT_FORMAT.getKey(), schema.inWords())));
      }
      ChatResponse response = settings.apply(asked).call().chatResponse();
      Generation generation = response == null ? null : response.getResult();
      if (response == null || generation == null) {
        throw new IOException("the answer has no message");
      }
      return answer(response, generation);
    }

    private static Message message(ChatMessage message) {
      return switch (message.role()) {
        case SYSTEM -> new SystemMessage(message.text());
        case USER -> new UserMessage(message.text());
        case ASSISTANT -> new AssistantMessage(message.text());
      };
    }

    private static ChatAnswer answer(ChatResponse response, Generation generation) {
      String text = Objects.requireNonNullElse(generation.getOutput().getText(), "");
      // This is where the client of OpenAI's API puts it.
      Object refusal = generation.getOutput().getMetadata().get("refusal");
      boolean refused = refusal instanceof String reason && !reason.isBlank();
      Usage usage = response.getMetadata() == null ? null : response.getMetadata().getUsage();
      return new ChatAnswer(refused ? String.valueOf(refusal) : text,
          refused ? ChatAnswer.End.REFUSED : end(generation.getMetadata().getFinishReason()),
          tokens(usage == null ? null : usage.getPromptTokens()),
          tokens(usage == null ? null : usage.getCompletionTokens()), null);
    }

    /** The reasons are the providers' own words: of OpenAI, Ollama and Mistral, of Anthropic and Bedrock, and of Gemini. */
    private static ChatAnswer.End end(@Nullable String reason) {
      return switch (Objects.requireNonNullElse(reason, "").toLowerCase(Locale.ROOT)) {
        case "length", "model_length", "max_tokens", "model_context_window_exceeded" -> ChatAnswer.End.CUT_OFF;
        case "content_filter", "content_filtered", "refusal", "guardrail_intervened", "safety", "recitation",
            "blocklist", "prohibited_content", "spii" ->
          ChatAnswer.End.REFUSED;
        default -> ChatAnswer.End.COMPLETE;
      };
    }

    /** Spring AI gives 0 where the provider says nothing. */
    private static long tokens(@Nullable Integer counted) {
      return counted == null || counted == 0 ? Allowance.UNKNOWN : counted;
    }

    @Override
    public EndpointException translate(Throwable thrown) {
      return ModelFailures.translate(model, thrown);
    }

    @Override
    public boolean isUnableToAsk(Throwable thrown) {
      return thrown instanceof UnsupportedOperationException || thrown instanceof IllegalArgumentException;
    }
  }

  /** The settings of an adapter. Not safe for use by several threads. */
  public static final class Builder {

    private final org.springframework.ai.chat.model.ChatModel chats;
    private String model = "of Spring AI";
    private int concurrency = BlockingChatModel.CONCURRENCY;
    private UnaryOperator<ChatClientRequestSpec> request = asked -> asked;

    private Builder(org.springframework.ai.chat.model.ChatModel chats) {
      this.chats = chats;
    }

    /** Sets the model's name for reports; {@code of Spring AI} unless set, because the model does not give its name. */
    public Builder model(String model) {
      this.model = model;
      return this;
    }

    /** Sets how many requests run at the same time; {@value BlockingChatModel#CONCURRENCY} unless set. */
    public Builder concurrency(int requests) {
      this.concurrency = requests;
      return this;
    }

    /**
     * Sets what each request gets besides its messages, such as options in the form of the application's Spring AI:
     * {@code request -> request.options(...)}. It is called by several threads.
     */
    public Builder request(UnaryOperator<ChatClientRequestSpec> request) {
      this.request = Objects.requireNonNull(request, "request");
      return this;
    }

    /** @throws dev.memlane.model.InvalidInputException if the name is blank, or fewer than 1 request may run */
    public SpringAiChatModel build() {
      return new SpringAiChatModel(this);
    }
  }
}
