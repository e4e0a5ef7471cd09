package dev.memlane.cli.internal.command;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.cfg.MapperBuilder;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.dataformat.javaprop.JavaPropsMapper;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import dev.memlane.cli.internal.terminal.CommandFailure;
import dev.memlane.cli.internal.terminal.InputException;
import dev.memlane.cli.internal.terminal.IoErrors;
import dev.memlane.embedding.ApiKey;
import dev.memlane.embedding.Embedder;
import dev.memlane.embedding.EmbedderPool;
import dev.memlane.embedding.OpenAiEmbedder;
import dev.memlane.embedding.OpenAiEmbedderBuilder;
import dev.memlane.endpoints.EndpointLimits;
import dev.memlane.endpoints.Policy;
import dev.memlane.model.InvalidInputException;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a configuration file: the embedding endpoints. Keys are never in the file; it names the environment
 * variables that hold them.
 *
 * @param embedding null for the local model
 */
record Configuration(@Nullable Embedding embedding) {

  private static final double NANOS_PER_SECOND = 1e9;

  /**
   * The embedding model and its endpoints.
   *
   * @param model the model's name, as it is stored with each vector
   * @param dimension the numbers in a vector
   * @param shorten whether to request vectors of that dimension, from a model that can shorten its vectors
   * @param policy which endpoint gets the next request: least-loaded, weighted or affinity
   * @param attempts the most times that a request is sent
   */
  record Embedding(@Nullable String model, int dimension, boolean shorten, @Nullable String policy,
      @Nullable Integer attempts, @Nullable List<Endpoint> endpoints) {}

  /**
   * An endpoint. A number that is absent or 0 sets no limit.
   *
   * @param url the address before {@code /embeddings}; with a deployment, the resource at Azure
   * @param deployment the deployment's name at Azure
   * @param apiVersion the version of Azure's API
   * @param keyFrom the environment variable that holds its key
   * @param modelThere the name of the model at this endpoint, if it differs
   * @param texts the most texts in a request
   * @param timeout the time-out of a request, in seconds
   */
  record Endpoint(@Nullable String name, @Nullable String url, @Nullable String deployment, @Nullable String apiVersion,
      @Nullable String keyFrom, @Nullable String modelThere, int concurrency, int requestsPerMinute,
      long tokensPerMinute,
      long tokensPerRequest, @Nullable Integer texts, @Nullable Double timeout, @Nullable Integer weight,
      boolean unencryptedKey, @Nullable Boolean base64) {}

  /**
   * Reads a file.
   *
   * @throws CommandFailure if it cannot be read or has an unknown or invalid setting; the message says which
   */
  static Configuration read(Path file) {
    MapperBuilder<?, ?> mapper = file.toString().endsWith(".properties")
        ? JavaPropsMapper.builder()
        : TomlMapper.builder();
    ObjectMapper strict = mapper.propertyNamingStrategy(PropertyNamingStrategies.KEBAB_CASE)
        .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
        .build();
    try {
      Configuration configuration = strict.readValue(text(file), Configuration.class);
      return configuration == null ? new Configuration(null) : configuration;
    } catch (UnrecognizedPropertyException e) {
      throw new CommandFailure(unknown(file, e), e);
    } catch (MismatchedInputException e) {
      throw new CommandFailure(file + ": " + mismatch(e), e);
    } catch (JsonMappingException e) {
      // The value was parsed, but does not fit its type.
      throw new CommandFailure(file + ": " + path(e) + " is too large a number, or is invalid for another reason",
          e);
    } catch (JsonProcessingException e) {
      throw new CommandFailure(file + where(e) + ": it can't be read as "
          + (file.toString().endsWith(".properties")
              ? "properties"
              : "TOML: is a quote, a bracket or an = missing, "
                  + "or is a name there twice?"),
          e);
    } catch (IOException e) {
      throw new CommandFailure("the configuration can't be read: " + file + ": " + IoErrors.describe(e), e);
    }
  }

  /** The file's text, from UTF-8, or from UTF-16 with a byte order mark. The mark is removed. */
  private static String text(Path file) throws IOException {
    if (Files.isDirectory(file)) {
      throw new InputException("that is a directory");
    }
    byte[] bytes = Files.readAllBytes(file);
    Charset charset = bytes.length >= 2 && (bytes[0] == (byte) 0xFE && bytes[1] == (byte) 0xFF
        || bytes[0] == (byte) 0xFF && bytes[1] == (byte) 0xFE) ? StandardCharsets.UTF_16 : StandardCharsets.UTF_8;
    String text = new String(bytes, charset);
    return text.startsWith("\uFEFF") ? text.substring(1) : text;
  }

  /** Says what a setting must be, from its type in {@link Configuration}. */
  private static String mismatch(MismatchedInputException e) {
    Class<?> type = e.getTargetType();
    String must = type == null || type == String.class
        ? "a text"
        : type == boolean.class || type == Boolean.class
            ? "true or false"
            : type == Double.class
                ? "a number"
                : type.isPrimitive() || Number.class.isAssignableFrom(type)
                    ? "a whole number"
                    : Collection.class.isAssignableFrom(type) ? "a list" : "a table";
    String path = path(e);
    return (path.isEmpty() ? "all of it" : path) + " must be " + must;
  }

