package dev.memlane.extraction;

import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.Failure;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** The calls of a model, by threads that wait for the answers. Safe for use by several threads. */
final class ModelCalls {

  private static final long UNKNOWN = -1;

  private final ChatModel model;
  private final int maxTokens;
  private final Duration patience;
  private final @Nullable TokenBudget budget;

  /**
   * @param maxTokens how many tokens an answer may have
   * @param patience how long to wait for an answer, over all attempts of the model's own, and before that for tokens which calls
   * at the same time have reserved
   * @param budget what the calls may cost; null for any cost
   */
  ModelCalls(ChatModel model, int maxTokens, Duration patience, @Nullable TokenBudget budget) {
    this.model = model;
    this.maxTokens = maxTokens;
    this.patience = patience;
    this.budget = budget;
  }

  /** Why no call may ask this, whatever the day has left; empty if one may. */
  Optional<String> tooCostly(List<ChatMessage> messages, AnswerSchema schema) {
    long most = budget == null ? Long.MAX_VALUE : budget.mostACall();
    long cost = new ChatRequest(messages, schema, maxTokens).estimatedTokens();
    return cost <= most
        ? Optional.empty()
        : Optional.of(
            String.format(Locale.ROOT, "the question with its answer may cost %,d tokens, and a call %,d: raise the "
                + "budget, or let an answer have fewer tokens, or a call read less", cost, most));
  }

  /**
   * @throws ChatException if there is no answer
   * @throws ExtractionException if the call is {@linkplain #tooCostly too costly}
   * @throws BudgetUsedUpException if the day has not enough tokens left
   */
  ChatAnswer ask(List<ChatMessage> messages, AnswerSchema schema) {
    tooCostly(messages, schema).ifPresent(reason -> {
      throw new ExtractionException(reason, null);
    });
    ChatRequest request = new ChatRequest(messages, schema, maxTokens);
    TokenBudget.Reservation reservation = reserve(request);
    long cost = UNKNOWN;
    try {
      ChatAnswer answer = ask(request);
      cost = cost(answer);
      return answer;
    } catch (ChatException e) {
      cost = cost(e);
      throw e;
    } finally {
      if (reservation != null) {
        reservation.end(cost);
      }
    }
  }

  private TokenBudget.@Nullable Reservation reserve(ChatRequest request) {
    try {
      return budget == null ? null : budget.reserve(request.estimatedTokens(), patience);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ChatException("interrupted while waiting for the budget of model " + model.model(), e);
    }
  }

  private static long cost(ChatAnswer answer) {
    return answer.promptTokens() < 0 || answer.completionTokens() < 0
        ? UNKNOWN
        : answer.promptTokens() + answer.completionTokens();
  }

  /** A request that was not accepted costs nothing. One that was may be billed, also without an answer. */
  private static long cost(ChatException failure) {
    for (Throwable cause = failure.getCause(); cause != null; cause = cause.getCause()) {
      if (cause instanceof EndpointException endpoint) {
        return endpoint.failure() == Failure.TIMED_OUT || endpoint.failure() == Failure.UNKNOWN ? UNKNOWN : 0;
      }
    }
    return UNKNOWN;
  }

  private ChatAnswer ask(ChatRequest request) {
    CompletableFuture<ChatAnswer> answer = model.chat(request);
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
