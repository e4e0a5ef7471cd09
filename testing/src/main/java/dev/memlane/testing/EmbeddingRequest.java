package dev.memlane.testing;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * A request to an {@link EmbeddingProvider}, parsed from its JSON, and the JSON of the answer in the form it asks for.
 */
final class EmbeddingRequest {

  private static final JsonFactory JSON = new JsonFactory();

  final List<String> texts = new ArrayList<>();
  private boolean base64;

  EmbeddingRequest(byte[] body) throws IOException {
    try (JsonParser json = JSON.createParser(body)) {
      for (JsonToken token = json.nextToken(); token != null; token = json.nextToken()) {
        if (token == JsonToken.VALUE_STRING && "encoding_format".equals(json.currentName())) {
          base64 = "base64".equals(json.getText());
        } else if (token == JsonToken.START_ARRAY && "input".equals(json.currentName())) {
          while (json.nextToken() == JsonToken.VALUE_STRING) {
            texts.add(json.getText());
          }
        }
      }
    }
  }

  /** The part of the answer with the vector of one text. */
  String vector(int index, float[] vector) {
    return "{\"object\":\"embedding\",\"index\":" + index + ",\"embedding\":"
        + (base64 ? base64(vector) : numbers(vector)) + "}";
  }

  /** The answer with these vectors. */
  String answer(List<String> vectors) {
    int tokens = texts.stream().mapToInt(text -> 1 + text.length() / 4).sum();
    return "{\"object\":\"list\",\"data\":[" + String.join(",", vectors)
        + "],\"model\":\"test\",\"usage\":{\"prompt_tokens\":"
        + tokens + ",\"total_tokens\":" + tokens + "}}";
  }

  private static String numbers(float[] vector) {
    List<String> numbers = new ArrayList<>();
    for (float number : vector) {
      numbers.add(String.format(Locale.ROOT, "%s", number));
    }
    return numbers.stream().collect(Collectors.joining(",", "[", "]"));
  }

  private static String base64(float[] vector) {
    ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * vector.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(vector);
    return '"' + Base64.getEncoder().encodeToString(bytes.array()) + '"';
  }
}
