package dev.memlane.cli.internal.command;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.cfg.MapperBuilder;
import com.fasterxml.jackson.databind.deser.std.StdScalarDeserializer;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.javaprop.JavaPropsMapper;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import dev.memlane.cli.internal.terminal.CommandFailure;
import dev.memlane.cli.internal.terminal.InputException;
import dev.memlane.cli.internal.terminal.IoErrors;
import dev.memlane.cli.internal.terminal.TextLayout;
import dev.memlane.embedding.EmbedderPool;
import dev.memlane.embedding.EmbeddingSettings;
import dev.memlane.model.InvalidInputException;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a configuration file says: settings, each by its name in {@link SettingNames}, the embedding endpoints, and the lanes of
 * a server. Keys are never in the file; it names the environment variables that hold them.
 *
 * @param settings the values as they are written; those of a list with their {@linkplain SettingNames#separator separator} between
 * them
 * @param embedding null for the local model
 * @param lanes null for the default lanes
 * @param tables everything that is no setting, for reports
 */
record Configuration(Map<String, String> settings, @Nullable EmbeddingSettings embedding,
    @Nullable LaneConfiguration lanes, JsonNode tables) {

  static final Configuration NONE = new Configuration(Map.of(), null, null, JsonNodeFactory.instance.objectNode());

  /** What the file has besides settings. */
  record Tables(@Nullable EmbeddingSettings embedding, @Nullable LaneConfiguration lanes) {}

  private static final double NANOS_PER_SECOND = 1e9;
  private static final int LONGEST_SHOWN = 40;

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
        .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
        .addModule(new SimpleModule().addDeserializer(Duration.class, new SecondsDeserializer())).build();
    try {
      JsonNode tree = strict.readTree(text(file));
      if (tree.isMissingNode()) {
        return NONE;
      }
      if (!(tree instanceof ObjectNode all)) {
        throw new CommandFailure(file + ": all of it must be a table", null);
      }
      Map<String, String> settings = SettingTables.take(all, file);
      JsonNode rest = all.deepCopy();
      Tables tables = strict.treeToValue(all, Tables.class);
      return new Configuration(Map.copyOf(settings), tables == null ? null : tables.embedding,
          tables == null ? null : tables.lanes, rest);
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
            : type == Duration.class
                ? "a number of seconds"
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
    List<String> known = new ArrayList<>(e.getKnownPropertyIds().stream().map(String::valueOf).toList());
    if (e.getPath().size() == 1) {
      known.addAll(SettingTables.TOP);
    }
    return file + where(e) + ": " + shown(name) + " is not known there; known are: "
        + known.stream().sorted().distinct().collect(Collectors.joining(", "));
  }

  private static String path(JsonMappingException e) {
    String path = e.getPath().stream()
        .map(part -> part.getFieldName() == null ? "[" + (part.getIndex() + 1) + "]" : "." + shown(part.getFieldName()))
        .collect(Collectors.joining());
    return path.isEmpty() ? path : path.substring(1);
  }

  /** A text of the file in a message: on one line, and not longer than a person reads. */
  private static String shown(String text) {
    return TextLayout.shortened(text, LONGEST_SHOWN);
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
    if (embedding == null) {
      return null;
    }
    List<EmbeddingSettings.Endpoint> endpoints = embedding.endpoints();
    if (endpoints == null || endpoints.isEmpty()) {
      throw new CommandFailure("the configuration has [embedding] without [[embedding.endpoints]]");
    }
    try {
      return embedding.pool(environment);
    } catch (InvalidInputException e) {
      throw new CommandFailure("the configuration's [embedding]: " + e.getMessage(), e);
    }
  }

  /** Reads a duration that is written as a number of seconds. */
  private static final class SecondsDeserializer extends StdScalarDeserializer<Duration> {

    SecondsDeserializer() {
      super(Duration.class);
    }

    @Override
    public Duration deserialize(JsonParser parser, DeserializationContext context) throws IOException {
      try {
        return Duration.ofNanos((long) (Double.parseDouble(parser.getText().strip()) * NANOS_PER_SECOND));
      } catch (NumberFormatException e) {
        return (Duration) context.handleUnexpectedToken(Duration.class, parser);
      }
    }
  }
}
