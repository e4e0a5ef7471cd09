package dev.memlane.embedding;

import dev.memlane.endpoints.Endpoint;
import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.Reasons;
import dev.memlane.model.EmbeddingException;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * The failures that callers see, in words: what happened, and what to do about it.
 *
 * @param model the model's name
 * @param severalEndpoints whether a failure has to name its endpoint
 */
record EmbeddingFailures(String model, boolean severalEndpoints) {

  /** A failure that an endpoint's client has classified. */
  EmbeddingException ofEndpoint(Endpoint<Embedder> endpoint, int attempts, EndpointException failure) {
    String where = severalEndpoints ? "endpoint " + endpoint.name() + ": " : "";
    String often = attempts == 1 ? "" : " (sent " + attempts + " times)";
    return new EmbeddingException(where + failure.getMessage() + often, failure);
  }

  /** Any other failure of an embedder. */
  EmbeddingException ofModel(Throwable cause) {
    return cause instanceof EmbeddingException known
        ? known
        : new EmbeddingException("model " + model + " failed: " + Reasons.of(cause), cause);
  }

  EmbeddingException requestTimedOut(Duration timeout) {
    return late("a request took", "time-out", timeout);
  }

  /**
   * A text's deadline has passed.
   *
   * @param last why the last request with the text failed; null if none did
   * @param problems the endpoints that don't serve, and why; empty if all do
   */
  EmbeddingException deadlinePassed(Duration deadline, @Nullable EmbeddingException last, String problems) {
    EmbeddingException late = late("the text waited for", "deadline", deadline);
    if (last == null && problems.isEmpty()) {
      return late;
    }
    String why = last == null ? problems : String.valueOf(last.getMessage());
    return new EmbeddingException(late.getMessage() + "; the last failure: " + why, last);
  }

  private EmbeddingException late(String what, String limit, Duration allowed) {
    return new EmbeddingException(what + " model " + model + " longer than the " + limit + " of " + allowed.toMillis()
        + " ms; try again later, or check whether the model is overloaded or unreachable", null);
  }

  EmbeddingException tooManyWaiting(int maxWaiting) {
    return new EmbeddingException(maxWaiting + " texts are waiting for model " + model
        + ", which is the limit; try again later, or raise the limit", null);
  }

  EmbeddingException noEndpoint(String why) {
    return new EmbeddingException("no endpoint of model " + model + " can be used: " + why, null);
  }

  EmbeddingException schedulerRejected(RejectedExecutionException cause) {
    return new EmbeddingException("the scheduler that keeps the deadlines of model " + model
        + " accepts no more tasks; has it been shut down?", cause);
  }

  EmbeddingException closed() {
    return new EmbeddingException("the embedder of model " + model + " has been closed", null);
  }
}
