package dev.memlane.server.internal.mcp;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.jackson2.JacksonMcpJsonMapper;
import io.modelcontextprotocol.spec.McpError;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse.JSONRPCError;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** JSON as the protocol's messages are read and written, within limits on depth and lengths. */
public final class McpJson {

  /** The longest message, in bytes. */
  public static final int LONGEST_MESSAGE = 16 << 20;

  private static final int DEEPEST = 100;
  private static final int LONGEST_NUMBER = 1_000;
  private static final int LONGEST_NAME = 1_000;

  private final ObjectMapper json = JsonMapper.builder(JsonFactory.builder()
      .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(DEEPEST).maxNumberLength(LONGEST_NUMBER)
          .maxNameLength(LONGEST_NAME).maxStringLength(LONGEST_MESSAGE).build())
      .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
      .build()).disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
      .defaultPropertyInclusion(
          JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.NON_NULL))
      .addModule(new SimpleModule().addSerializer(McpError.class, new ErrorSerializer())).build();

  /** The same, in the form that the SDK needs. */
  public McpJsonMapper mapper() {
    return new JacksonMcpJsonMapper(json);
  }

  /** Reads an object that this program has written. */
  public Map<String, Object> object(String text) {
    try {
      return json.readValue(text, new TypeReference<Map<String, Object>>() {
      });
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException("an answer is no JSON object", e);
    }
  }

  /** The SDK answers with such an exception as it is, which would tell a caller of the program's inside. */
  private static final class ErrorSerializer extends StdSerializer<McpError> {

    ErrorSerializer() {
      super(McpError.class);
    }

    @Override
    public void serialize(McpError error, JsonGenerator generator, SerializerProvider provider) throws IOException {
      JSONRPCError found = error.getJsonRpcError();
      generator.writeStartObject();
      generator.writeStringField("jsonrpc", McpSchema.JSONRPC_VERSION);
      generator.writeObjectFieldStart("error");
      generator.writeNumberField("code", found == null ? McpSchema.ErrorCodes.INTERNAL_ERROR : found.code());
      generator.writeStringField("message", found == null ? "the server has failed" : plain(found.message()));
      generator.writeEndObject();
      generator.writeEndObject();
    }

    /** Without what the parser says about itself. */
    private static String plain(String message) {
      if (message.startsWith("Invalid message format") || message.startsWith("Error processing message")) {
        return "the body is no JSON-RPC message";
      }
      return message.lines().findFirst().orElse("");
    }
  }

  public String write(@Nullable Object value) {
    try {
      return json.writeValueAsString(value);
    } catch (IOException e) {
      throw new UncheckedIOException("a value can't be written as JSON", e);
    }
  }
}
