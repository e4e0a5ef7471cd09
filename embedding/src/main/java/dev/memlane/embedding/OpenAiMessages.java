package dev.memlane.embedding;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.memlane.endpoints.Allowance;
import dev.memlane.endpoints.http.ErrorAnswer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The messages of an embeddings endpoint (OpenAI's API reference, "Create embeddings"). Answers are read as a stream,
 * because nine tenths of them are numbers.
 */
final class OpenAiMessages {

  private static final JsonFactory JSON = new JsonFactory();

  private final @Nullable String model;
  private final int dimensions;
  private final boolean base64;

  /**
   * @param model the name to send; null for none
   * @param dimensions the length of vectors to ask for; 0 for the model's own
   * @param base64 whether to ask for vectors in base64
   */
  OpenAiMessages(@Nullable String model, int dimensions, boolean base64) {
    this.model = model;
    this.dimensions = dimensions;
    this.base64 = base64;
  }

  /**
   * The vectors of an answer.
   *
   * @param tokens how many tokens the server counted; negative if it doesn't say
   */
  record Vectors(List<float[]> vectors, long tokens) {}

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

  /** Replaces lone surrogates, which UTF-8 can't encode. */
  private static String wellFormed(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        // Encoding replaces lone surrogates by question marks, and keeps pairs.
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
      }
    }
    return text;
  }

  /**
   * Reads an answer.
   *
   * @throws ErrorAnswer if it contains an error
   * @throws IOException if it isn't an answer of this API, or doesn't have exactly one vector for each text
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
              throw ErrorAnswer.of(body);
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
        throw new IOException("vector " + index + " of " + vectors.length + " is missing, repeated, or one too many");
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
      throw new IOException("a vector has " + bytes.length + " bytes, which is not a multiple of 4");
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
}