  private static String unknown(Path file, UnrecognizedPropertyException e) {
    String name = e.getPropertyName();
    if (name.toLowerCase(Locale.ROOT).matches(".*(key|secret|token|password)")) {
      return file + where(e)
          + ": keys don't belong in the file; put the key in an environment variable, and that variable's name "
          + "in key-from";
    }
    return file + where(e) + ": " + name + " is not known there; known are: "
        + e.getKnownPropertyIds().stream().map(String::valueOf).sorted().collect(Collectors.joining(", "));
  }

  private static String path(JsonMappingException e) {
    String path = e.getPath().stream()
        .map(part -> part.getFieldName() == null ? "[" + (part.getIndex() + 1) + "]" : "." + part.getFieldName())
        .collect(Collectors.joining());
    return path.isEmpty() ? path : path.substring(1);
  }

  private static String where(JsonProcessingException e) {
    String path = e instanceof JsonMappingException mapping ? path(mapping) : "";
    if (!path.isEmpty()) {
      return ", " + path;
    }
    return e.getLocation() == null || e.getLocation().getLineNr() < 1 ? "" : ", line " + e.getLocation().getLineNr();
  }

  /**
   * The endpoints as a pool, with their keys.
   *
   * @return null if the file names no endpoints: the local model is used
   * @throws CommandFailure if a setting is missing or invalid
   */
  @Nullable
  EmbedderPool embedders(Map<String, String> environment) {
    Embedding settings = embedding;
    if (settings == null) {
      return null;
    }
    List<Endpoint> endpoints = settings.endpoints;
    if (endpoints == null || endpoints.isEmpty()) {
      throw new CommandFailure("the configuration has [embedding] without [[embedding.endpoints]]");
    }
    try {
      EmbedderPool.Builder pool = EmbedderPool.builder();
      if (settings.policy != null) {
        pool.policy(policy(settings.policy));
      }
      if (settings.attempts != null) {
        pool.attempts(settings.attempts);
      }
      for (int i = 0; i < endpoints.size(); i++) {
        Endpoint endpoint = endpoints.get(i);
        String name = endpoint.name == null ? "endpoint " + (i + 1) : endpoint.name;
        pool.endpoint(name, client(name, settings, endpoint, environment), limits(endpoint),
            endpoint.weight == null ? 1 : endpoint.weight);
      }
      return pool.build();
    } catch (InvalidInputException e) {
      throw new CommandFailure("the configuration's [embedding]: " + e.getMessage(), e);
    }
  }

  private static Policy policy(String name) {
    try {
      return Policy.valueOf(name.toUpperCase(Locale.ROOT).replace('-', '_'));
    } catch (IllegalArgumentException e) {
      throw new InvalidInputException("policy is '" + name + "'; it must be least-loaded, weighted or affinity", e);
    }
  }

  private static OpenAiEmbedder client(String name, Embedding settings, Endpoint endpoint,
      Map<String, String> environment) {
    String model = require(settings.model, "model");
    String url = require(endpoint.url, "url of " + name);
    OpenAiEmbedderBuilder client = endpoint.deployment == null
        ? OpenAiEmbedder.at(url, model, settings.dimension)
        : OpenAiEmbedder.azure(url, endpoint.deployment, require(endpoint.apiVersion, "api-version of " + name), model,
            settings.dimension);
    client.sendDimension(settings.shorten).unencryptedKey(endpoint.unencryptedKey);
    if (endpoint.modelThere != null) {
      client.sentModel(endpoint.modelThere);
    }
    if (endpoint.base64 != null) {
      client.base64(endpoint.base64);
    }
    if (endpoint.keyFrom != null) {
      if (environment.getOrDefault(endpoint.keyFrom, "").isBlank()) {
        // The message does not repeat the value: a user who made a mistake may have put the key itself here.
        throw new InvalidInputException(
            "key-from of " + name + " must be the name of an environment variable that holds a key; "
                + "there is none of the name given");
      }
      client.apiKey(ApiKey.from(environment, endpoint.keyFrom));
    }
    if (endpoint.timeout != null) {
      client.timeout(seconds(endpoint.timeout));
    }
    if (endpoint.texts != null) {
      client.limits(limitsOf(name, endpoint.texts));
    }
    return client.build();
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
    return endpoint.timeout == null
        ? limits
        : limits.timeout(seconds(endpoint.timeout));
  }

  private static Duration seconds(double seconds) {
    return Duration.ofNanos((long) (seconds * NANOS_PER_SECOND));
  }

  private static String require(@Nullable String value, String what) {
    if (value == null || value.isBlank()) {
      throw new InvalidInputException("the " + what + " is missing");
    }
    return value;
  }
}
