package dev.memlane.server;

import dev.memlane.model.InvalidInputException;
import java.time.Instant;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An API key, as it is stored: without its secret.
 *
 * @param id the public part of the key
 * @param name the operator's name for it, unique among the keys
 * @param hash SHA-256 of the secret, in hexadecimal
 * @param expiresAt from when it is refused; null for never
 */
public record ApiKey(String id, String name, Role role, Grant grant, Instant createdAt, @Nullable Instant expiresAt,
    String hash) {

  private static final Pattern NAME = Pattern.compile("[\\p{L}\\p{N}][\\p{L}\\p{N} ._@-]{0,99}");

  /** @throws InvalidInputException if the name is empty, longer than 100 characters, or has unusual ones */
  public ApiKey {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(role, "role");
    Objects.requireNonNull(grant, "grant");
    Objects.requireNonNull(createdAt, "createdAt");
    Objects.requireNonNull(hash, "hash");
    if (!NAME.matcher(name).matches()) {
      throw new InvalidInputException("the key's name must have 1 to 100 letters, digits, blanks or . _ @ -");
    }
  }

  /** Whether it is refused from now on because of its age. */
  public boolean isExpired(Instant now) {
    return expiresAt != null && !now.isBefore(expiresAt);
  }

  /** Without the hash. */
  @Override
  public String toString() {
    return "ApiKey[" + id + ", " + name + ", " + role + ", " + grant + "]";
  }
}
