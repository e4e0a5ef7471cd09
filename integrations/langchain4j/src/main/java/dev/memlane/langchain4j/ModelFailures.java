package dev.memlane.langchain4j;

import dev.langchain4j.exception.AuthenticationException;
import dev.langchain4j.exception.HttpException;
import dev.langchain4j.exception.InternalServerException;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.exception.RateLimitException;
import dev.langchain4j.exception.RetriableException;
import dev.langchain4j.exception.TimeoutException;
import dev.langchain4j.exception.UnresolvedModelServerException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.Failure;
import dev.memlane.endpoints.Reasons;
import java.io.IOException;
import java.net.http.HttpTimeoutException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The translation of what LangChain4j's models throw. */
final class ModelFailures {

  private static final int DEEPEST_CAUSE = 10;

  private ModelFailures() {}

  /**
   * Translates what a model has thrown.
   *
   * @param model the model's name, for the message
   */
  static EndpointException translate(String model, Throwable thrown) {
    Throwable cause = thrown;
    for (int i = 0; i < DEEPEST_CAUSE && cause != null; i++) {
      Failure failure = failure(cause);
      if (failure == Failure.DENIED) {
        // Without the exception's message: it is the provider's answer, in which some repeat the key.
        return new EndpointException(failure, "model " + model + " was denied; " + advice(cause), null);
      }
      if (failure != null) {
        return new EndpointException(failure, describe(model, cause), thrown);
      }
      cause = cause.getCause();
    }
    return new EndpointException(Failure.UNKNOWN, describe(model, thrown), thrown);
  }

  private static String advice(Throwable denial) {
    return switch (denial) {
      case AuthenticationException e -> "check its key";
      case ModelNotFoundException e -> "check its name and address";
      case RateLimitException e -> "check the credit of its account";
      case HttpException e when e.statusCode() == 401 || e.statusCode() == 403 -> "check its key";
      case HttpException e when e.statusCode() == 402 || e.statusCode() == 429 -> "check the credit of its account";
      default -> "check its name and address";
    };
  }

  private static String describe(String model, Throwable thrown) {
    return "model " + model + " failed: " + Reasons.of(thrown);
  }

  private static @Nullable Failure failure(Throwable thrown) {
    return switch (thrown) {
      case RateLimitException e -> Failure.ofStatus(429, answer(e));
      case TimeoutException e -> Failure.TIMED_OUT;
      case HttpTimeoutException e -> Failure.TIMED_OUT;
      case AuthenticationException e -> Failure.DENIED;
      case ModelNotFoundException e -> Failure.DENIED;
      case InvalidRequestException e -> Failure.REFUSED;
      case UnsupportedFeatureException e -> Failure.REFUSED;
      case IllegalArgumentException e -> Failure.REFUSED;
      case InternalServerException e -> Failure.UNAVAILABLE;
      case UnresolvedModelServerException e -> Failure.UNAVAILABLE;
      case RetriableException e -> Failure.UNAVAILABLE;
      case HttpException e -> Failure.ofStatus(e.statusCode(), answer(e));
      case IOException e -> Failure.UNAVAILABLE;
      default -> null;
    };
  }

  /** The provider's answer, if there is one. Its headers, which may say when to retry, are lost. */
  private static String answer(Throwable thrown) {
    return Objects.requireNonNullElse(thrown.getMessage(), "");
  }
}
