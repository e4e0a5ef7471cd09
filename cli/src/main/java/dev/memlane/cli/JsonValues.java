package dev.memlane.cli;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * Reads JSON values one after the other, in bounded memory: the elements of lists, and values that stand outside of any. After
 * one that can't be read nothing can be found any more, so that fails the whole. Not safe for use by several threads.
 */
final class JsonValues {

  private static final ObjectMapper MAPPER = JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
      .build();

  private final Allowance input;
  private final int longestBytes;
  private final JsonParser parser;

  JsonValues(InputStream input) throws IOException {
    this(input, LineReader.LONGEST_BYTES);
  }

  /** @param longestBytes about how many bytes a single value may have */
  JsonValues(InputStream input, int longestBytes) throws IOException {
    this.longestBytes = longestBytes;
    this.input = new Allowance(input, longestBytes);
    this.parser = MAPPER.createParser(this.input);
  }

  /** The next value, with the number of the line where it begins; or null at the end. */
  LineReader.@Nullable Line next() throws IOException {
    input.left = longestBytes;
    JsonToken token = parser.nextToken();
    while (token == JsonToken.END_ARRAY
        || token == JsonToken.START_ARRAY && parser.getParsingContext().getParent().inRoot()) {
      token = parser.nextToken();
    }
    if (token == null) {
      return null;
    }
    int line = parser.currentTokenLocation().getLineNr();
    JsonNode value = MAPPER.readTree(parser);
    return new LineReader.Line(line, Json.write(value), null, value);
  }

  /** How much may be read for one value; a little more than it has, because what follows is read ahead. */
  private static final class Allowance extends FilterInputStream {

    private final int longestBytes;
    long left;

    Allowance(InputStream input, int longestBytes) {
      super(input);
      this.longestBytes = longestBytes;
      this.left = longestBytes;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      if (left <= 0) {
        throw new InputException("a single value in it is longer than " + (longestBytes >> 20)
            + " MB; split its content");
      }
      int count = super.read(into, offset, length);
      left -= Math.max(0, count);
      return count;
    }
  }
}
