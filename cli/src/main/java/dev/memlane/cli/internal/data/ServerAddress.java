package dev.memlane.cli.internal.data;

import dev.memlane.model.InvalidInputException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Where a server is, and how to be let in.
 *
 * @param uri with http or https and a host, without a slash at its end
 * @param key the API key; null for none
 * @param certificates a file of certificates, in PEM, to trust instead of those that the system trusts; null for the
 *     system's
 */
public record ServerAddress(URI uri, @Nullable String key, @Nullable Path certificates) {

  private static final int LONGEST_KEY = 1_000;

  /** @throws InvalidInputException if the address or the key can't be one; the message does not repeat the key */
  public ServerAddress {
    String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
    if (!scheme.equals("http") && !scheme.equals("https") || uri.getHost() == null || uri.getRawQuery() != null
        || uri.getRawFragment() != null) {
      throw notAnAddress(null);
    }
    if (uri.getRawUserInfo() != null) {
      throw new InvalidInputException("the server's address has a name or a password in it, which others on this "
          + "machine can see; put the API key into $MEMLANE_API_KEY, or into a file for --api-key-file");
    }
    if (key != null && (key.length() > LONGEST_KEY || !key.matches("[!-~]+"))) {
      throw new InvalidInputException("the API key is empty, too long, or has characters that none has; "
          + "give it as 'memlane keys create' has shown it");
    }
  }

  /** @throws InvalidInputException if the text is no address of a server */
  public static ServerAddress of(String text, @Nullable String key, @Nullable Path certificates) {
    try {
      return new ServerAddress(new URI(text.strip().replaceAll("/+$", "")), key, certificates);
    } catch (URISyntaxException e) {
      throw notAnAddress(e);
    }
  }

  private static InvalidInputException notAnAddress(@Nullable Throwable cause) {
    String message = "the server's address must be as http://127.0.0.1:7437 or https://memory.example.com";
    return cause == null ? new InvalidInputException(message) : new InvalidInputException(message, cause);
  }

  /** Whether the key would go over a network unencrypted. */
  boolean exposesKey() {
    String host = uri.getHost();
    return key != null && uri.getScheme().equalsIgnoreCase("http")
        && !(host.equals("localhost") || host.startsWith("127.") || host.equals("[::1]"));
  }

  /** Without the key. */
  @Override
  public String toString() {
    return uri.toString();
  }
}
