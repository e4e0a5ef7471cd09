package dev.memlane.langchain4j;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.ContentFilteredException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.json.JsonRawSchema;
import dev.langchain4j.model.chat.request.json.JsonSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.model.output.TokenUsage;
import dev.memlane.endpoints.Allowance;
import dev.memlane.endpoints.EndpointException;
import dev.memlane.extraction.AnswerFormat;
import dev.memlane.extraction.AnswerSchema;
import dev.memlane.extraction.BlockingChatModel;
import dev.memlane.extraction.ChatAnswer;
import dev.memlane.extraction.ChatMessage;
import dev.memlane.extraction.ChatModel;
import dev.memlane.extraction.ChatRequest;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A chat model of LangChain4j that remembers conversations: it answers the questions of a
 * {@link dev.memlane.extraction.MemoryExtractor}. It needs {@code memlane-extraction}.
 *
 * <pre>{@code
 * ChatModel model = LangChain4jChatModel.builder(chatModel).build();
 * MemoryExtractor extractor = MemoryExtractor.builder(memory, database, model).build();
 * }</pre>
 *
 * <p>
 * <b>Schemas.</b> A model that says it can enforce a JSON schema ({@link Capability#RESPONSE_FORMAT_JSON_SCHEMA}) gets the
 * schema as such. Any other model is asked for JSON, with the schema in words. A model that refuses either gets the request
 * again in the next simpler {@link AnswerFormat}, and so all requests after it.
 *
 * <p>
 * <b>Failures.</b> LangChain4j's exceptions become {@link EndpointException}s, so that a
 * {@link dev.memlane.extraction.ChatModelPool} knows what to do. A filter of the provider, and an answer that the limit of
 * tokens cut off, are answers. <b>Switch off the model's own retries</b> ({@code maxRetries(0)}), which would hide failures.
 * LangChain4j doesn't pass on {@code Retry-After} and rate-limit headers.
 *
 * <p>
 * <b>Threads.</b> Each request runs on its own virtual thread, as {@link BlockingChatModel} says; cancelling it interrupts the
 * thread. Safe for use by several threads if the model is.
 */
public final class LangChain4jChatModel implements ChatModel {

  private final BlockingChatModel calls;

  private LangChain4jChatModel(Builder builder) {
    String name = builder.model;
    AnswerFormat format = builder.format;
    if (format == null) {
      format = builder.chats.supportedCapabilities().contains(Capability.RESPONSE_FORMAT_JSON_SCHEMA)
          ? AnswerFormat.JSON_SCHEMA
          : AnswerFormat.JSON_OBJECT;
    }
    this.calls = new BlockingChatModel(name, new Client(name, builder.chats, builder.sendingLimit), format,
        builder.concurrency);
  }

  /**
   * Begins to build an adapter.
   *
   * @param chats answers; the caller closes it
   */
  public static Builder builder(dev.langchain4j.model.chat.ChatModel chats) {
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

  /** Ends the requests in flight. LangChain4j's model stays open. */
  @Override
  public void close() {
    calls.close();
  }

  @Override
  public String toString() {
    return "LangChain4jChatModel[" + model() + "]";
  }

  /** The calls of LangChain4j's model. */
  private record Client(String model, dev.langchain4j.model.chat.ChatModel chats, boolean sendingLimit)
      implements
        BlockingChatModel.Client {

    @Override
    public ChatAnswer ask(ChatRequest request, AnswerFormat format) {
      var built = dev.langchain4j.model.chat.request.ChatRequest.builder()
          .messages(request.messages().stream().map(Client::message).toList());
      if (sendingLimit) {
        built.maxOutputTokens(request.maxTokens());
      }
      AnswerSchema schema = request.schema();
      if (schema != null && format != AnswerFormat.TEXT) {
        built.responseFormat(format == AnswerFormat.JSON_OBJECT ? ResponseFormat.JSON : format(schema));
      }
      try {
        return answer(chats.chat(built.build()));
      } catch (ContentFilteredException e) {
        // This is how LangChain4j passes on that the model, or a filter of its provider, refuses.
        return new ChatAnswer(Objects.requireNonNullElse(e.getMessage(), ""), ChatAnswer.End.REFUSED,
            Allowance.UNKNOWN, Allowance.UNKNOWN, null);
      }
    }

    private static dev.langchain4j.data.message.ChatMessage message(ChatMessage message) {
      return switch (message.role()) {
        case SYSTEM -> SystemMessage.from(message.text());
        case USER -> UserMessage.from(message.text());
        case ASSISTANT -> AiMessage.from(message.text());
      };
    }

    private static ResponseFormat format(AnswerSchema schema) {
      return ResponseFormat.builder().type(ResponseFormatType.JSON)
          .jsonSchema(JsonSchema.builder().name(schema.name()).rootElement(JsonRawSchema.from(schema.json())).build())
          .build();
    }

    private static ChatAnswer answer(ChatResponse response) {
      FinishReason reason = response.finishReason();
      ChatAnswer.End end = reason == FinishReason.LENGTH
          ? ChatAnswer.End.CUT_OFF
          : reason == FinishReason.CONTENT_FILTER ? ChatAnswer.End.REFUSED : ChatAnswer.End.COMPLETE;
      TokenUsage usage = response.tokenUsage();
      return new ChatAnswer(Objects.requireNonNullElse(response.aiMessage().text(), ""), end,
          tokens(usage == null ? null : usage.inputTokenCount()),
          tokens(usage == null ? null : usage.outputTokenCount()), null);
    }

    private static long tokens(@Nullable Integer counted) {
      return counted == null ? Allowance.UNKNOWN : counted;
    }

    @Override
    public EndpointException translate(Throwable thrown) {
      return ModelFailures.translate(model, thrown);
    }

    @Override
    public boolean isUnableToAsk(Throwable thrown) {
      // Some of LangChain4j's clients check what they are asked for, and know no schema that they can't read.
      return thrown instanceof UnsupportedFeatureException || thrown instanceof IllegalArgumentException;
    }
  }

  /** The settings of an adapter. Not safe for use by several threads. */
  public static final class Builder {

    private final dev.langchain4j.model.chat.ChatModel chats;
    private String model;
    private @Nullable AnswerFormat format;
    private int concurrency = BlockingChatModel.CONCURRENCY;
    private boolean sendingLimit = true;

    private Builder(dev.langchain4j.model.chat.ChatModel chats) {
      this.chats = chats;
      String name = chats.defaultRequestParameters().modelName();
      this.model = name == null || name.isBlank() ? "of LangChain4j" : name;
    }

    /** Sets the model's name for reports; the name that LangChain4j's model gives unless set. */
    public Builder model(String model) {
      this.model = model;
      return this;
    }

    /** Sets how to ask for an answer that follows a schema; by what LangChain4j's model says of itself unless set. */
    public Builder format(AnswerFormat format) {
      this.format = format;
      return this;
    }

    /** Sets how many requests run at the same time; {@value BlockingChatModel#CONCURRENCY} unless set. */
    public Builder concurrency(int requests) {
      this.concurrency = requests;
      return this;
    }

    /**
     * Sets whether the limit of the answer's tokens is sent with each request, as {@code maxOutputTokens}; true unless set.
     * Some models of OpenAI refuse it; then set {@code maxCompletionTokens} on LangChain4j's model.
     */
    public Builder sendLimit(boolean sendLimit) {
      this.sendingLimit = sendLimit;
      return this;
    }

    /** @throws dev.memlane.model.InvalidInputException if the name is blank, or fewer than 1 request may run */
    public LangChain4jChatModel build() {
      return new LangChain4jChatModel(this);
    }
  }
}
