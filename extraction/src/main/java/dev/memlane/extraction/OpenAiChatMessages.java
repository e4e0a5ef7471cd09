package dev.memlane.extraction;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.endpoints.Allowance;
import dev.memlane.endpoints.http.ErrorAnswer;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The messages of a chat endpoint (OpenAI's API reference, "Create chat completion").
 *
 * @param model the name to send; null for none
 * @param limitField the field that bounds the answer
 * @param temperature null to send none
 */
record OpenAiChatMessages(@Nullable String model, String limitField, @Nullable Double temperature) {

  byte[] request(ChatRequest request, AnswerFormat format) {
    ObjectNode body = Json.object();
    if (model != null) {
      body.put("model", model);
    }
    AnswerSchema schema = request.schema();
    ArrayNode messages = body.putArray("messages");
    for (ChatMessage message : request.messages()) {
      add(messages, message.role(), message.text());
    }
    if (schema != null) {
      if (format != AnswerFormat.JSON_SCHEMA) {
        add(messages, ChatRole.SYSTEM, schema.inWords());
      }
      if (format != AnswerFormat.TEXT) {
        putFormat(body.putObject("response_format"), schema, format);
      }
    }
    body.put(limitField, request.maxTokens());
    if (temperature != null) {
      body.put("temperature", temperature);
    }
    return Json.bytes(body);
  }

  private static void add(ArrayNode messages, ChatRole role, String text) {
    messages.addObject().put("role", switch (role) {
      case SYSTEM -> "system";
      case USER -> "user";
      case ASSISTANT -> "assistant";
    }).put("content", SchemaInWords.wellFormed(text));
  }

  private static void putFormat(ObjectNode format, AnswerSchema schema, AnswerFormat kind) {
    if (kind == AnswerFormat.JSON_OBJECT) {
      format.put("type", "json_object");
      return;
    }
    format.put("type", "json_schema");
    ObjectNode described = format.putObject("json_schema");
    described.put("name", schema.name()).put("strict", true);
    described.set("schema", Json.readOwn(schema.json()));
  }

  /**
   * Reads an answer.
   *
   * @throws ErrorAnswer if it contains an error
   * @throws IOException if it isn't an answer of this API
   */
  static ChatAnswer read(byte[] body, @Nullable Allowance allowance) throws IOException {
    JsonNode answer = Json.read(body);
    if (answer.hasNonNull("error")) {
      throw ErrorAnswer.of(body);
    }
    JsonNode choice = answer.path("choices").path(0);
    JsonNode message = choice.path("message");
    if (!message.isObject()) {
      throw new IOException("it has no message");
    }
    String refusal = message.path("refusal").asText("");
    String text = text(message.path("content"));
    String finish = choice.path("finish_reason").asText("");
    JsonNode usage = answer.path("usage");
    long promptTokens = usage.path("prompt_tokens").asLong(Allowance.UNKNOWN);
    long completionTokens = usage.path("completion_tokens").asLong(Allowance.UNKNOWN);
    if (!refusal.isEmpty() || "content_filter".equals(finish)) {
      return new ChatAnswer(refusal.isEmpty() ? text : refusal, ChatAnswer.End.REFUSED, promptTokens,
          completionTokens, allowance);
    }
    return new ChatAnswer(text, "length".equals(finish) ? ChatAnswer.End.CUT_OFF : ChatAnswer.End.COMPLETE,
        promptTokens, completionTokens, allowance);
  }

  /** The text of a content, which some servers send in parts. */
  private static String text(JsonNode content) {
    if (!content.isArray()) {
      return content.asText("");
    }
    StringBuilder text = new StringBuilder();
    content.forEach(part -> text.append(part.path("text").asText("")));
    return text.toString();
  }
}
