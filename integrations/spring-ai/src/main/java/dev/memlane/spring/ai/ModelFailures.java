package dev.memlane.spring.ai;

import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.Failure;
import dev.memlane.endpoints.Reasons;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.http.HttpTimeoutException;
import java.util.Objects;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The translation of what Spring AI's models throw. */
final class ModelFailures {

  private static final int DEEPEST_CAUSE = 10;
  /** What Spring AI's models throw. Known by name, because the module that has them is optional. */
  private static final String TRANSIENT = "org.springframework.ai.retry.TransientAiException";
  private static final String NON_TRANSIENT = "org.springframework.ai.retry.NonTransientAiException";
  /** How their messages begin, if the failure is an answer: "HTTP 429 - ..." or "429 - ...". */
  private static final Pattern STATUS = Pattern.compile("^(?:HTTP )?(\\d{3})\\b");

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
        return new EndpointException(failure,
            "model " + model + " was denied; check its key, its name and address, and the "
                + "credit of its account",
            null);
      }
      if (failure != null) {
        return new EndpointException(failure, describe(model, cause), thrown);
      }
      cause = cause.getCause();
    }
    return new EndpointException(Failure.UNKNOWN, describe(model, thrown), thrown);
  }

  private static String describe(String model, Throwable thrown) {
    return "model " + model + " failed: " + Reasons.of(thrown);
  }

  private static @Nullable Failure failure(Throwable thrown) {
    String name = thrown.getClass().getName();
    if (name.equals(TRANSIENT) || name.equals(NON_TRANSIENT)) {
      String message = Objects.requireNonNullElse(thrown.getMessage(), "");
      Matcher status = STATUS.matcher(message);
      if (status.find()) {
        return Failure.ofStatus(Integer.parseInt(status.group(1)), message);
      }
      return name.equals(TRANSIENT) ? Failure.UNAVAILABLE : Failure.REFUSED;
    }
    return switch (thrown) {
      case HttpTimeoutException e -> Failure.TIMED_OUT;
      case SocketTimeoutException e -> Failure.TIMED_OUT;
      case TimeoutException e -> Failure.TIMED_OUT;
      case IOException e -> Failure.UNAVAILABLE;
      case IllegalArgumentException e -> Failure.REFUSED;
      default -> null;
    };
  }
}
