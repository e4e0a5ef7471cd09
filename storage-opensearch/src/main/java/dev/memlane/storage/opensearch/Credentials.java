package dev.memlane.storage.opensearch;

import dev.memlane.model.InvalidInputException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** The user and password, or the key, that requests carry. They appear in no log, message or {@link #toString}. */
final class Credentials {

  /** Shorter secrets stand in other words too, so they are not looked for in messages. */
  private static final int SHORTEST_TO_LOOK_FOR = 6;

  private final String header;
  private final String secret;

  private Credentials(String header, String secret) {
    this.header = header;
    this.secret = secret;
  }

  static Credentials ofUser(String user, String password) {
    if (user.isEmpty() || user.indexOf(':') >= 0 || password.isEmpty()) {
      throw new InvalidInputException("the cluster's user or password is empty, or the user contains a colon");
    }
    String both = user + ":" + password;
    return new Credentials(
        "Basic " + Base64.getEncoder().encodeToString(both.getBytes(StandardCharsets.UTF_8)), password);
  }

  static Credentials ofKey(String key) {
    String trimmed = key.strip();
    if (trimmed.isEmpty() || !trimmed.chars().allMatch(letter -> letter > 32 && letter < 127)) {
      throw new InvalidInputException("the key is empty, or contains spaces or other characters that no key has");
    }
    return new Credentials("ApiKey " + trimmed, trimmed);
  }

  /** The header, for requests only. */
  String reveal() {
    return header;
  }

  /** Replaces the secret where a foreign text repeats it. */
  static String hide(@Nullable Credentials credentials, String text) {
    if (credentials == null || credentials.secret.length() < SHORTEST_TO_LOOK_FOR) {
      return text;
    }
    String encoded = credentials.header.substring(credentials.header.indexOf(' ') + 1);
    return text.replace(credentials.secret, "***").replace(encoded, "***");
  }

  @Override
  public String toString() {
    return "***";
  }
}
