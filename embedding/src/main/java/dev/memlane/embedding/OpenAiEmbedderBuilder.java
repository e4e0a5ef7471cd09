package dev.memlane.embedding;

import dev.memlane.model.InvalidInputException;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/** A builder of {@link OpenAiEmbedder}s. Not safe for use by several threads. */
public final class OpenAiEmbedderBuilder {

  private static final Duration LONGEST_TIMEOUT = Duration.ofHours(1);

  final URI url;
  final String model;
  final int dimension;
  @Nullable
  String sentModel;
  boolean sendDimension;
  boolean base64 = true;
  private boolean unencryptedKey;
  @Nullable
  ApiKey apiKey;
  String header = "Authorization";
  String prefix = "Bearer ";
  Embedder.Limits limits = Embedder.Limits.standard();
  @Nullable
  HttpClient client;
  Duration timeout = Duration.ofSeconds(60);
  Duration connectTimeout = Duration.ofSeconds(5);
  InstantSource clock = InstantSource.system();

  OpenAiEmbedderBuilder(URI url, String model, int dimension) {
    if (model.isBlank() || dimension < 1) {
      throw new InvalidInputException(
          "an endpoint needs a model's name and the dimension of its vectors, at least 1; "
              + "they are '" + model + "' and " + dimension);
    }
    this.url = url;
    this.model = model;
    this.sentModel = model;
    this.dimension = dimension;
  }

  /** Sets the key that goes with each request; none unless set. */
  public OpenAiEmbedderBuilder apiKey(@Nullable ApiKey apiKey) {
    this.apiKey = apiKey;
    return this;
  }

  /**
   * Sets the header for the key, and the text before the key; {@code Authorization} and {@code "Bearer "} unless set.
   */
  public OpenAiEmbedderBuilder header(String name, String prefix) {
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
  public OpenAiEmbedderBuilder unencryptedKey(boolean allowed) {
    this.unencryptedKey = allowed;
    return this;
  }

  /** Sets the model's name as the server knows it, if that differs; null to send none. */
  public OpenAiEmbedderBuilder sentModel(@Nullable String sentModel) {
    this.sentModel = sentModel;
    return this;
  }

  /**
   * Sets whether to ask for vectors of this dimension, which some models can shorten. Off unless set, except for
   * OpenAI.
   */
  public OpenAiEmbedderBuilder sendDimension(boolean sendDimension) {
    this.sendDimension = sendDimension;
    return this;
  }

  /** Sets whether to ask for vectors in base64. On unless set; turn it off for a server that refuses such requests. */
  public OpenAiEmbedderBuilder base64(boolean base64) {
    this.base64 = base64;
    return this;
  }

  /** Sets how much a request may hold; 64 texts and 200,000 characters unless set. */
  public OpenAiEmbedderBuilder limits(Embedder.Limits limits) {
    this.limits = limits;
    return this;
  }

  /**
   * Sets how long a request may take, to the last byte of its answer; 60 s unless set, an hour at most. It should not
   * be shorter than the endpoint's time-out and the callers' deadline.
   */
  public OpenAiEmbedderBuilder timeout(Duration timeout) {
    this.timeout = checked("timeout", timeout);
    return this;
  }

  /** Sets how long connecting may take; 5 s unless set, an hour at most. Has no effect with the caller's own client. */
  public OpenAiEmbedderBuilder connectTimeout(Duration connectTimeout) {
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
  public OpenAiEmbedderBuilder client(HttpClient client) {
    this.client = client;
    return this;
  }

  /** Sets the clock for dates in headers; the system's unless set. */
  public OpenAiEmbedderBuilder clock(InstantSource clock) {
    this.clock = clock;
    return this;
  }

  /** @throws InvalidInputException if the key would go to another machine without encryption, or follow redirects */
  public OpenAiEmbedder build() {
    boolean thisMachine = url.getHost().matches("localhost|127(\\.[0-9]{1,3}){3}|\\[::1]");
    if (apiKey != null && !OpenAiEmbedder.isEncrypted(url) && !thisMachine && !unencryptedKey) {
      throw new InvalidInputException("the key for " + url.getHost()
          + " would go over the network unencrypted; use https, or allow it with unencryptedKey(true)");
    }
    if (apiKey != null && client != null && client.followRedirects() != HttpClient.Redirect.NEVER) {
      throw new InvalidInputException("the client follows redirects, which would carry the key for " + url.getHost()
          + " elsewhere; build it with Redirect.NEVER");
    }
    return new OpenAiEmbedder(this);
  }
}
