package dev.memlane.embedding;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.memlane.endpoints.Allowance;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What is written to and read from an embeddings endpoint: OpenAI's API reference, "Create embeddings". Read as a stream,
 * because nine tenths of it are numbers.
 */
final class OpenAiMessages {

  private static final JsonFactory JSON = new JsonFactory();

  private final @Nullable String model;
  private final int dimensions;
  private final boolean base64;

  /**
   * @param model the name to send; null for none
   * @param dimensions the length of vectors to ask for; 0 not to ask
   */
  OpenAiMessages(@Nullable String model, int dimensions, boolean base64) {
    this.model = model;
    this.dimensions = dimensions;
    this.base64 = base64;
  }

  /** @param tokens as the server counts them; less than 0 if it doesn't say */
  record Vectors(List<float[]> vectors, long tokens) {}

  /** An answer that is an error, whatever its status. */
  static final class ErrorAnswer extends IOException {
    /** As it is in the error, if that has an HTTP status; otherwise 0. */
    final int status;
    final String said;

    private ErrorAnswer(int status, String said) {
      super(said);
      this.status = status;
      this.said = said;
    }
  }

  byte[] request(List<String> texts) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(bytes)) {
      json.writeStartObject();
      if (model != null) {
        json.writeStringField("model", model);
      }
      if (dimensions > 0) {
        json.writeNumberField("dimensions", dimensions);
      }
      if (base64) {
        json.writeStringField("encoding_format", "base64");
      }
      json.writeArrayFieldStart("input");
      for (String text : texts) {
        json.writeString(wellFormed(text));
      }
      json.writeEndArray();
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory", e);
    }
    return bytes.toByteArray();
  }

  /** A lone surrogate has no form in UTF-8; it becomes the replacement character. */
  private static String wellFormed(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        // Encoding replaces by a question mark what it can't encode, and leaves pairs alone.
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
      }
    }
    return text;
  }

  /**
   * Reads an answer.
   *
   * @throws ErrorAnswer if it is an error
   * @throws IOException if it isn't one, or doesn't hold exactly one vector for each text
   */
  Vectors read(byte[] body, int texts, int dimension) throws IOException {
    float[] @Nullable [] vectors = new float[texts][];
    long tokens = Allowance.UNKNOWN;
    try (JsonParser json = JSON.createParser(body)) {
      expect(json.nextToken(), JsonToken.START_OBJECT, "an object");
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String field = json.currentName();
        json.nextToken();
        switch (field) {
          case "data" -> readData(json, vectors, dimension);
          case "usage" -> tokens = readUsage(json);
          case "error" -> {
            if (json.currentToken() != JsonToken.VALUE_NULL) {
              throw new ErrorAnswer(errorStatus(body), readError(body));
            }
          }
          default -> json.skipChildren();
        }
      }
      expect(json.currentToken(), JsonToken.END_OBJECT, "the end of the object");
    }
    for (int i = 0; i < texts; i++) {
      if (vectors[i] == null) {
        throw new IOException("it has no vector for text " + i + " of " + texts);
      }
    }
    return new Vectors(Arrays.asList(vectors), tokens);
  }

  private static void readData(JsonParser json, float[] @Nullable [] vectors, int dimension) throws IOException {
    expect(json.currentToken(), JsonToken.START_ARRAY, "a list of vectors");
    int position = 0;
    while (json.nextToken() == JsonToken.START_OBJECT) {
      int index = position++;
      float[] vector = null;
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String field = json.currentName();
        json.nextToken();
        switch (field) {
          case "index" -> index = json.getIntValue();
          case "embedding" -> vector = readVector(json, dimension);
          default -> json.skipChildren();
        }
      }
      if (vector == null || index < 0 || index >= vectors.length || vectors[index] != null) {
        throw new IOException("it has a vector too many, twice or none: number " + index + " of " + vectors.length);
      }
      vectors[index] = vector;
    }
    expect(json.currentToken(), JsonToken.END_ARRAY, "the end of the list");
  }

  private static float[] readVector(JsonParser json, int dimension) throws IOException {
    if (json.currentToken() == JsonToken.VALUE_STRING) {
      return readBase64(json.getText());
    }
    expect(json.currentToken(), JsonToken.START_ARRAY, "a vector");
    float[] numbers = new float[dimension];
    int count = 0;
    while (json.nextToken().isNumeric()) {
      if (count == numbers.length) {
        numbers = Arrays.copyOf(numbers, 2 * count + 1);
      }
      numbers[count++] = json.getFloatValue();
    }
    expect(json.currentToken(), JsonToken.END_ARRAY, "a number");
    return Arrays.copyOf(numbers, count);
  }

  private static float[] readBase64(String text) throws IOException {
    byte[] bytes;
    try {
      bytes = Base64.getDecoder().decode(text);
    } catch (IllegalArgumentException e) {
      throw new IOException("a vector is neither numbers nor base64", e);
    }
    if (bytes.length % Float.BYTES != 0) {
      throw new IOException("a vector has " + bytes.length + " bytes, which is no number of floats");
    }
    float[] vector = new float[bytes.length / Float.BYTES];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(vector);
    return vector;
  }

  private static long readUsage(JsonParser json) throws IOException {
    long tokens = Allowance.UNKNOWN;
    if (json.currentToken() != JsonToken.START_OBJECT) {
      json.skipChildren();
      return tokens;
    }
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      boolean wanted = "prompt_tokens".equals(json.currentName());
      if (json.nextToken().isNumeric() && wanted) {
        tokens = json.getLongValue();
      } else {
        json.skipChildren();
      }
    }
    return tokens;
  }

  private static void expect(@Nullable JsonToken seen, JsonToken expected, String what) throws IOException {
    if (seen != expected) {
      throw new IOException("expected " + what + (seen == null ? ", but it ends" : ""));
    }
  }

  /** The names under which errors say what they are, best first. */
  private static final List<String> SAYING = List.of("message", "detail", "error_description", "error", "msg", "title");

  /** What an error says about itself: its message, at whatever depth, or else the whole. */
  String readError(byte[] body) {
    String whole = new String(body, StandardCharsets.UTF_8);
    String said = null;
    int best = SAYING.size();
    try (JsonParser json = JSON.createParser(body)) {
      while (json.nextToken() != null) {
        int rank = json.currentToken() == JsonToken.FIELD_NAME ? SAYING.indexOf(json.currentName()) : -1;
        if (rank >= 0 && rank < best && json.nextToken() == JsonToken.VALUE_STRING) {
          said = json.getText();
          best = rank;
        }
      }
    } catch (IOException e) {
      // Proxies answer with HTML or plain text, which is as good; of an error that was cut off, what it said counts.
      return Objects.requireNonNullElse(said, whole);
    }
    return Objects.requireNonNullElse(said, whole);
  }

  /** The HTTP status that an error names as its code, or 0. */
  private static int errorStatus(byte[] body) throws IOException {
    try (JsonParser json = JSON.createParser(body)) {
      while (json.nextToken() != null) {
        boolean code = json.currentToken() == JsonToken.FIELD_NAME
            && ("code".equals(json.currentName()) || "status".equals(json.currentName()));
        if (code && json.nextToken() == JsonToken.VALUE_NUMBER_INT) {
          int status = json.getValueAsInt();
          return status >= 400 && status < 600 ? status : 0;
        }
      }
    }
    return 0;
  }
}
