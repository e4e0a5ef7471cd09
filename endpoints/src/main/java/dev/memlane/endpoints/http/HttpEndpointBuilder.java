package dev.memlane.endpoints.http;

import dev.memlane.model.InvalidInputException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.time.Duration;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/** A builder of {@link HttpEndpoint}s. Not safe for use by several threads. */
public final class HttpEndpointBuilder {

  private static final Duration LONGEST_TIMEOUT = Duration.ofHours(1);

  final URI url;
  private boolean unencryptedKey;
  @Nullable
  ApiKey apiKey;
  String header = "Authorization";
  String prefix = "Bearer ";
  @Nullable
  HttpClient client;
  Duration timeout = Duration.ofSeconds(60);
  Duration connectTimeout = Duration.ofSeconds(5);
  InstantSource clock = InstantSource.system();

  HttpEndpointBuilder(String base, String path) {
    this.url = uri((base.endsWith("/") ? base.substring(0, base.length() - 1) : base) + path);
  }

  private static URI uri(String url) {
    URI uri;
    try {
      uri = new URI(url);
    } catch (URISyntaxException e) {
      // Without the address, and without the cause, which repeats it: it may contain a password.
      throw new InvalidInputException("the endpoint's address is not valid: " + e.getReason() + " at character "
          + (e.getIndex() + 1));
    }
    boolean web = "http".equalsIgnoreCase(uri.getScheme()) || isEncrypted(uri);
    if (!web || uri.getHost() == null || uri.getUserInfo() != null) {
      throw new InvalidInputException("the endpoint's address must begin with https:// or http:// and a host, as in "
          + "https://api.openai.com/v1, and contain no password");
    }
    return uri;
  }

  static boolean isEncrypted(URI url) {
    return "https".equalsIgnoreCase(url.getScheme());
  }

  /** Sets the key that goes with each request; none unless set. */
  public HttpEndpointBuilder apiKey(@Nullable ApiKey apiKey) {
    this.apiKey = apiKey;
    return this;
  }

  /**
   * Sets the header for the key, and the text before the key; {@code Authorization} and {@code "Bearer "} unless set.
   */
  public HttpEndpointBuilder header(String name, String prefix) {
    if (!name.matches("[A-Za-z0-9-]+") || !prefix.matches("[ -~]*")) {
      throw new InvalidInputException(
          "the name of the header for the key must consist of letters, digits and hyphens, and the text before the "
              + "key of printable ASCII characters");
    }
    this.header = name;
    this.prefix = prefix;
    return this;
  }

  /** Allows the key to go to another machine without encryption, such as to an own proxy. Not allowed unless set. */
  public HttpEndpointBuilder unencryptedKey(boolean allowed) {
    this.unencryptedKey = allowed;
    return this;
  }

  /** Sets how long a request may take, to the last byte of its answer; 60 s unless set, an hour at most. */
  public HttpEndpointBuilder timeout(Duration timeout) {
    this.timeout = checked("timeout", timeout);
    return this;
  }

  /** Sets how long connecting may take; 5 s unless set, an hour at most. Has no effect with the caller's own client. */
  public HttpEndpointBuilder connectTimeout(Duration connectTimeout) {
    this.connectTimeout = checked("connectTimeout", connectTimeout);
    return this;
  }

  private static Duration checked(String name, Duration time) {
    if (time.isNegative() || time.isZero() || time.compareTo(LONGEST_TIMEOUT) > 0) {
      throw new InvalidInputException(
          name + " is " + time + "; it must be positive and at most " + LONGEST_TIMEOUT);
    }
    return time;
  }

  /** Sets the client that sends the requests, which the caller closes; an own client unless set. */
  public HttpEndpointBuilder client(HttpClient client) {
    this.client = client;
    return this;
  }

  /** Sets the clock for dates in headers; the system's unless set. */
  public HttpEndpointBuilder clock(InstantSource clock) {
    this.clock = clock;
    return this;
  }

  /** @throws InvalidInputException if the key would go to another machine without encryption, or follow redirects */
  public HttpEndpoint build() {
    boolean thisMachine = url.getHost().matches("localhost|127(\\.[0-9]{1,3}){3}|\\[::1]");
    if (apiKey != null && !isEncrypted(url) && !thisMachine && !unencryptedKey) {
      throw new InvalidInputException("the key for " + url.getHost()
          + " would go over the network unencrypted; use https, or allow it with unencryptedKey(true)");
    }
    if (apiKey != null && client != null && client.followRedirects() != HttpClient.Redirect.NEVER) {
      throw new InvalidInputException("the client follows redirects, which would carry the key for " + url.getHost()
          + " elsewhere; build it with Redirect.NEVER");
    }
    return new HttpEndpoint(this);
  }
}
