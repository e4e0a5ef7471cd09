package dev.memlane.extraction;

import dev.memlane.endpoints.Tokens;
import java.util.List;

/**
 * An estimate of the tokens that a model is going to be sent for conversations which are not remembered yet, with slices of the
 * usual size. It is on the high side for the messages; the facts that are found and the answers are not in it, because nobody
 * knows them before. Not safe for use by several threads.
 */
public final class QuestionEstimate {

  private static final int TOKENS_BESIDES_TEXT = 25;

  /** The tokens of a question without any message, without its answer. */
  static final long LEAST = instructions(Prompts.EXTRACT, Prompts.FACTS);

  private final long tokensPerSlice = LEAST + instructions(Prompts.DECIDE, Prompts.DECISIONS);
  private long tokens;
  private long slices;
  private int messages;
  private long characters;

  private static long instructions(String prompt, AnswerSchema schema) {
    return new ChatRequest(List.of(new ChatMessage(ChatRole.SYSTEM, prompt)), schema, 1).estimatedTokens();
  }

  /** Begins a conversation: a slice never has messages of two. */
  public void beginConversation() {
    messages = 0;
    characters = 0;
  }

  /** Adds a message of the conversation. */
  public void add(String text) {
    int shown = Math.min(text.length(), Extraction.LONGEST_SHOWN);
    if (messages == 0 || messages == MemoryExtractorBuilder.MESSAGES_PER_CALL
        || characters + shown > MemoryExtractorBuilder.CHARACTERS_PER_CALL) {
      slices++;
      messages = 0;
      characters = 0;
    }
    messages++;
    characters += shown;
    tokens += TOKENS_BESIDES_TEXT + Tokens.estimate(text.substring(0, shown));
  }

  /** How many slices the conversations so far have: two questions for each, at most, unless answers are not valid. */
  public long slices() {
    return slices;
  }

  /** The tokens of the questions about the conversations so far. */
  public long tokens() {
    return tokens + slices * tokensPerSlice;
  }
}
