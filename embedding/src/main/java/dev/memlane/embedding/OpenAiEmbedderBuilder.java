package dev.memlane.embedding;

import dev.memlane.endpoints.http.ApiKey;
import dev.memlane.endpoints.http.HttpEndpointBuilder;
import dev.memlane.model.InvalidInputException;
import java.net.http.HttpClient;
import java.time.Duration;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/** A builder of {@link OpenAiEmbedder}s. Not safe for use by several threads. */
public final class OpenAiEmbedderBuilder {

  final HttpEndpointBuilder endpoint;
  final String model;
  final int dimension;
  @Nullable
  String sentModel;
  boolean sendDimension;
  boolean base64 = true;
  Embedder.Limits limits = Embedder.Limits.standard();

  OpenAiEmbedderBuilder(HttpEndpointBuilder endpoint, String model, int dimension) {
    if (model.isBlank() || dimension < 1) {
      throw new InvalidInputException(
          "an endpoint needs a model's name and the dimension of its vectors, at least 1; "
              + "they are '" + model + "' and " + dimension);
    }
    this.endpoint = endpoint;
    this.model = model;
    this.sentModel = model;
    this.dimension = dimension;
  }

  /** Sets the key that goes with each request; none unless set. */
  public OpenAiEmbedderBuilder apiKey(@Nullable ApiKey apiKey) {
    endpoint.apiKey(apiKey);
    return this;
  }

  /**
   * Sets the header for the key, and the text before the key; {@code Authorization} and {@code "Bearer "} unless set.
   */
  public OpenAiEmbedderBuilder header(String name, String prefix) {
    endpoint.header(name, prefix);
    return this;
  }

  /** Allows the key to go to another machine without encryption, such as to an own proxy. Not allowed unless set. */
  public OpenAiEmbedderBuilder unencryptedKey(boolean allowed) {
    endpoint.unencryptedKey(allowed);
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
    endpoint.timeout(timeout);
    return this;
  }

  /** Sets how long connecting may take; 5 s unless set, an hour at most. Has no effect with the caller's own client. */
  public OpenAiEmbedderBuilder connectTimeout(Duration connectTimeout) {
    endpoint.connectTimeout(connectTimeout);
    return this;
  }

  /** Sets the client that sends the requests, which the caller closes; an own client unless set. */
  public OpenAiEmbedderBuilder client(HttpClient client) {
    endpoint.client(client);
    return this;
  }

  /** Sets the clock for dates in headers; the system's unless set. */
  public OpenAiEmbedderBuilder clock(InstantSource clock) {
    endpoint.clock(clock);
    return this;
  }

  /** @throws InvalidInputException if the key would go to another machine without encryption, or follow redirects */
  public OpenAiEmbedder build() {
    return new OpenAiEmbedder(this);
  }
}
