package dev.memlane.server.internal.lanes;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import java.io.IOException;
import java.io.StringWriter;

/** Any JSON value, as a text whose numbers are as they were sent. An absent one is null. */
@JsonDeserialize(using = RawJson.Reader.class)
record RawJson(String text) {

  private static final RawJson NULL = new RawJson("null");

  /** Copies the value token by token, so that no number passes through a type that can't hold it. */
  static final class Reader extends StdDeserializer<RawJson> {

    private static final long serialVersionUID = 1;
    private static final JsonFactory FACTORY = new JsonFactory();

    Reader() {
      super(RawJson.class);
    }

    @Override
    public RawJson deserialize(JsonParser parser, DeserializationContext context) throws IOException {
      StringWriter text = new StringWriter();
      try (JsonGenerator copy = FACTORY.createGenerator(text)) {
        int depth = 0;
        do {
          JsonToken token = parser.currentToken();
          if (token.isStructStart()) {
            depth++;
          } else if (token.isStructEnd()) {
            depth--;
          }
          if (token.isNumeric()) {
            copy.writeNumber(parser.getText());
          } else {
            copy.copyCurrentEvent(parser);
          }
        } while (depth > 0 && parser.nextToken() != null);
      }
      return new RawJson(text.toString());
    }

    @Override
    public RawJson getNullValue(DeserializationContext context) {
      return NULL;
    }
  }

  /** Leaves out the value. */
  @Override
  public String toString() {
    return "RawJson[" + text.length() + " characters]";
  }
}
