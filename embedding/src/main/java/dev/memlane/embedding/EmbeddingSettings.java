package dev.memlane.embedding;

import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.EndpointLimits;
import dev.memlane.endpoints.http.ApiKey;
import dev.memlane.endpoints.Policy;
import dev.memlane.model.InvalidInputException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The settings of an embedding model and its endpoints, as configuration files name them. Keys are not among them: a
 * setting names the variable that holds a key.
 *
 * @param model the model's name, as it is stored with each vector
 * @param dimension how many numbers a vector has
 * @param shorten whether to request vectors of that dimension, from a model that can shorten its vectors
 * @param policy which endpoint gets the next request: least-loaded, weighted or affinity; null for the pool's default
 * @param attempts the most times that a request is sent; null for the pool's default
 * @param endpoints where the model is served
 */
public record EmbeddingSettings(@Nullable String model, int dimension, boolean shorten, @Nullable String policy,
    @Nullable Integer attempts, @Nullable List<Endpoint> endpoints) {

  /**
   * An endpoint that speaks OpenAI's API. A number that is absent or 0 sets no limit.
   *
   * @param name its name in reports; null for its position
   * @param url the address before {@code /embeddings}; with a deployment, the resource at Azure
   * @param deployment the deployment's name at Azure
   * @param apiVersion the version of Azure's API
   * @param keyFrom the variable that holds its key; null if it needs none
   * @param modelThere the name of the model at this endpoint, if it differs
   * @param concurrency the most requests in flight
   * @param requestsPerMinute the most requests in any minute
   * @param tokensPerMinute the most tokens in any minute
   * @param tokensPerRequest the most tokens in a request
   * @param texts the most texts in a request
   * @param timeout how long a request may take
   * @param weight its share of the requests, relative to the others', by the policy weighted
   * @param unencryptedKey whether the key may go unencrypted to another machine
   * @param base64 whether vectors are requested in Base64
   */
  public record Endpoint(@Nullable String name, @Nullable String url, @Nullable String deployment,
      @Nullable String apiVersion, @Nullable String keyFrom, @Nullable String modelThere, int concurrency,
      int requestsPerMinute, long tokensPerMinute, long tokensPerRequest, @Nullable Integer texts,
      @Nullable Duration timeout, @Nullable Integer weight, boolean unencryptedKey, @Nullable Boolean base64) {}

  /**
   * The endpoints as a pool, with their keys.
   *
   * @param variables holds the keys, such as {@link System#getenv()}
   * @throws InvalidInputException if a setting is missing or invalid; the message names it, and contains no key
   */
  public EmbedderPool pool(Map<String, String> variables) {
    EmbedderPool.Builder pool = EmbedderPool.builder();
    if (policy != null) {
      pool.policy(policy(policy));
    }
    if (attempts != null) {
      pool.attempts(attempts);
    }
    List<Endpoint> all = endpoints == null ? List.of() : endpoints;
    List<OpenAiEmbedder> clients = new ArrayList<>();
    try {
      for (int i = 0; i < all.size(); i++) {
        Endpoint endpoint = all.get(i);
        String name = endpoint.name == null ? "endpoint " + (i + 1) : EndpointException.quote(endpoint.name);
        OpenAiEmbedder client = client(name, endpoint, variables);
        clients.add(client);
        pool.endpoint(name, client, limits(endpoint), endpoint.weight == null ? 1 : endpoint.weight);
      }
      return pool.build();
    } catch (InvalidInputException e) {
      // Those before the invalid one have been made.
      clients.forEach(OpenAiEmbedder::close);
      throw e;
    }
  }

  private static Policy policy(String name) {
    try {
      return Policy.valueOf(name.toUpperCase(Locale.ROOT).replace('-', '_'));
    } catch (IllegalArgumentException e) {
      throw new InvalidInputException(
          "policy is '" + EndpointException.quote(name) + "'; it must be least-loaded, weighted or affinity", e);
    }
  }

  private OpenAiEmbedder client(String name, Endpoint endpoint, Map<String, String> variables) {
    String named = require(model, "model");
    String url = require(endpoint.url, "url of " + name);
    OpenAiEmbedderBuilder client = endpoint.deployment == null
        ? OpenAiEmbedder.at(url, named, dimension)
        : OpenAiEmbedder.azure(url, endpoint.deployment, require(endpoint.apiVersion, "api-version of " + name), named,
            dimension);
    client.sendDimension(shorten).unencryptedKey(endpoint.unencryptedKey);
    if (endpoint.modelThere != null) {
      client.sentModel(endpoint.modelThere);
    }
    if (endpoint.base64 != null) {
      client.base64(endpoint.base64);
    }
    if (endpoint.keyFrom != null) {
      client.apiKey(key(name, endpoint.keyFrom, variables));
    }
    if (endpoint.timeout != null) {
      client.timeout(endpoint.timeout);
    }
    if (endpoint.texts != null) {
      client.limits(limitsOf(name, endpoint.texts));
    }
    return client.build();
  }

  private static ApiKey key(String name, String variable, Map<String, String> variables) {
    if (variables.getOrDefault(variable, "").isBlank()) {
      // The message does not repeat the value: a user who made a mistake may have put the key itself here.
      throw new InvalidInputException(
          "key-from of " + name + " must be the name of an environment variable that holds a key; "
              + "there is none of the name given");
    }
    return ApiKey.from(variables, variable);
  }

  private static Embedder.Limits limitsOf(String name, int texts) {
    if (texts < 1) {
      throw new InvalidInputException("texts of " + name + " is " + texts + "; it must be at least 1");
    }
    return new Embedder.Limits(texts, Embedder.Limits.standard().characters());
  }

  private static EndpointLimits limits(Endpoint endpoint) {
    EndpointLimits limits = EndpointLimits.none().concurrency(endpoint.concurrency)
        .requestsPerMinute(endpoint.requestsPerMinute).unitsPerMinute(endpoint.tokensPerMinute)
        .unitsPerRequest(endpoint.tokensPerRequest);
    return endpoint.timeout == null ? limits : limits.timeout(endpoint.timeout);
  }

  private static String require(@Nullable String value, String what) {
    if (value == null || value.isBlank()) {
      throw new InvalidInputException("the " + what + " is missing");
    }
    return value;
  }
}
