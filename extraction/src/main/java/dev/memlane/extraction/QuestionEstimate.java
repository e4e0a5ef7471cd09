package dev.memlane.extraction;

import dev.memlane.endpoints.Tokens;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An estimate of the tokens that a model is going to be sent for conversations which are not remembered yet, with slices of the
 * usual size, each conversation read alone. It is on the high side for the messages; the facts that are found and the answers are not in it, because nobody
 * knows them before. Not safe for use by several threads.
 */
public final class QuestionEstimate {

  private static final int TOKENS_BESIDES_TEXT = 25;

  private final long tokensPerSlice;
  private long tokens;
  private long slices;
  private int messages;
  private long characters;

  /** An estimate without instructions and categories of the owner's. */
  public QuestionEstimate() {
    this(null, List.of());
  }

  /**
   * @param instructions those of the extractor; null for none
   * @param categories those of the extractor
   */
  public QuestionEstimate(@Nullable String instructions, List<FactCategory> categories) {
    Guidance guidance = new Guidance(instructions, categories);
    tokensPerSlice = least(guidance) + prompt(guidance.decisionPrompt(), guidance.decisionSchema());
  }

  /** The tokens of a question without any message, without its answer. */
  static long least(Guidance guidance) {
    return prompt(guidance.extractionPrompt(), guidance.extractionSchema());
  }

  private static long prompt(String prompt, AnswerSchema schema) {
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
