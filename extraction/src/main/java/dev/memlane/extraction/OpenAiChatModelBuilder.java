package dev.memlane.extraction;

import dev.memlane.endpoints.http.ApiKey;
import dev.memlane.endpoints.http.HttpEndpointBuilder;
import dev.memlane.model.InvalidInputException;
import java.net.http.HttpClient;
import java.time.Duration;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/** A builder of {@link OpenAiChatModel}s. Not safe for use by several threads. */
public final class OpenAiChatModelBuilder {

  private static final double HIGHEST_TEMPERATURE = 2;

  final HttpEndpointBuilder endpoint;
  final String model;
  @Nullable
  String sentModel;
  String limitField = "max_tokens";
  @Nullable
  Double temperature;
  AnswerFormat format = AnswerFormat.JSON_SCHEMA;

  OpenAiChatModelBuilder(HttpEndpointBuilder endpoint, String model) {
    if (model.isBlank()) {
      throw new InvalidInputException("a chat endpoint needs a model's name");
    }
    this.endpoint = endpoint.timeout(Duration.ofMinutes(2));
    this.model = model;
    this.sentModel = model;
  }

  /** Sets the key that goes with each request; none unless set. */
  public OpenAiChatModelBuilder apiKey(@Nullable ApiKey apiKey) {
    endpoint.apiKey(apiKey);
    return this;
  }

  /**
   * Sets the header for the key, and the text before the key; {@code Authorization} and {@code "Bearer "} unless set.
   */
  public OpenAiChatModelBuilder header(String name, String prefix) {
    endpoint.header(name, prefix);
    return this;
  }

  /** Allows the key to go to another machine without encryption, such as to an own proxy. Not allowed unless set. */
  public OpenAiChatModelBuilder unencryptedKey(boolean allowed) {
    endpoint.unencryptedKey(allowed);
    return this;
  }

  /** Sets the model's name as the server knows it, if that differs; null to send none. */
  public OpenAiChatModelBuilder sentModel(@Nullable String sentModel) {
    this.sentModel = sentModel;
    return this;
  }

  /**
   * Sets whether the answer's limit is sent as {@code max_completion_tokens}, which OpenAI's newer models ask for, and not
   * as {@code max_tokens}, which most servers know. Off unless set, except for OpenAI.
   */
  public OpenAiChatModelBuilder completionTokens(boolean completionTokens) {
    this.limitField = completionTokens ? "max_completion_tokens" : "max_tokens";
    return this;
  }

  /** Sets the temperature, 0 to 2; none is sent unless set, because some models refuse all but their own. */
  public OpenAiChatModelBuilder temperature(double temperature) {
    if (!(temperature >= 0 && temperature <= HIGHEST_TEMPERATURE)) {
      throw new InvalidInputException("the temperature is " + temperature + "; it must be 0 to 2");
    }
    this.temperature = temperature;
    return this;
  }

  /**
   * Sets how to ask for an answer that follows a schema; {@link AnswerFormat#JSON_SCHEMA} unless set. A server that refuses
   * it gets the request again in the next simpler form, and all later ones in that.
   */
  public OpenAiChatModelBuilder format(AnswerFormat format) {
    this.format = format;
    return this;
  }

  /** Sets how long a request may take, to the last byte of its answer; two minutes unless set, an hour at most. */
  public OpenAiChatModelBuilder timeout(Duration timeout) {
    endpoint.timeout(timeout);
    return this;
  }

  /** Sets how long connecting may take; 5 s unless set, an hour at most. Has no effect with the caller's own client. */
  public OpenAiChatModelBuilder connectTimeout(Duration connectTimeout) {
    endpoint.connectTimeout(connectTimeout);
    return this;
  }

  /** Sets the client that sends the requests, which the caller closes; an own client unless set. */
  public OpenAiChatModelBuilder client(HttpClient client) {
    endpoint.client(client);
    return this;
  }

  /** Sets the clock for dates in headers; the system's unless set. */
  public OpenAiChatModelBuilder clock(InstantSource clock) {
    endpoint.clock(clock);
    return this;
  }

  /** @throws InvalidInputException if the key would go to another machine without encryption, or follow redirects */
  public OpenAiChatModel build() {
    return new OpenAiChatModel(this);
  }
}
