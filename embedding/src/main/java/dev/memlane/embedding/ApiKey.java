package dev.memlane.embedding;

import dev.memlane.model.InvalidInputException;
import java.util.Map;

/** A secret that tells itself to nobody but the request that carries it: not in logs, errors or {@link #toString}. */
public final class ApiKey {

  private static final int SHORTEST_TO_LOOK_FOR = 6;

  private final String secret;

  private ApiKey(String secret) {
    this.secret = secret;
  }

  /** @throws InvalidInputException if it is blank, or holds what can't be sent in a header */
  public static ApiKey of(String secret) {
    String trimmed = secret.strip();
    if (trimmed.isEmpty() || !trimmed.chars().allMatch(letter -> letter > 32 && letter < 127)) {
      throw new InvalidInputException("the key is empty, or holds spaces or other characters that no key has");
    }
    return new ApiKey(trimmed);
  }

  /**
   * Reads a key from the environment.
   *
   * @param environment the variables, as {@link System#getenv()} gives them
   * @throws InvalidInputException if that is no name, or there is no such variable; the message names it
   */
  public static ApiKey from(Map<String, String> environment, String variable) {
    if (!variable.matches("[A-Za-z_][A-Za-z0-9_]*")) {
      // Not repeated: it may be the key itself.
      throw new InvalidInputException(
          "what should name the environment variable that holds a key is no such name; put the "
              + "key into a variable, and give that one's name");
    }
    String value = environment.get(variable);
    if (value == null || value.isBlank()) {
      throw new InvalidInputException(
          "there is no key in the environment variable " + variable + "; set it to the provider's key");
    }
    return of(value);
  }

  /** For the request's header alone. */
  String reveal() {
    return secret;
  }

  /** The same text without the key in it. */
  String hideIn(String text) {
    return secret.length() < SHORTEST_TO_LOOK_FOR ? text : text.replace(secret, toString());
  }

  @Override
  public String toString() {
    return "***";
  }
}
