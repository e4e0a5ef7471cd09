package dev.memlane.endpoints.http;

import dev.memlane.model.InvalidInputException;
import java.util.Map;

/** An API key, which only the request that carries it can read. It appears in no log, error or {@link #toString}. */
public final class ApiKey {

  private static final int SHORTEST_TO_LOOK_FOR = 6;

  private final String secret;

  private ApiKey(String secret) {
    this.secret = secret;
  }

  /** @throws InvalidInputException if it is blank, or contains characters that can't be sent in a header */
  public static ApiKey of(String secret) {
    String trimmed = secret.strip();
    if (trimmed.isEmpty() || !trimmed.chars().allMatch(letter -> letter > 32 && letter < 127)) {
      throw new InvalidInputException("the key is empty, or contains spaces or other characters that no key has");
    }
    return new ApiKey(trimmed);
  }

  /**
   * Reads a key from the environment.
   *
   * @param environment the variables, as {@link System#getenv()} gives them
   * @throws InvalidInputException if that isn't a valid name, or there is no such variable (the message names it)
   */
  public static ApiKey from(Map<String, String> environment, String variable) {
    if (!variable.matches("[A-Za-z_][A-Za-z0-9_]*")) {
      // The message doesn't repeat the text, which may be the key itself.
      throw new InvalidInputException(
          "the name of the environment variable for a key is not a valid name; put the key into a variable, and give "
              + "the variable's name");
    }
    String value = environment.get(variable);
    if (value == null || value.isBlank()) {
      throw new InvalidInputException(
          "there is no key in the environment variable " + variable + "; set it to the provider's key");
    }
    return of(value);
  }

  /** The key, for the request's header only. */
  String reveal() {
    return secret;
  }

  /** Replaces the key where it appears in a text. */
  String hideIn(String text) {
    return secret.length() < SHORTEST_TO_LOOK_FOR ? text : text.replace(secret, toString());
  }

  /** Whether the key appears in the message of a failure or of one of its causes. */
  boolean isIn(Throwable failure) {
    for (Throwable each = failure; each != null; each = each.getCause()) {
      String message = String.valueOf(each.getMessage());
      if (!hideIn(message).equals(message)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public String toString() {
    return "***";
  }
}
