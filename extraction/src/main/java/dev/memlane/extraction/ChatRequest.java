package dev.memlane.extraction;

import dev.memlane.endpoints.Tokens;
import dev.memlane.model.InvalidInputException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A question to a chat model.
 *
 * @param messages at least one, oldest first
 * @param schema what the answer has to follow; null for any text
 * @param maxTokens how many tokens the answer may have; at least 1
 */
public record ChatRequest(List<ChatMessage> messages, @Nullable AnswerSchema schema, int maxTokens) {

  private static final int TOKENS_BESIDES_TEXT = 4;

  /** @throws InvalidInputException if there is no message, or no token for the answer */
  public ChatRequest {
    messages = List.copyOf(messages);
    if (messages.isEmpty() || maxTokens < 1) {
      throw new InvalidInputException("a request to a chat model needs a message, and at least 1 token for the answer");
    }
  }

  /** A cautious estimate of the tokens of question and answer together, for limits in tokens. */
  public long estimatedTokens() {
    long tokens = maxTokens;
    for (ChatMessage message : messages) {
      tokens += TOKENS_BESIDES_TEXT + Tokens.estimate(message.text());
    }
    return tokens + (schema == null ? 0 : Tokens.estimate(schema.json()));
  }
}
