package dev.memlane.cli.internal.ingestion;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.memlane.archive.LineReader;
import dev.memlane.cli.internal.terminal.Json;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * A reader of JSON values one after the other, in bounded memory: the elements of a list, and values outside of lists.
 * A value that cannot be read fails the whole input, because the next one cannot be found. Not safe for use by several
 * threads.
 */
public final class JsonValueReader implements InputRecord.Reader {

  private static final ObjectMapper MAPPER = JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
      .build();

  private final ValueStream input;
  private final JsonParser parser;

  public JsonValueReader(InputStream input) throws IOException {
    this(input, LineReader.LONGEST_BYTES);
  }

  /** @param longestBytes the bytes that a single value may have, approximately */
  JsonValueReader(InputStream input, int longestBytes) throws IOException {
    this.input = new ValueStream(input, longestBytes);
    this.parser = MAPPER.createParser(this.input);
  }

  @Override
  public @Nullable InputRecord next() throws IOException {
    input.nextValue();
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
}
