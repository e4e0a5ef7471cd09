package dev.memlane.endpoints.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;

/** The exception of an answer that contains an error, whatever its status. */
public final class ErrorAnswer extends IOException {

  private static final JsonFactory JSON = new JsonFactory();

  /** The names of fields that describe an error, best first. */
  private static final List<String> DESCRIPTIONS = List.of(
      "message", "detail", "error_description", "error", "msg", "title");

  private final int status;
  private final String said;

  private ErrorAnswer(int status, String said) {
    super(said);
    this.status = status;
    this.said = said;
  }

  /**
   * Reads an answer that is known to contain an error.
   *
   * @throws IOException if it is no JSON
   */
  public static ErrorAnswer of(byte[] body) throws IOException {
    return new ErrorAnswer(status(body), description(body));
  }

  /** The HTTP status in the error; 0 if it has none. */
  int status() {
    return status;
  }

  /** What the server said; it may contain the key. */
  String said() {
    return said;
  }

  /** Returns an error's description, from any depth of the body, or else the whole body. */
  static String description(byte[] body) {
    String whole = new String(body, StandardCharsets.UTF_8);
    String said = null;
    int best = DESCRIPTIONS.size();
    try (JsonParser json = JSON.createParser(body)) {
      while (json.nextToken() != null) {
        int rank = json.currentToken() == JsonToken.FIELD_NAME ? DESCRIPTIONS.indexOf(json.currentName()) : -1;
        if (rank >= 0 && rank < best && json.nextToken() == JsonToken.VALUE_STRING) {
          said = json.getText();
          best = rank;
        }
      }
    } catch (IOException e) {
      // The body is HTML or plain text, such as a proxy's, or JSON that was cut off.
      return Objects.requireNonNullElse(said, whole);
    }
    return Objects.requireNonNullElse(said, whole);
  }

  /** Returns the HTTP status that an error contains as its code, or 0. */
  private static int status(byte[] body) throws IOException {
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
