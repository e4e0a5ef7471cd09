package dev.memlane.cli.internal.ingestion;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.memlane.archive.LineReader;
import dev.memlane.cli.internal.terminal.InputException;
import dev.memlane.cli.internal.terminal.Json;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * A reader of JSON values one after the other, in bounded memory: the elements of a list, and values outside of lists.
 * A value that cannot be read fails the whole input, because the next one cannot be found. Not safe for use by several
 * threads.
 */
final class JsonValueReader implements InputRecord.Reader {

  private static final ObjectMapper MAPPER = JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
      .build();

  private final Allowance input;
  private final int longestBytes;
  private final JsonParser parser;

  JsonValueReader(InputStream input) throws IOException {
    this(input, LineReader.LONGEST_BYTES);
  }

  /** @param longestBytes the bytes that a single value may have, approximately */
  JsonValueReader(InputStream input, int longestBytes) throws IOException {
    this.longestBytes = longestBytes;
    this.input = new Allowance(input, longestBytes);
    this.parser = MAPPER.createParser(this.input);
  }

  @Override
  public @Nullable InputRecord next() throws IOException {
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
    return new InputRecord(line, Json.write(value), null, value);
  }

  /**
   * A limit on the bytes read for one value. It counts a little more than the value has, because input is read ahead.
   */
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
