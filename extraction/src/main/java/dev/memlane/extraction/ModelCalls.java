package dev.memlane.extraction;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The calls of a model, by threads that wait for the answers. Safe for use by several threads. */
final class ModelCalls {

  private final ChatModel model;
  private final int maxTokens;
  private final Duration patience;

  /**
   * @param maxTokens how many tokens an answer may have
   * @param patience how long to wait for an answer, over all attempts of the model's own
   */
  ModelCalls(ChatModel model, int maxTokens, Duration patience) {
    this.model = model;
    this.maxTokens = maxTokens;
    this.patience = patience;
  }

  /** @throws ChatException if there is no answer */
  ChatAnswer ask(List<ChatMessage> messages, AnswerSchema schema) {
    CompletableFuture<ChatAnswer> answer = model.chat(new ChatRequest(messages, schema, maxTokens));
    try {
      return answer.get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      ChatFailure failure = ChatFailure.of(e);
      throw failure.cause() instanceof ChatException known
          ? known.copy()
          : new ChatException("model " + model.model() + " failed: " + failure.why(), failure.cause());
    } catch (TimeoutException e) {
      boolean unused = answer.cancel(true);
      throw new ChatException("model " + model.model() + " gave no answer within " + patience.toMillis() + " ms", e);
    } catch (InterruptedException e) {
      boolean unused = answer.cancel(true);
      Thread.currentThread().interrupt();
      throw new ChatException("interrupted while waiting for model " + model.model(), e);
    }
  }
}
