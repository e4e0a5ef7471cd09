package dev.memlane.cli;

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
 * What a configuration file says: which endpoints make vectors. Their keys are never in the file, which names the
 * environment variables that hold them.
 *
 * @param embedding null for the local model
 */
record Configuration(@Nullable Embedding embedding) {

  private static final double NANOS_PER_SECOND = 1e9;

  /**
   * The embedding model and its endpoints.
   *
   * @param model the model's name, as it is recorded beside each vector
   * @param dimension how many numbers a vector has
   * @param shorten whether to ask for vectors of that dimension, from models that can shorten theirs
   * @param policy which endpoint gets the next request: least-loaded, weighted or affinity
   * @param attempts how often a request is sent at most
   */
  record Embedding(@Nullable String model, int dimension, boolean shorten, @Nullable String policy,
      @Nullable Integer attempts, @Nullable List<Endpoint> endpoints) {}

  /**
   * An endpoint; numbers that are left out or 0 are no limit.
   *
   * @param url what {@code /embeddings} is added to; or, with a deployment, the resource at Azure
   * @param deployment at Azure
   * @param apiVersion at Azure
   * @param keyFrom the environment variable that holds its key
   * @param modelThere what this endpoint calls the model, if it is another name
   * @param texts how many texts a request may hold
   * @param timeout how many seconds a request may take
   */
  record Endpoint(@Nullable String name, @Nullable String url, @Nullable String deployment, @Nullable String apiVersion,
      @Nullable String keyFrom, @Nullable String modelThere, int concurrency, int requestsPerMinute,
      long tokensPerMinute,
      long tokensPerRequest, @Nullable Integer texts, @Nullable Double timeout, @Nullable Integer weight,
      boolean unencryptedKey, @Nullable Boolean base64) {}

  /** @throws CommandFailure if the file can't be read, or says something that isn't known; the message says what */
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
      // What is written there was understood, and does not fit.
      throw new CommandFailure(file + ": " + path(e) + " is too large a number, or can't be taken for another reason",
          e);
    } catch (JsonProcessingException e) {
      throw new CommandFailure(file + where(e) + ": it can't be read as "
          + (file.toString().endsWith(".properties")
              ? "properties"
              : "TOML: is a quote, a bracket or an = missing, "
                  + "or is a name there twice?"),
          e);
    } catch (IOException e) {
      throw new CommandFailure("the configuration can't be read: " + file + ": " + Problems.of(e), e);
    }
  }

  /** What the file says, in UTF-8, or UTF-16 with a byte order mark; the mark is no part of it. */
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

  /** What a setting must be, by the type that it has in {@link Configuration}. */
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
          + ": keys don't belong into the file; put it into an environment variable, and that one's name "
          + "into key-from";
    }
    return file + where(e) + ": " + name + " is not known there; what is: "
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
   * The endpoints with their keys.
   *
   * @return null if the file names none: the local model is used
   * @throws CommandFailure if something is missing or makes no sense
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
        // Its name isn't repeated: who mistakes what belongs there has put the key there.
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
