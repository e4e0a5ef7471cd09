package dev.memlane.server.internal.http;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.type.LogicalType;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import java.io.IOException;
import java.io.InputStream;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * JSON as the server reads and writes it. It reads strictly: unknown and repeated properties, texts for numbers and
 * trailing characters are refused, and depth and lengths are limited. It writes no nulls. Safe for use by several
 * threads.
 */
public final class Json {

  private static final int DEEPEST = 100;
  private static final int LONGEST_NUMBER = 1_000;
  private static final int LONGEST_NAME = 1_000;
  private static final int LONGEST_SHOWN = 200;

  private static final Pattern TWICE = Pattern.compile("Duplicate field '(.*)'");

  private final ObjectMapper mapper;

  public Json() {
    JsonFactory factory = JsonFactory.builder()
        .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(DEEPEST).maxNumberLength(LONGEST_NUMBER)
            .maxNameLength(LONGEST_NAME).maxStringLength(Memory.LONGEST_CONTENT * 2).build())
        .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
        .build();
    mapper = JsonMapper.builder(factory).addModule(new JavaTimeModule())
        .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, DeserializationFeature.FAIL_ON_TRAILING_TOKENS,
            DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
        .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT).disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
        .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
        .disable(SerializationFeature.WRITE_DURATIONS_AS_TIMESTAMPS).enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
        .withCoercionConfig(LogicalType.Textual,
            config -> config.setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
                .setCoercion(CoercionInputShape.Float, CoercionAction.Fail)
                .setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail))
        .defaultPropertyInclusion(
            JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.NON_NULL))
        .build();
  }

  /**
   * Reads a value.
   *
   * @throws ProblemException if it is no JSON, or not of this form; the problem says where
   * @throws IOException if the stream fails
   */
  public <T> T read(InputStream input, Class<T> type) throws IOException {
    try {
      T value = mapper.readValue(input, type);
      if (value == null) {
        throw new ProblemException(Problem.invalid("the body is null; it must be a JSON object"));
      }
      return value;
    } catch (UnrecognizedPropertyException e) {
      throw new ProblemException(
          Problem.invalid("there is no property \"" + shown(e.getPropertyName()) + "\"; there are "
              + e.getKnownPropertyIds().stream().map(Object::toString).sorted().collect(Collectors.joining(", "))));
    } catch (JsonMappingException e) {
      throw problem(e);
    } catch (JsonProcessingException e) {
      throw new ProblemException(Problem.invalid("the body is no valid JSON: " + describe(e)));
    }
  }

  /** A parser's own messages speak to programmers in Java. */
  private static String describe(JsonProcessingException e) {
    Matcher twice = TWICE.matcher(String.valueOf(e.getOriginalMessage()));
    JsonLocation location = e.getLocation();
    String where = location == null ? "" : " at line " + location.getLineNr() + ", column " + location.getColumnNr();
    return switch (e) {
      case JsonEOFException early -> "it ends in the middle";
      case StreamConstraintsException large -> "it is nested more than " + DEEPEST + " deep, or a number, a name or a "
          + "text in it is too long";
      default -> twice.find() ? '"' + shown(twice.group(1)) + "\" is there twice" + where : "it can't be read" + where;
    };
  }

  private static ProblemException problem(JsonMappingException e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      // Jackson wraps what the stream throws while it reads a property.
      if (cause instanceof ProblemException problem) {
        return problem;
      }
      if (cause instanceof InvalidInputException invalid) {
        return new ProblemException(Problem.invalid(String.valueOf(invalid.getMessage())));
      }
    }
    return new ProblemException(Problem.invalid(describe(e)));
  }

  private static String describe(JsonMappingException e) {
    String path = e.getPath().stream()
        .map(part -> part.getFieldName() == null ? "[" + part.getIndex() + "]" : "." + shown(part.getFieldName()))
        .collect(Collectors.joining());
    String where = path.isEmpty() ? "the body" : "\"" + (path.startsWith(".") ? path.substring(1) : path) + "\"";
    if (path.isEmpty() && e.getOriginalMessage().startsWith("Trailing token")) {
      return "the body goes on after its JSON value; send one value";
    }
    return e instanceof MismatchedInputException
        ? where + " is missing or has another type than it must have"
        : where + " is invalid";
  }

  private static String shown(String text) {
    String plain = text.replaceAll("\\p{Cntrl}", " ");
    return plain.length() <= LONGEST_SHOWN ? plain : plain.substring(0, LONGEST_SHOWN) + "...";
  }

  public byte[] write(Object value) {
    try {
      return mapper.writeValueAsBytes(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a " + value.getClass().getSimpleName() + " can't be written as JSON", e);
    }
  }

  /** A value as Java's collections, texts, numbers and booleans. */
  public @Nullable Object toPlain(JsonNode value) {
    return mapper.convertValue(value, Object.class);
  }

  /** The mapper itself, for reading and writing streams of values. */
  public ObjectMapper mapper() {
    return mapper;
  }
}
